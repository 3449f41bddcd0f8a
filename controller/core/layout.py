"""How an operation's answer is laid out: per position the objects that can stand there.

Compiled from ``Shape`` as answers need it and kept with the operation, so that a walk touches no
leaf except key fields. Positions that come from the same field nodes are one position: a layout
stays as small as the document, however its types nest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from graphql import FieldNode, GraphQLField, GraphQLObjectType
from graphql.type import (
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    is_abstract_type,
)

from controller.core.operation import Operation, selections
from controller.core.policy import Key, Policy
from controller.core.schema import SchemaIndex
from controller.core.shape import Selected, Shape, operation_shape
from controller.core.sites import collected_nodes, declared_types

MAX_NODES: Final = 50_000
"""Linear's most intricate operation has 831."""

Columns = tuple[tuple[str, ...], ...]
"""Per field of a key the response keys it can stand under."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """Objects of one concrete type at one position.

    ``tagged`` is false for roots. ``children`` are the members that hold objects.
    ``root_fields`` are the members of a query root. ``list_types`` is what a connection holds.
    """

    name: str
    tagged: bool
    keys: tuple[tuple[Key, Columns], ...]
    children: tuple[tuple[str, Position], ...]
    root_fields: tuple[Selected, ...]
    list_types: frozenset[str]


class Position:
    """A place in the answer.

    ``null_types`` could stand where a null does, or in it. ``list_types`` is empty unless this is a
    list or a connection: then it names what it is a list of. ``only`` is the kind where there is
    just one, known once an object was met (compiling ahead would recurse with the document's
    depth).
    """

    __slots__ = ("_kinds", "_layout", "_shape", "list_types", "null_types", "only", "possible")

    def __init__(self, layout: Layout, shape: Shape, field: GraphQLField | None) -> None:
        index = layout.index
        self._layout = layout
        self._shape = shape
        self._kinds: dict[str, Kind] = {}
        self.possible = index.possible_names(shape.type.name)
        connected = [layout.list_types(name) for name in self.possible]
        self.list_types = layout.list_types(shape.type.name)
        if field is not None and _is_list(field):
            self.list_types |= self.possible
        self.null_types = self.possible.union(self.list_types, *connected)
        self.only: Kind | None = None

    def kind(self, name: str) -> Kind:
        """The objects of this concrete type here; the name must be one of ``possible``."""
        found = self._kinds.get(name)
        if found is None:
            found = self._kinds[name] = self._layout.compile(self._shape, name)
        return found

    def kind_of(self, value: Mapping[str, object]) -> Kind | None:
        """What ``value`` is by its static type, or says it is; None if it says nothing.

        LookupError: it names a type that the schema does not know here. An injected member is
        believed first, then the client's own ``__typename`` under whatever response key, if no
        member type can have another field under that key.
        """
        if not is_abstract_type(self._shape.type):
            self.only = self.kind(self._shape.type.name)
            return self.only
        for key in self._layout.typename_aliases:
            if key in value:
                return self._named(value[key])
        if self._layout.honest_typename and "__typename" in value:
            return self._named(value["__typename"])
        for key in self._typename_keys():
            if key in value:
                return self._named(value[key])
        return self.kind(next(iter(self.possible))) if len(self.possible) == 1 else None

    def _named(self, name: object) -> Kind:
        if not isinstance(name, str) or name not in self.possible:
            raise LookupError(name)
        return self.kind(name)

    def _typename_keys(self) -> Iterable[str]:
        here = [self._shape.on(name) for name in sorted(self.possible)]
        for key in sorted({key for selected in here for key in selected}):
            if all(s[key].name == "__typename" for s in here if key in s):
                yield key


class Layout:
    """All positions of one operation. ``aliases`` maps injected response keys to field names.

    ``root_fields`` are the fields of the operation's root by response key. ``declared`` are the
    types that its fields are made of though no type says so (``fieldTypes``). ``opaque``: nothing
    is read, because so many selections spread so much that compiling could stop the process for
    seconds, or because the schema has no such root (it is older than the origin's).
    """

    def __init__(
        self, index: SchemaIndex, operation: Operation, aliases: Mapping[str, str]
    ) -> None:
        self.index = index
        self.aliases = tuple(aliases)
        self.typename_aliases = tuple(a for a, name in aliases.items() if name == "__typename")
        nodes = collected_nodes(operation.definition, operation.fragments)
        known = index.schema.get_root_type(operation.type) is not None
        self.opaque = nodes > MAX_NODES or not known
        self.honest_typename = not _renames_typename(operation)
        self._by_field: dict[str, tuple[str, ...]] = {}
        for alias, name in aliases.items():
            self._by_field[name] = (*self._by_field.get(name, ()), alias)
        self._positions: dict[tuple[str, tuple[int, ...]], Position] = {}
        self._list_types: dict[str, frozenset[str]] = {}
        shape = operation_shape(index, operation) if known else _nothing(index)
        self.root = Position(self, shape, None)
        self.root_fields = shape.on(shape.type.name)
        self.declared = declared_types(index, operation)

    @property
    def policy(self) -> Policy:
        """Of the config."""
        return self.index.policy

    def compile(self, shape: Shape, name: str) -> Kind:
        index = self.index
        type_ = index.named(name)
        assert isinstance(type_, GraphQLObjectType)
        selected = shape.on(name)
        query = index.schema.query_type
        return Kind(
            name=name,
            tagged=not index.is_root(name),
            keys=tuple(
                (key, tuple(self._columns(selected, part) for part in key))
                for key in index.keys(type_)
            ),
            children=tuple(
                (key, self.position(field)) for key, field in selected.items() if field.shape
            ),
            root_fields=tuple(selected.values()) if query and query.name == name else (),
            list_types=self.list_types(name),
        )

    def list_types(self, name: str) -> frozenset[str]:
        """What an object of this type is a list of; empty unless it is a connection."""
        found = self._list_types.get(name)
        if found is None:
            found = self._list_types[name] = _connection_types(self.index, name)
        return found

    def _columns(self, selected: Mapping[str, Selected], name: str) -> tuple[str, ...]:
        own = (k for k, s in selected.items() if s.name == name and not s.nodes[0].arguments)
        return (*self._by_field.get(name, ()), *own)

    def position(self, selected: Selected) -> Position:
        """Where the values of a field that selects objects stand."""
        assert selected.shape is not None
        assert selected.field is not None
        step = (str(selected.field.type), tuple(map(id, selected.nodes)))
        found = self._positions.get(step)
        if found is None:
            found = self._positions[step] = Position(self, selected.shape, selected.field)
        return found


def _nothing(index: SchemaIndex) -> Shape:
    query = index.schema.query_type
    assert query is not None
    return Shape(index, {}, query, ())


def _is_list(field: GraphQLField) -> bool:
    type_: object = field.type
    if isinstance(type_, GraphQLNonNull):
        type_ = type_.of_type
    return isinstance(type_, GraphQLList)


def _connection_types(index: SchemaIndex, name: str) -> frozenset[str]:
    """What a connection is a list of: Relay's ``edges { node }``, a plain ``nodes``, or ``items``
    of a type that is no entity itself (Magento, Contentful, AppSync).
    """
    type_ = index.named(name)
    if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
        return frozenset()
    for nodes in ("nodes",) if index.keys(type_) else ("nodes", "items"):
        field = _field(type_, nodes)
        found = _possible(index, field) if field is not None and _is_list(field) else None
        if found:
            return found
    edges = _field(type_, "edges")
    if edges is None or not _is_list(edges):
        return frozenset()
    return _possible(index, _field(get_named_type(edges.type), "node"))


def _field(type_: object, name: str) -> GraphQLField | None:
    if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
        return None
    fields: Mapping[str, GraphQLField] = type_.fields
    return fields.get(name)


def _possible(index: SchemaIndex, field: GraphQLField | None) -> frozenset[str]:
    if field is None:
        return frozenset()
    return index.possible_names(get_named_type(field.type).name)


def _renames_typename(operation: Operation) -> bool:
    """Whether some other field stands under the response key ``__typename``."""
    return any(
        isinstance(node, FieldNode)
        and node.alias is not None
        and node.alias.value == "__typename"
        and node.name.value != "__typename"
        for part in (operation.definition, *operation.fragments.values())
        for node in selections(part.selection_set)
    )
