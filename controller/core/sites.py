"""Where an operation selects objects, and what it says about them there.

One pass over the document, linear in its size: it never multiplies positions by possible types.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLNamedType,
    InlineFragmentNode,
    OperationDefinitionNode,
)
from graphql.language import FragmentSpreadNode, SelectionNode, SelectionSetNode
from graphql.type import (
    GraphQLCompositeType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_introspection_type,
)

from controller.core.operation import Operation, selections
from controller.core.schema import SchemaIndex

Fragments = Mapping[str, FragmentDefinitionNode]


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """What a field node selects of the objects it returns: ``type`` is its named return type."""

    selections: SelectionSetNode
    type: GraphQLCompositeType


@dataclass(slots=True)
class Coverage:
    """What a selection says for certain about each possible type of its site.

    ``plain`` maps a key field or ``__typename`` to the types on which it is selected under its own
    name, without arguments and conditions. ``content`` holds the types of which anything beyond
    ``__typename`` may be selected. ``conditions`` are the type conditions of its fragments.
    """

    plain: dict[str, set[str]] = field(default_factory=dict)
    content: set[str] = field(default_factory=set)
    conditions: dict[str, None] = field(default_factory=dict)


def sites(
    index: SchemaIndex,
    fragments: Fragments,
    start: Iterable[tuple[SelectionSetNode, GraphQLNamedType]],
) -> Iterator[Site]:
    """Every site below ``start`` in document order, each fragment once, introspection left out."""
    for _, node, type_ in _fields(index, fragments, start):
        if node.selection_set is not None and type_ is not None:
            yield Site(node.selection_set, type_)


def declared_types(index: SchemaIndex, operation: Operation) -> frozenset[str]:
    """The object types that the operation's fields are made of by ``fieldTypes``.

    From the document, not from its answer: a field that was skipped, or stood below a null, counts.
    An interface's field counts for its members, and a member's where the interface is selected.
    """
    wanted: dict[str, list[tuple[frozenset[str], frozenset[str]]]] = {}
    for coordinate, names in index.policy.field_types.items():
        type_name, _, field_name = coordinate.partition(".")
        made_of = frozenset().union(*(index.possible_names(name) for name in names))
        wanted.setdefault(field_name, []).append((index.possible_names(type_name), made_of))
    root = index.schema.get_root_type(operation.type)
    if not wanted or root is None:
        return frozenset()
    start = [(operation.definition.selection_set, root)]
    found: set[str] = set()
    for parent, node, _ in _fields(index, operation.fragments, start):
        for types, made_of in wanted.get(node.name.value, ()):
            if types & index.possible_names(parent.name):
                found |= made_of
    return frozenset(found)


def _fields(
    index: SchemaIndex,
    fragments: Fragments,
    start: Iterable[tuple[SelectionSetNode, GraphQLNamedType]],
) -> Iterator[tuple[GraphQLNamedType, FieldNode, GraphQLCompositeType | None]]:
    """Every field below ``start`` with the type it is selected on and the one it returns, None for
    leaves and introspection.
    """
    spread: set[str] = set()
    stack = [(node, parent) for set_, parent in start for node in set_.selections][::-1]
    while stack:
        node, parent = stack.pop()
        type_: GraphQLNamedType | None = parent
        nested = getattr(node, "selection_set", None)
        if isinstance(node, FieldNode):
            returned = _return_type(parent, node.name.value)
            yield parent, node, returned
            type_ = returned
        elif isinstance(node, InlineFragmentNode):
            if node.type_condition is not None:
                type_ = index.named(node.type_condition.name.value)
        elif isinstance(node, FragmentSpreadNode):
            definition = fragments.get(node.name.value)
            if definition is None or node.name.value in spread:
                continue
            spread.add(node.name.value)
            nested = definition.selection_set
            type_ = index.named(definition.type_condition.name.value)
        if nested is not None and type_ is not None:
            stack.extend((child, type_) for child in reversed(nested.selections))


class Coverages:
    """What selections cover, nested objects not. Each fragment is looked at once: a document of
    thousands of fields that all spread one large fragment must not take quadratic time.
    """

    def __init__(self, index: SchemaIndex, fragments: Fragments) -> None:
        self._index = index
        self._fragments = fragments
        self._names = index.key_names | {"__typename"}
        self._of_fragment: dict[str, Coverage] = {}
        for name in _inner_first(fragments):
            types = index.possible_names(fragments[name].type_condition.name.value)
            self._of_fragment[name] = self._collect(fragments[name].selection_set, types)

    def of(self, site: Site) -> Coverage:
        """What the selection of ``site`` says about each of its possible types."""
        return self._collect(site.selections, self._index.possible_names(site.type.name))

    def _collect(self, top: SelectionSetNode, types: frozenset[str]) -> Coverage:
        found = Coverage()
        stack: list[tuple[SelectionNode, frozenset[str], bool]] = [
            (node, types, True) for node in top.selections
        ]
        while stack:
            node, types, certain = stack.pop()
            certain = certain and not conditional(node)
            if isinstance(node, FieldNode):
                self._field(found, node, types, certain)
            elif isinstance(node, FragmentSpreadNode):
                self._spread(found, node.name.value, types, certain)
            elif isinstance(node, InlineFragmentNode):
                if node.type_condition is not None:
                    condition = node.type_condition.name.value
                    found.conditions[condition] = None
                    types = types & self._index.possible_names(condition)
                nested = node.selection_set.selections
                stack.extend((child, types, certain) for child in nested)
        return found

    def _field(
        self, found: Coverage, node: FieldNode, types: frozenset[str], certain: bool
    ) -> None:
        name = node.name.value
        if name != "__typename":
            found.content |= types
        own_name = node.alias is None or node.alias.value == name
        if certain and own_name and not node.arguments and name in self._names:
            found.plain.setdefault(name, set()).update(types)

    def _spread(self, found: Coverage, name: str, types: frozenset[str], certain: bool) -> None:
        inner = self._of_fragment.get(name)
        if inner is None:
            return
        found.content |= inner.content & types
        found.conditions[self._fragments[name].type_condition.name.value] = None
        found.conditions.update(inner.conditions)
        if certain:
            for field_name, covered in inner.plain.items():
                found.plain.setdefault(field_name, set()).update(covered & types)


def collected_nodes(definition: OperationDefinitionNode, fragments: Fragments) -> int:
    """How many nodes CollectFields would look at if it went into every selection set once.

    Quadratic in the document at worst, but counted in linear time.
    """
    sizes: dict[str, int] = {}

    def size(top: SelectionSetNode) -> int:
        return sum(sizes.get(name, 0) for name in _top_spreads(top)) + len(top.selections)

    for name in _inner_first(fragments):
        sizes[name] = size(fragments[name].selection_set)
    parts = [definition, *(fragments[name] for name in sizes)]
    nested = (
        node.selection_set
        for part in parts
        for node in selections(part.selection_set)
        if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set is not None
    )
    return size(definition.selection_set) + sum(map(size, nested))


def _inner_first(fragments: Fragments) -> dict[str, None]:
    """The fragments in an order in which each stands behind those it spreads at its top."""
    done: dict[str, None] = {}
    entered: set[str] = set()
    stack = [(name, False) for name in fragments]
    while stack:
        name, left = stack.pop()
        if left:
            done[name] = None
        elif name in fragments and name not in entered:
            entered.add(name)
            stack.append((name, True))
            stack.extend((inner, False) for inner in _top_spreads(fragments[name].selection_set))
    return done


def _top_spreads(top: SelectionSetNode) -> Iterator[str]:
    stack = list(top.selections)
    while stack:
        node = stack.pop()
        if isinstance(node, FragmentSpreadNode):
            yield node.name.value
        elif isinstance(node, InlineFragmentNode):
            stack.extend(node.selection_set.selections)


def selected_types(
    index: SchemaIndex,
    fragments: Fragments,
    start: Iterable[tuple[SelectionSetNode, GraphQLNamedType]],
) -> frozenset[str]:
    """The object types a selection asks for, roots left out.

    Of an abstract type only those members count of which the selection holds more than
    ``__typename``; all of them if it holds no more of any.
    """
    found: set[str] = set()
    coverages = Coverages(index, fragments)
    for site in sites(index, fragments, start):
        if is_abstract_type(site.type):
            wanted = coverages.of(site).content
            found |= wanted or index.possible_names(site.type.name)
        else:
            found.add(site.type.name)
    return frozenset(name for name in found if not index.is_root(name))


def conditional(node: SelectionNode) -> bool:
    """Whether the node stands under ``@skip`` or ``@include``."""
    return any(d.name.value in ("skip", "include") for d in node.directives or ())


def _return_type(parent: GraphQLNamedType, name: str) -> GraphQLCompositeType | None:
    definition = getattr(parent, "fields", {}).get(name)
    type_ = get_named_type(definition.type) if definition is not None else None
    if type_ is None or not is_composite_type(type_) or is_introspection_type(type_):
        return None
    return type_
