"""For how long, and for whom, the answer to an operation may be kept: static from the schema.

Stellate's meaning of rules, except that of an abstract field only those possible types count of
which the selection holds more than ``__typename`` (all of them if it holds no more of any).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from controller.core.operation import Operation, Refusal
from controller.core.policy import PUBLIC, Rule
from controller.core.reach import Reached, reach
from controller.core.schema import SchemaIndex


@dataclass(frozen=True, slots=True)
class Match:
    """Why a rule applies. ``rule`` is ``Rule.index``; ``entry`` is what the rule names, a type or
    ``Type.field``; ``coordinate`` is what of the operation that is.
    """

    rule: int
    entry: str
    coordinate: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer may be stored for ``max_age`` and served stale for ``swr`` more seconds.

    ``scopes`` are the names of all scopes it is kept apart by, ANONYMOUS among them; PUBLIC is
    neutral and never there: empty means shared by everybody. ``types`` are the object types that
    count.
    """

    max_age: int
    swr: int
    scopes: frozenset[str]
    types: frozenset[str]
    matched: tuple[Match, ...]


def decide_rules(index: SchemaIndex, operation: Operation) -> Decision | Refusal:
    """The rules for a query. The document must be valid."""
    policy = index.policy
    if policy.pass_through_only:
        return Refusal("pass-through-only", "passThroughOnly is set")
    reached = reach(index, operation)
    if isinstance(reached, Refusal):
        return reached
    if reached.introspection:
        return Refusal("introspection", "the operation asks for the schema")
    for entry in sorted(policy.non_cacheable):
        type_name, _, field = entry.partition(".")
        coordinate = _coordinate(index, reached, type_name, field or None)
        if coordinate is not None:
            return Refusal("non-cacheable", f"{coordinate} is nonCacheable by {entry}")
    matched = [(rule, match) for rule in policy.rules for match in _matches(index, reached, rule)]
    return _combined(matched, reached)


def _combined(matched: list[tuple[Rule, Match]], reached: Reached) -> Decision | Refusal:
    if not matched:
        return Refusal("no-rule", "no rule matches what is selected")
    max_age = min(rule.max_age for rule, _ in matched)
    swr = min(rule.swr for rule, _ in matched)
    if max_age == 0 and swr == 0:
        return Refusal("max-age-0", "the rules that match come to maxAge 0 and swr 0")
    return Decision(
        max_age=max_age,
        swr=swr,
        scopes=frozenset(rule.scope for rule, _ in matched) - {PUBLIC},
        types=reached.types,
        matched=tuple(match for _, match in matched),
    )


def _matches(index: SchemaIndex, reached: Reached, rule: Rule) -> Iterator[Match]:
    for type_name, fields in rule.types.items():
        for field in [None] if fields is None else sorted(fields):
            coordinate = _coordinate(index, reached, type_name, field)
            if coordinate is not None:
                entry = type_name if field is None else f"{type_name}.{field}"
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
