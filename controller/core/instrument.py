"""What a document lacks so that its answer can be tagged, written into it.

``__typename`` goes only where the type is abstract, key fields only on keyed types, both only
where the client has not selected them plainly. Never at a root, never beside ``@defer``,
``@stream`` or a subscription. One alias per field name and return type: two members of a union
may have ``id: ID!`` and ``id: Int``, which must not share a response key.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    OperationDefinitionNode,
    OperationType,
    is_abstract_type,
)
from graphql.language import SelectionSetNode
from typing_extensions import TypeVar

from controller.core.identifying import identifies
from controller.core.layout import MAX_NODES, Layout
from controller.core.operation import Operation
from controller.core.schema import SchemaIndex
from controller.core.sites import Coverage, Coverages, Fragments, Site, collected_nodes, sites

PREFIX: Final = f"_s{secrets.token_hex(8)}_"
"""64 random bits per process: no client can write, and no data can imitate, an injected member."""

MOST_INJECTED: Final = 16_384
"""Characters that may always be added to a document; beyond, at most four times its length."""

L = TypeVar("L", default=Layout)
"""What says how to read an answer: without a schema it is another (core.schemaless)."""

Insertion = tuple[int, str]
"""An offset in a text, in characters, and what is put there."""


@dataclass(frozen=True, slots=True, eq=False)
class Instrumented(Generic[L]):
    """The text for the origin and how to read its answer.

    ``aliases`` maps each injected response key to its field name; all start with ``prefix``.
    ``layout`` is compiled as answers need it: keep the value as long as the operation.
    """

    text: str
    aliases: Mapping[str, str]
    prefix: str
    layout: L


@dataclass(slots=True)
class _Aliases:
    """One alias per (field name, return type), numbered as they are met."""

    prefix: str
    _numbers: dict[tuple[str, str], str] = field(default_factory=dict)

    def member(self, name: str, type_: str) -> str:
        alias = self._numbers.setdefault((name, type_), f"{self.prefix}{len(self._numbers)}")
        return f"{alias}:{name}"

    def names(self) -> dict[str, str]:
        return {alias: name for (name, _), alias in self._numbers.items()}


def instrument(index: SchemaIndex, operation: Operation, *, prefix: str = PREFIX) -> Instrumented:
    """The canonical text of ``operation`` with what its answer needs to be tagged.

    The document must be valid. Where nothing is missing the text is ``operation.text`` itself.
    """
    if not may_instrument(index, operation, prefix):
        return as_written(index, operation, prefix=prefix)
    insertions, aliases = missing_members(
        index,
        operation.definition,
        operation.fragments,
        prefix,
        opened=lambda node: operation.opened[id(node)],
    )
    if too_much(insertions, operation.text):
        return as_written(index, operation, prefix=prefix)
    text = insert(operation.text, insertions)
    return Instrumented(text, aliases, prefix, Layout(index, operation, aliases))


def as_written(index: SchemaIndex, operation: Operation, *, prefix: str = PREFIX) -> Instrumented:
    """Nothing injected: the answer is tagged by schema types and the keys the client selected."""
    return Instrumented(operation.text, {}, prefix, Layout(index, operation, {}))


def may_instrument(index: SchemaIndex, operation: Operation, prefix: str = PREFIX) -> bool:
    """Whether members may be injected into this operation at all."""
    return (
        index.policy.instrument
        and not operation.incremental
        and operation.type is not OperationType.SUBSCRIPTION
        and index.schema.get_root_type(operation.type) is not None
        and prefix not in operation.source
        and collected_nodes(operation.definition, operation.fragments) <= MAX_NODES
    )


def missing_members(
    index: SchemaIndex,
    definition: OperationDefinitionNode,
    fragments: Fragments,
    prefix: str,
    *,
    opened: Callable[[SelectionSetNode], int],
) -> tuple[list[Insertion], dict[str, str]]:
    """What to insert into a text of these nodes, and the aliases used. ``opened`` gives the offset
    in that text behind a selection set's brace.
    """
    root = index.schema.get_root_type(definition.operation)
    assert root is not None
    aliases = _Aliases(prefix)
    coverages = Coverages(index, fragments)
    insertions = []
    for site in sites(index, fragments, [(definition.selection_set, root)]):
        text = _members(index, site, coverages.of(site), aliases)
        if text:
            insertions.append((opened(site.selections), text))
    return sorted(insertions), aliases.names()


def too_much(insertions: Sequence[Insertion], text: str) -> bool:
    """Whether a small document would become a large one: many sites of a union of hundreds."""
    return sum(len(inserted) for _, inserted in insertions) > max(MOST_INJECTED, 4 * len(text))


def insert(text: str, insertions: Sequence[Insertion]) -> str:
    """``text`` with each insertion at its offset; offsets ascend."""
    parts = []
    end = 0
    for offset, inserted in insertions:
        parts += [text[end:offset], inserted]
        end = offset
    return "".join([*parts, text[end:]])


def _members(index: SchemaIndex, site: Site, covered: Coverage, aliases: _Aliases) -> str:
    """The text that goes behind the opening brace of ``site``, without ignored characters."""
    direct = []
    possible = index.possible_names(site.type.name)
    if is_abstract_type(site.type) and not possible <= covered.plain.get("__typename", set()):
        direct.append(aliases.member("__typename", "String!"))
    conditioned: dict[str, list[str]] = {}
    for name, types in _missing_keys(index, site, covered).items():
        own = _identifying(site.type, name)
        if own is not None:
            direct.append(aliases.member(name, own))
            continue
        for condition in _conditions(index, name, types, covered):
            type_ = _identifying(index.named(condition), name)
            assert type_ is not None
            conditioned.setdefault(condition, []).append(aliases.member(name, type_))
    text = "".join(f"{member} " for member in direct)
    return text + "".join(f"...on {on}{{{' '.join(m)}}}" for on, m in conditioned.items())


def _missing_keys(index: SchemaIndex, site: Site, covered: Coverage) -> dict[str, set[str]]:
    """Key field → the types that need it.

    Of an abstract type only members that the selection says something about: for the others the
    tag "some T" is enough, and every alias counts against the origin's limits.
    """
    missing: dict[str, set[str]] = {}
    if not index.policy.add_keys:
        return missing
    abstract = is_abstract_type(site.type)
    for name in sorted(index.possible_names(site.type.name)):
        if abstract and name not in covered.content:
            continue
        type_ = index.named(name)
        assert isinstance(type_, GraphQLObjectType)
        for field_name in (part for key in index.keys(type_) for part in key):
            if name not in covered.plain.get(field_name, ()):
                missing.setdefault(field_name, set()).add(name)
    return missing


def _conditions(index: SchemaIndex, name: str, types: set[str], covered: Coverage) -> list[str]:
    """Type conditions that reach all of ``types``: the document's own interfaces, then members."""
    left = set(types)
    chosen = []
    for condition in covered.conditions:
        reached = left & index.possible_names(condition)
        if len(reached) > 1 and _identifying(index.named(condition), name) is not None:
            chosen.append(condition)
            left -= reached
    return chosen + sorted(left)


def _identifying(type_: object, name: str) -> str | None:
    """The return type of the key field on ``type_``, if it can be selected right there."""
    if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
        return None
    found = type_.fields.get(name)
    return str(found.type) if found is not None and identifies(found) else None
