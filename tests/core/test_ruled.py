"""What is told about rules, one by one, comes to what they decide together."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.operation import Refusal
from controller.core.policy import ANONYMOUS, PUBLIC, Policy, Rule
from controller.core.ruled import Cause, ruled_types
from controller.core.rules import decide_rules
from controller.core.schema import SchemaIndex
from tests.core.documents import documents
from tests.core.world import SCHEMA, operation
from tests.support.effort import examples

COORDINATES = sorted(
    [name for name in SCHEMA.type_map if hasattr(SCHEMA.type_map[name], "fields")]
    + ["Thing", "Result"]
    + [
        f"{name}.{field}"
        for name, type_ in SCHEMA.type_map.items()
        if not name.startswith("__")
        for field in getattr(type_, "fields", {})
    ]
)
NAMED = st.sampled_from([name for name in COORDINATES if not name.startswith("__")])


@st.composite
def rules(draw: st.DrawFn) -> tuple[Rule, ...]:
    """A few rules, each for some types and fields."""
    found = []
    for index in range(draw(st.integers(1, 4))):
        types: dict[str, frozenset[str] | None] = {}
        for name in draw(st.lists(NAMED, min_size=1, max_size=4)):
            type_name, _, member = name.partition(".")
            before = types.get(type_name, frozenset())
            types[type_name] = before | {member} if member and before is not None else None
        scope = draw(st.sampled_from([PUBLIC, ANONYMOUS, "USER"]))
        found.append(Rule(index, types, draw(st.integers(1, 9)), draw(st.integers(1, 9)), scope))
    return tuple(found)


def causes(index: SchemaIndex, text: str) -> Iterator[tuple[str, Cause]]:
    told = ruled_types(index, operation(text))
    assert not isinstance(told, Refusal)
    for type_ in told:
        yield from ((type_.name, cause) for cause in type_.causes)
        for field in type_.fields:
            yield from ((f"{type_.name}.{field.name}", cause) for cause in field.causes)


@settings(max_examples=examples(150))
@given(documents(), rules())
def test_all_causes_together_are_the_decision(text: str, given_rules: tuple[Rule, ...]) -> None:
    index = SchemaIndex(SCHEMA, Policy("shop", "digest", rules=given_rules))
    told = list(causes(index, text))
    decision = decide_rules(index, operation(text))
    if isinstance(decision, Refusal):
        assert decision.detail in ("no-rule", "introspection", "too-complex")
        assert decision.detail != "no-rule" or not told
        return
    assert decision.max_age == min(cause.max_age or 0 for _, cause in told)
    assert decision.swr == min(cause.swr or 0 for _, cause in told)
    assert decision.scopes == {cause.scope for _, cause in told} - {PUBLIC}
    matched = {(f"rules[{match.rule}]", match.entry) for match in decision.matched}
    assert matched == {(cause.source, cause.entry) for _, cause in told}
    assert {match.coordinate for match in decision.matched} <= {place for place, _ in told}


@settings(max_examples=examples(150))
@given(documents(), st.sets(NAMED, min_size=1, max_size=3))
def test_what_is_not_cacheable_is_told_where_it_decides(text: str, entries: set[str]) -> None:
    rule = Rule(0, {"Query": None}, 5, 0, PUBLIC)
    policy = Policy("shop", "digest", rules=(rule,), non_cacheable=frozenset(entries))
    index = SchemaIndex(SCHEMA, policy)
    told = {cause.entry for _, cause in causes(index, text) if cause.source == "nonCacheable"}
    decision = decide_rules(index, operation(text))
    assert bool(told) == (isinstance(decision, Refusal) and decision.detail == "non-cacheable")
    assert told <= entries


def test_the_root_comes_first_and_a_member_stands_with_its_own_fields() -> None:
    index = SchemaIndex(SCHEMA, Policy("shop", "digest"))
    told = ruled_types(
        index, operation("{ thing { ... on Post { title } ... on Money { amount } } }")
    )
    assert not isinstance(told, Refusal)
    assert [(t.name, [f.name for f in t.fields]) for t in told] == [
        ("Query", ["thing"]),
        ("Money", ["amount"]),
        ("Post", ["title"]),
        ("Thing", []),
    ]


def test_an_entry_for_an_abstract_type_stands_there_and_with_the_members_that_count() -> None:
    rule = Rule(0, {"Thing": None}, 5, 0, PUBLIC)
    index = SchemaIndex(SCHEMA, Policy("shop", "digest", rules=(rule,)))
    found = [
        (place, cause.entry) for place, cause in causes(index, "{ things { ...on Post { id } } }")
    ]
    assert found == [("Post", "Thing"), ("Thing", "Thing")]
