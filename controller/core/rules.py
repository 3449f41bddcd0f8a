"""For how long, and for whom, the answer to an operation may be kept: static from the schema.

Stellate's meaning of rules, except that of an abstract field only those possible types count of
which the selection holds more than ``__typename`` (all of them if it holds no more of any).
``@cacheControl`` hints of the schema are rules like the config's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from controller.core.hint_rules import met_hints
from controller.core.operation import Operation, Refusal
from controller.core.policy import PUBLIC, Rule
from controller.core.reach import Reached, reach
from controller.core.schema import SchemaIndex

INTROSPECTION_MAX_AGE: Final = 63 * 60
INTROSPECTION_SWR: Final = 24 * 3600
"""Stellate's seconds for documents that ask for the schema alone."""


@dataclass(frozen=True, slots=True)
class Match:
    """Why a rule applies. ``rule`` is ``Rule.index``, None for a hint of the schema; ``entry`` is
    what the rule names, a type, ``Type.field`` or a hash; ``coordinate`` what of the operation
    that is.
    """

    rule: int | None
    entry: str
    coordinate: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer may be stored for ``max_age`` and served stale for ``swr`` more seconds.

    ``scopes`` are the names of all scopes it is kept apart by, ANONYMOUS among them; PUBLIC is
    neutral and never there: empty means shared by everybody. ``types`` are the object types that
    count. ``by_spelling`` are the rules that apply because of the document's very characters: they
    belong into the key, for another spelling of the same question may meet other rules.
    ``never_stale``: the origin forbids what ``staleIfError`` does.
    """

    max_age: int
    swr: int
    scopes: frozenset[str]
    types: frozenset[str]
    matched: tuple[Match, ...]
    by_spelling: tuple[int, ...] = ()
    never_stale: bool = False


def decide_rules(index: SchemaIndex, operation: Operation) -> Decision | Refusal:
    """The rules for a query. The document must be valid."""
    policy = index.policy
    if policy.pass_through_only:
        return Refusal("pass-through-only", "passThroughOnly is set")
    reached = reach(index, operation)
    if isinstance(reached, Refusal):
        return reached
    if reached.introspection and not policy.cache_introspection:
        return Refusal("introspection", "the operation asks for the schema")
    for entry in sorted(policy.non_cacheable):
        type_name, _, field_name = entry.partition(".")
        coordinate = _coordinate(index, reached, type_name, field_name or None)
        if coordinate is not None:
            return Refusal("non-cacheable", f"{coordinate} is nonCacheable by {entry}")
    if reached.introspection and not reached.fields:
        return Decision(INTROSPECTION_MAX_AGE, INTROSPECTION_SWR, frozenset(), frozenset(), ())
    source = sha256(operation.source)
    said = _Said()
    for rule in policy.rules:
        found = [*by_hash(rule, operation), *_by_type(index, reached, rule)]
        if found:
            said.matched += found
            said.times.append((rule.max_age, rule.swr))
            said.scopes.add(rule.scope)
    refusal = _add_hints(said, index, reached)
    if refusal is not None:
        return refusal
    return _combined(
        said, reached, tuple(rule.index for rule in policy.rules if source in rule.hashes)
    )


@dataclass(slots=True)
class _Said:
    """What rules and hints say, one by one. ``times`` are pairs of max-age and swr."""

    matched: list[Match] = field(default_factory=list)
    times: list[tuple[int, int]] = field(default_factory=list)
    scopes: set[str] = field(default_factory=set)


def _combined(said: _Said, reached: Reached, by_spelling: tuple[int, ...]) -> Decision | Refusal:
    if not said.times:
        return Refusal("no-rule", "no rule matches what is selected")
    times = list(said.times)
    if reached.introspection:
        times.append((INTROSPECTION_MAX_AGE, INTROSPECTION_SWR))
    max_age, swr = (min(column) for column in zip(*times, strict=True))
    if max_age == 0 and swr == 0:
        return Refusal("max-age-0", "the rules that match come to maxAge 0 and swr 0")
    return Decision(
        max_age=max_age,
        swr=swr,
        scopes=frozenset(said.scopes) - {PUBLIC},
        types=reached.types,
        matched=tuple(said.matched),
        by_spelling=by_spelling,
    )


def _add_hints(said: _Said, index: SchemaIndex, reached: Reached) -> Refusal | None:
    """Hints as rules without swr. Without an age a hint says for whom, and makes nothing cached."""
    for met in met_hints(index, reached):
        scope = index.policy.default_scope
        if met.hint.scope == "PRIVATE":
            if index.policy.private_scope is None:
                return Refusal("private-hint", f"{met.coordinate} is PRIVATE by @cacheControl")
            scope = index.policy.private_scope
        elif met.hint.scope == "PUBLIC":
            scope = PUBLIC
        if met.hint.max_age is not None:
            said.times.append((met.hint.max_age, 0))
        elif met.hint.scope != "PRIVATE":
            continue
        said.scopes.add(scope)
        said.matched.append(Match(None, met.entry, met.coordinate))
    return None


def by_hash(rule: Rule, operation: Operation) -> Iterator[Match]:
    """Why a rule applies to the text of an operation, as sent or as canonical."""
    hashes = {sha256(operation.source): "the document", operation.digest: "the operation"}
    for digest, of in hashes.items():
        if digest in rule.hashes:
            yield Match(rule.index, f"sha256:{digest[:12]}", of)


def _by_type(index: SchemaIndex, reached: Reached, rule: Rule) -> Iterator[Match]:
    for type_name, fields in rule.types.items():
        for name in [None] if fields is None else sorted(fields):
            coordinate = _coordinate(index, reached, type_name, name)
            if coordinate is not None:
                entry = type_name if name is None else f"{type_name}.{name}"
                yield Match(rule.index, entry, coordinate)


def _coordinate(
    index: SchemaIndex, reached: Reached, type_name: str, field: str | None
) -> str | None:
    """What is selected of a type or a field, if anything is; of an abstract type, of a member."""
    possible = index.possible_names(type_name)
    if field is None:
        if type_name in reached.static:
            return type_name
        return min(possible & reached.types, default=None)
    found = [types & possible for types in reached.fields.get(field, ())]
    name = min((name for types in found for name in types), default=None)
    return None if name is None else f"{name}.{field}"


def sha256(text: str) -> str:
    """Hex digits, as automatic persisted queries name a text. What parses has no surrogates."""
    return hashlib.sha256(text.encode()).hexdigest()
