"""What an answer looks like: the fields at one position of it, per concrete type.

This is CollectFields and MergeSelectionSets of the GraphQL specification (6.3.2, 6.4.3) done ahead
of the data, with every ``@skip`` and ``@include`` taken as "perhaps".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import FieldNode, FragmentDefinitionNode, GraphQLField, InlineFragmentNode
from graphql.language import FragmentSpreadNode, SelectionNode, SelectionSetNode
from graphql.type import (
    GraphQLCompositeType,
    GraphQLNamedType,
    get_named_type,
    is_composite_type,
)

from controller.core.operation import Operation
from controller.core.schema import SchemaIndex


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """One response key of an object of a known type.

    ``certain`` means that at least one of its nodes stands under no ``@skip`` or ``@include``.
    ``field`` is None for ``__typename``, ``__schema`` and ``__type``. ``shape`` is None for leaves.
    """

    key: str
    name: str
    field: GraphQLField | None
    type: GraphQLNamedType | None
    nodes: tuple[FieldNode, ...]
    certain: bool
    shape: Shape | None

    @property
    def plain(self) -> bool:
        """Selected under its own name, without arguments, whatever the variables say."""
        return self.certain and self.key == self.name and not self.nodes[0].arguments


class Shape:
    """A position of the answer: its static type and every selection set that applies there."""

    __slots__ = ("_by_type", "_fragments", "_index", "_sets", "type")

    def __init__(
        self,
        index: SchemaIndex,
        fragments: Mapping[str, FragmentDefinitionNode],
        type_: GraphQLCompositeType,
        sets: tuple[SelectionSetNode, ...],
    ) -> None:
        self.type = type_
        self._index = index
        self._fragments = fragments
        self._sets = sets
        self._by_type: dict[str, Mapping[str, Selected]] = {}

    def on(self, type_name: str) -> Mapping[str, Selected]:
        """The response keys an object of this concrete type can have, in document order."""
        found = self._by_type.get(type_name)
        if found is None:
            found = self._by_type[type_name] = self._collect(type_name)
        return found

    def _collect(self, type_name: str) -> dict[str, Selected]:
        groups: dict[str, list[tuple[FieldNode, bool]]] = {}
        visited: set[tuple[str, bool]] = set()
        stack: list[tuple[SelectionNode, bool]] = [
            (node, True) for set_ in reversed(self._sets) for node in reversed(set_.selections)
        ]
        while stack:
            node, certain = stack.pop()
            certain = certain and not _conditional(node)
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                groups.setdefault(key, []).append((node, certain))
                continue
            nested = self._nested(node, certain, type_name, visited)
            if nested is not None:
                stack.extend((child, certain) for child in reversed(nested.selections))
        return {key: self._selected(key, nodes, type_name) for key, nodes in groups.items()}

    def _nested(
        self, node: SelectionNode, certain: bool, type_name: str, visited: set[tuple[str, bool]]
    ) -> SelectionSetNode | None:
        """The selections of a fragment that holds for this type and was not yet collected."""
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            if condition and not self._index.applies(condition.name.value, type_name):
                return None
            return node.selection_set
        assert isinstance(node, FragmentSpreadNode)
        name = node.name.value
        if (name, certain) in visited:
            return None
        visited.add((name, certain))
        definition = self._fragments.get(name)
        if definition is None:
            return None
        if not self._index.applies(definition.type_condition.name.value, type_name):
            return None
        return definition.selection_set

    def _selected(self, key: str, nodes: list[tuple[FieldNode, bool]], type_name: str) -> Selected:
        first = nodes[0][0]
        name = first.name.value
        parent = self._index.named(type_name)
        fields = getattr(parent, "fields", {})
        field = fields.get(name)
        type_ = get_named_type(field.type) if field is not None else None
        shape = None
        if type_ is not None and is_composite_type(type_):
            sets = tuple(n.selection_set for n, _ in nodes if n.selection_set is not None)
            shape = Shape(self._index, self._fragments, type_, sets)
        return Selected(
            key=key,
            name=name,
            field=field,
            type=type_,
            nodes=tuple(n for n, _ in nodes),
            certain=any(certain for _, certain in nodes),
            shape=shape,
        )


def operation_shape(index: SchemaIndex, operation: Operation) -> Shape:
    """The shape of the whole ``data`` of an operation. The document must be valid."""
    root = index.schema.get_root_type(operation.type)
    assert root is not None
    return Shape(index, operation.fragments, root, (operation.definition.selection_set,))


def _conditional(node: SelectionNode) -> bool:
    return any(d.name.value in ("skip", "include") for d in node.directives or ())
