"""For how long, and for whom, where types are known from the answer alone.

Before there is an answer rules can be matched by hash, by root field, and by the type conditions
of fragments. The answer's type names come to it; what could be of any type is taken for each type
that rules name, so that doubt shortens, splits and forbids, and never makes anything cacheable.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from graphql import OperationType

from controller.core.operation import Operation, Refusal
from controller.core.policy import PUBLIC, Policy, Rule
from controller.core.roots import USUAL
from controller.core.rules import Decision, Match, by_hash, sha256
from controller.core.schemaless.document import Named
from controller.core.schemaless.walk import FreeSeen

SOME_TYPE: Final = "an object of unknown type"


@dataclass(frozen=True, slots=True)
class Late:
    """The answer shows scopes that its key lacks: it must not be stored. ``scopes`` are all that
    it shows.
    """

    scopes: frozenset[str]


def decide_by_document(policy: Policy, operation: Operation, named: Named) -> Decision | Refusal:
    """What can be said before there is an answer.

    Ages are those of the rules that match for certain, the longest a rule gives where none does:
    an answer can only shorten them. ``scopes`` are those that every storable answer has.
    """
    if policy.pass_through_only:
        return Refusal("pass-through-only", "passThroughOnly is set")
    if named.introspection:
        return Refusal("introspection", "the operation asks for the schema")
    for entry in sorted(policy.non_cacheable):
        found = next(_by_document(policy, named, *_coordinate(entry)), None)
        if found is not None:
            return Refusal("non-cacheable", f"{found} is nonCacheable by {entry}")
    matched = list(_matches_by_document(policy, operation, named))
    rules = _rules(policy, matched)
    if not rules:
        left = {rule.index for rule, _ in left_to_answer(policy, operation, named)}
        rules = [rule for rule in policy.rules if rule.index in left]
    if not rules:
        return Refusal("no-rule", "no rule matches what is selected, whatever its types")
    pick = min if matched else max
    max_age, swr = pick(rule.max_age for rule in rules), pick(rule.swr for rule in rules)
    if max_age == 0 and swr == 0:
        return Refusal("max-age-0", "the rules that match come to maxAge 0 and swr 0")
    scopes = {rule.scope for rule in rules}
    source = sha256(operation.source)
    return Decision(
        max_age=max_age,
        swr=swr,
        # Several rules that may match have one scope in common only if it is the same.
        scopes=frozenset(scopes if matched or len(scopes) == 1 else ()) - {PUBLIC},
        types=frozenset(),
        matched=tuple(matched),
        by_spelling=tuple(rule.index for rule in policy.rules if source in rule.hashes),
    )


def decide_by_answer(
    policy: Policy, decision: Decision, seen: FreeSeen
) -> Decision | Late | Refusal:
    """What an answer comes to that was fetched under ``decision``, whose scopes its key holds."""
    for entry in sorted(policy.non_cacheable):
        where = _by_sight(seen, *_coordinate(entry)) or _in_doubt(seen, *_coordinate(entry))
        if where is not None:
            return Refusal("non-cacheable", f"{where} is nonCacheable by {entry}")
    matched = list(decision.matched)
    doubted = set()
    for rule, type_name, field in _entries(policy.rules):
        entry = _entry(type_name, field)
        if _holds(seen.shown, type_name, field):
            matched.append(Match(rule.index, entry, entry))
        elif _by_sight(seen, type_name, field) or _in_doubt(seen, type_name, field):
            doubted.add(rule.index)
    rules = [*_rules(policy, matched), *(r for r in policy.rules if r.index in doubted)]
    if not rules:
        return Refusal("no-rule", "no rule matches what the answer holds")
    max_age, swr = min(rule.max_age for rule in rules), min(rule.swr for rule in rules)
    if max_age == 0 and swr == 0:
        return Refusal("max-age-0", "the rules that match come to maxAge 0 and swr 0")
    scopes = frozenset(rule.scope for rule in rules) - {PUBLIC}
    if not scopes <= decision.scopes:
        return Late(scopes)
    if not matched:
        return Refusal("no-rule", "no rule certainly matches what the answer holds")
    types = frozenset(seen.types)
    return replace(decision, max_age=max_age, swr=swr, types=types, matched=tuple(matched))


def left_to_answer(
    policy: Policy, operation: Operation, named: Named
) -> Iterator[tuple[Rule, str]]:
    """The rules that only an answer can show to match, each with an entry by which it can."""
    known = {match.rule for match in _matches_by_document(policy, operation, named)}
    for rule, type_name, field in _entries(policy.rules):
        if rule.index not in known and _can_show(named, field):
            yield rule, _entry(type_name, field)


def non_cacheable_by_answer(policy: Policy, named: Named) -> tuple[str, ...]:
    """The entries of ``nonCacheable`` of which the same holds."""
    entries = sorted(policy.non_cacheable)
    return tuple(entry for entry in entries if _can_show(named, _coordinate(entry)[1]))


def root_names(policy: Policy) -> frozenset[str]:
    """What the query root may be called."""
    query = OperationType.QUERY
    return frozenset({USUAL[query], policy.root_names.get(query, USUAL[query])})


def is_root_entry(policy: Policy, entry: str) -> bool:
    """Whether a ``Type`` or ``Type.field`` speaks of the query root, so that no answer is needed
    to know whether it applies.
    """
    return _coordinate(entry)[0] in root_names(policy)


def _matches_by_document(policy: Policy, operation: Operation, named: Named) -> Iterator[Match]:
    for rule in policy.rules:
        yield from by_hash(rule, operation)
    for rule, type_name, field in _entries(policy.rules):
        for coordinate in _by_document(policy, named, type_name, field):
            yield Match(rule.index, _entry(type_name, field), coordinate)


def _by_document(policy: Policy, named: Named, type_name: str, field: str | None) -> Iterator[str]:
    """What the document selects of a type or a field: at its root, or in a fragment on it."""
    if type_name in root_names(policy) and (field is None or field in named.roots):
        yield _entry(type_name, field)
        return
    fields = named.on(type_name) or frozenset()
    if field in fields or (field is None and fields):
        yield _entry(type_name, field)


def _holds(fields: Mapping[str, Collection[str]], type_name: str, field: str | None) -> bool:
    return type_name in fields and (field is None or field in fields[type_name])


def _by_sight(seen: FreeSeen, type_name: str, field: str | None) -> str | None:
    """What the answer shows of a type or a field."""
    return _entry(type_name, field) if _holds(seen.fields, type_name, field) else None


def _in_doubt(seen: FreeSeen, type_name: str, field: str | None) -> str | None:
    """The same of what could be of any type."""
    if not seen.unknown or (field is not None and field not in seen.hidden):
        return None
    return f"{SOME_TYPE}, perhaps {_entry(type_name, field)}"


def _can_show(named: Named, field: str | None) -> bool:
    """Whether an answer can hold some type, or a field of it."""
    return named.objects and (field is None or field in named.fields)


def _rules(policy: Policy, matched: Collection[Match]) -> list[Rule]:
    met = {match.rule for match in matched}
    return [rule for rule in policy.rules if rule.index in met]


def _entries(rules: Collection[Rule]) -> Iterator[tuple[Rule, str, str | None]]:
    for rule in rules:
        for type_name, fields in rule.types.items():
            for name in [None] if fields is None else sorted(fields):
                yield rule, type_name, name


def _coordinate(entry: str) -> tuple[str, str | None]:
    type_name, _, field = entry.partition(".")
    return type_name, field or None


def _entry(type_name: str, field: str | None) -> str:
    return type_name if field is None else f"{type_name}.{field}"
