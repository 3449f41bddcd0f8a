"""Where an operation selects objects, and what it selects there of a type that an answer names.

A fragment on another name than an object's type may still hold for it, for the name may be an
interface's: what it selects is "perhaps" there. Where only such fragments select something under
one response key, and disagree about the field, the value could be any of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from graphql import FieldNode, InlineFragmentNode
from graphql.language import FragmentSpreadNode, SelectionNode, SelectionSetNode

from controller.core.layout import MAX_NODES
from controller.core.operation import Operation
from controller.core.policy import Key, Policy
from controller.core.schemaless.document import Named, named
from controller.core.sites import collected_nodes, conditional

_TYPENAME: Final = frozenset({"__typename"})

Sets = tuple[tuple[SelectionSetNode, bool], ...]
"""Selection sets that meet at one position; false: perhaps."""

Columns = tuple[tuple[tuple[str, bool], ...], ...]
"""Per field of a key the response keys it can stand under; false: or some other field does."""


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """One response key at a position. ``names`` are the fields it can be, nearly always one.

    ``sure``: an object of the type has it, whatever other names fragments are on. ``certain``: it
    stands under no ``@skip`` or ``@include``. ``position`` is None for leaves.
    """

    key: str
    names: frozenset[str]
    nodes: tuple[FieldNode, ...]
    sure: bool
    certain: bool
    position: Position | None


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """Objects of one type at one position; ``name`` is None where they do not say it.

    ``children`` are the members that hold objects, ``fields`` the names of all selected fields:
    ``sure`` of those that certainly are of this type, ``unsure`` with their response keys of those
    that are where they stand in an object. ``bare``: nothing but type names is selected here.
    """

    name: str | None
    keys: tuple[tuple[Key, Columns], ...]
    children: tuple[tuple[str, Position], ...]
    fields: frozenset[str]
    sure: frozenset[str]
    unsure: tuple[tuple[str, str], ...]
    bare: bool


class Position:
    """A place in the answer where objects stand."""

    __slots__ = ("_below", "_conditions", "_kinds", "_layout", "_sets", "_typename_keys")

    def __init__(self, layout: FreeLayout, sets: Sets) -> None:
        self._layout = layout
        self._sets = sets
        self._kinds: dict[str | None, Kind] = {}
        self._conditions: set[str] = set()
        self._typename_keys: tuple[str, ...] | None = None
        self._below: Named | None = None

    def kind_of(self, value: Mapping[str, object]) -> Kind:
        """What ``value`` says it is. LookupError: its type's name is no name."""
        if self._typename_keys is None:
            own = self.selected(None).values()
            self._typename_keys = (
                *self._layout.aliases,
                # Under its own name too may stand what a client has called so.
                *(s.key for s in own if all(n.name.value == "__typename" for n in s.nodes)),
            )
        for key in self._typename_keys:
            if key in value:
                name = value[key]
                if not isinstance(name, str) or not name.isidentifier():
                    raise LookupError(name)
                return self.kind(name)
        return self.kind(None)

    def kind(self, name: str | None) -> Kind:
        """The objects of this type here."""
        found = self._kinds.get(name)
        if found is None:
            selected = self.selected(name)
            found = self._kinds[name] = Kind(
                name=name,
                keys=self._layout.columns(name, selected),
                children=tuple((k, s.position) for k, s in selected.items() if s.position),
                fields=frozenset().union(*(s.names for s in selected.values())) - _TYPENAME,
                sure=frozenset().union(*(s.names for s in selected.values() if s.sure)) - _TYPENAME,
                unsure=tuple(
                    (s.key, name)
                    for s in selected.values()
                    if not s.sure and len(s.names) == 1
                    for name in s.names - _TYPENAME
                ),
                bare=all(s.names <= _TYPENAME for s in selected.values()),
            )
        return found

    def can_hold_more(self, names: Collection[str]) -> bool:
        """Whether other types than ``names``, which stood here, could stand here too: the document
        asks for one, or for the type alone. Of an interface it need not ask.
        """
        own = self.kind(None)
        return len(names) > 1 or own.bare or not self._conditions <= {*names}

    def below(self) -> Named:
        """What is selected here and below, whatever the types: what a null can hide."""
        if self._below is None:
            self._below = self._layout.named_below(self._sets)
        return self._below

    def selected(self, type_name: str | None) -> Mapping[str, Selected]:
        """The response keys that an object of this type can have, in document order."""
        groups: dict[str, list[tuple[FieldNode, bool, bool]]] = {}
        visited: set[tuple[str, bool, bool]] = set()
        stack: list[tuple[SelectionNode, bool, bool]] = [
            (node, sure, True)
            for top, sure in reversed(self._sets)
            for node in reversed(top.selections)
        ]
        while stack:
            node, sure, certain = stack.pop()
            certain = certain and not conditional(node)
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                groups.setdefault(key, []).append((node, sure, certain))
                continue
            nested: SelectionSetNode | None = None
            condition: str | None = None
            if isinstance(node, InlineFragmentNode):
                nested = node.selection_set
                condition = node.type_condition.name.value if node.type_condition else None
            elif isinstance(node, FragmentSpreadNode):
                definition = self._layout.operation.fragments.get(node.name.value)
                if definition is None or (node.name.value, sure, certain) in visited:
                    continue
                visited.add((node.name.value, sure, certain))
                nested = definition.selection_set
                condition = definition.type_condition.name.value
            if condition is not None:
                self._conditions.add(condition)
            if nested is not None:
                sure = sure and condition in (None, type_name)
                stack.extend((child, sure, certain) for child in reversed(nested.selections))
        return {key: self._selected(key, nodes) for key, nodes in groups.items()}

    def _selected(self, key: str, found: list[tuple[FieldNode, bool, bool]]) -> Selected:
        # What is certain to hold for the type decides: under one response key no fragment that
        # holds as well may have another field (5.3.2).
        sure = [node for node, sure, _ in found if sure]
        names = frozenset(node.name.value for node in sure or (node for node, _, _ in found))
        sets = tuple((n.selection_set, s) for n, s, _ in found if n.selection_set is not None)
        inside = sets and not any(name.startswith("__") for name in names)
        return Selected(
            key=key,
            names=names,
            nodes=tuple(node for node, _, _ in found),
            sure=bool(sure),
            certain=any(certain for _, _, certain in found),
            position=self._layout.position(sets) if inside else None,
        )


class FreeLayout:
    """All positions of one operation, compiled as answers need them.

    ``aliases`` are the injected response keys, all of ``__typename``. ``root_fields`` are the
    fields of the root by response key. ``opaque``: so many selections spread so much that nothing
    is read.
    """

    def __init__(self, policy: Policy, operation: Operation, aliases: Mapping[str, str]) -> None:
        self.policy = policy
        self.operation = operation
        self.aliases = tuple(aliases)
        nodes = collected_nodes(operation.definition, operation.fragments)
        self.opaque = nodes > MAX_NODES
        self.named = named(operation)
        self._positions: dict[tuple[tuple[int, bool], ...], Position] = {}
        self.root = self.position(((operation.definition.selection_set, True),))
        self.root_fields = {} if self.opaque else self.root.selected(None)

    def position(self, sets: Sets) -> Position:
        """Where the values of these selections stand."""
        step = tuple((id(top), sure) for top, sure in sets)
        found = self._positions.get(step)
        if found is None:
            found = self._positions[step] = Position(self, sets)
        return found

    def named_below(self, sets: Sets) -> Named:
        """What these selections name, down to the leaves."""
        return named(self.operation, [top for top, _ in sets])

    def columns(
        self, type_name: str | None, selected: Mapping[str, Selected]
    ) -> tuple[tuple[Key, Columns], ...]:
        """Under which response keys the keys of a type stand. Only fields without arguments
        identify.
        """
        if type_name is None:
            return ()
        keys = self.policy.key_fields.get(type_name, self.policy.default_keys)
        return tuple((key, tuple(tuple(_columns(selected, part)) for part in key)) for key in keys)


def _columns(selected: Mapping[str, Selected], name: str) -> list[tuple[str, bool]]:
    """Those first that are certain."""
    places = [
        (key, len(found.names) == 1)
        for key, found in selected.items()
        if name in found.names and not any(node.arguments for node in found.nodes)
    ]
    return sorted(places, key=lambda place: not place[1])
