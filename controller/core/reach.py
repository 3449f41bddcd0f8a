"""Which coordinates an operation reaches: pairs of concrete object type and field.

Sets of types walk through the document together, and each selection set is entered once per set,
so that neither fragments that spread each other nor an interface with hundreds of members
multiply the work. Iterative: the depth of a document is the client's choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from graphql import FieldNode, InlineFragmentNode
from graphql.language import BooleanValueNode, FragmentSpreadNode, SelectionNode, SelectionSetNode
from graphql.type import get_named_type, is_composite_type

from controller.core.operation import Operation, Refusal
from controller.core.schema import SchemaIndex

MAX_STEPS: Final = 50_000
"""Selections looked at, half a second at worst; Linear's largest operation takes under 1,000."""

Types = frozenset[str]
_Place = tuple[Types, int]
"""A selection set (by identity) as it applies to some object types."""


@dataclass(frozen=True, slots=True)
class Reached:
    """``types``: the object types that count. ``static``: the types of the fields selected, as
    the schema has them, and the root. ``fields``: per field name the sets of object types on
    which it is selected.
    """

    types: Types
    static: Types
    fields: Mapping[str, frozenset[Types]]
    introspection: bool


def reach(index: SchemaIndex, operation: Operation) -> Reached | Refusal:
    """Everything an operation selects. The document must be valid."""
    walk = _Walk(index, operation)
    if not walk.run():
        return Refusal("too-complex", f"more than {MAX_STEPS} selections to look at")
    return walk.result()


@dataclass(slots=True)
class _Walk:
    index: SchemaIndex
    operation: Operation
    introspection: bool = False
    fields: dict[str, set[Types]] = field(default_factory=dict)
    sites: dict[tuple[str, _Place], None] = field(default_factory=dict)
    """Fields that hold objects: their static type and where their selection goes on."""
    content: set[_Place] = field(default_factory=set)
    """Places with a field besides ``__typename``."""
    inside: dict[_Place, list[_Place]] = field(default_factory=dict)
    """The places in which a fragment leads to this one."""
    _waiting: list[tuple[Types, SelectionSetNode]] = field(default_factory=list)
    _entered: set[_Place] = field(default_factory=set)
    _returns: dict[tuple[Types, str], tuple[str, ...]] = field(default_factory=dict)

    def run(self) -> bool:
        """Walk; False if it takes too long."""
        root = self.index.schema.get_root_type(self.operation.type)
        assert root is not None
        self._site(root.name, self.operation.definition.selection_set)
        steps = 0
        while self._waiting:
            types, set_ = self._waiting.pop()
            here = (types, id(set_))
            steps += len(set_.selections)
            if steps > MAX_STEPS:
                return False
            for node in set_.selections:
                if left_out(node):
                    continue
                if isinstance(node, FieldNode):
                    self._field(node, here)
                else:
                    self._fragment(node, here)
        return True

    def _field(self, node: FieldNode, here: _Place) -> None:
        name = node.name.value
        if name == "__typename":
            return
        self.content.add(here)
        if name.startswith("__"):
            self.introspection = True
            return
        types = here[0]
        self.fields.setdefault(name, set()).add(types)
        if node.selection_set is not None:
            for returned in self._returned(types, name):
                self._site(returned, node.selection_set)

    def _fragment(self, node: SelectionNode, here: _Place) -> None:
        if isinstance(node, InlineFragmentNode):
            condition, nested = node.type_condition, node.selection_set
        else:
            assert isinstance(node, FragmentSpreadNode)
            definition = self.operation.fragments[node.name.value]
            condition, nested = definition.type_condition, definition.selection_set
        types = here[0]
        if condition is not None:
            types = types & self.index.possible_names(condition.name.value)
        if types:
            self.inside.setdefault((types, id(nested)), []).append(here)
            self._enter(types, nested)

    def _site(self, static: str, set_: SelectionSetNode) -> None:
        types = self.index.possible_names(static)
        self.sites[static, (types, id(set_))] = None
        self._enter(types, set_)

    def _enter(self, types: Types, set_: SelectionSetNode) -> None:
        place = (types, id(set_))
        if place not in self._entered:
            self._entered.add(place)
            self._waiting.append((types, set_))

    def _returned(self, types: Types, name: str) -> tuple[str, ...]:
        """The static types of a field: implementations may narrow their interface's."""
        known = self._returns.get((types, name))
        if known is None:
            known = self._returns[types, name] = tuple(sorted(set(self._return_types(types, name))))
        return known

    def _return_types(self, types: Types, name: str) -> Iterator[str]:
        for type_name in types:
            definition = getattr(self.index.named(type_name), "fields", {}).get(name)
            returned = get_named_type(definition.type) if definition is not None else None
            if is_composite_type(returned):
                yield returned.name

    def result(self) -> Reached:
        counted = {name for sets in self.fields.values() for types in sets for name in types}
        filled = self._with_content()
        for static, place in self.sites:
            if place not in filled:
                counted |= self.index.possible_names(static)
        return Reached(
            types=frozenset(counted),
            static=frozenset(static for static, _ in self.sites),
            fields={name: frozenset(sets) for name, sets in self.fields.items()},
            introspection=self.introspection,
        )

    def _with_content(self) -> set[_Place]:
        """The places with a field besides ``__typename``, there or in a fragment."""
        found = set(self.content)
        waiting = list(found)
        while waiting:
            for outer in self.inside.get(waiting.pop(), ()):
                if outer not in found:
                    found.add(outer)
                    waiting.append(outer)
        return found


def left_out(node: SelectionNode) -> bool:
    """Whether ``@skip`` or ``@include`` leaves a selection out whatever the variables are (3.13).

    A condition in a variable is "perhaps": a verdict depends on no variable.
    """
    for directive in node.directives or ():
        left_out_if = {"skip": True, "include": False}.get(directive.name.value)
        for argument in directive.arguments or ():
            value = argument.value
            if isinstance(value, BooleanValueNode) and value.value is left_out_if:
                return True
    return False
