"""Which rules an operation meets, statically from the schema."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.core.operation import Refusal
from controller.core.policy import ANONYMOUS, PUBLIC, Policy
from controller.core.rules import Decision, decide_rules
from controller.core.schema import SchemaIndex
from tests.core.ruling import assert_refused, decided, rule
from tests.core.world import SCHEMA, operation


def assert_matches(text: str, name: str, coordinate: str) -> None:
    found = decided(text, rule(name))
    assert isinstance(found, Decision), found
    assert [(m.entry, m.coordinate) for m in found.matched] == [(name, coordinate)]


def assert_no_rule(text: str, name: str) -> None:
    found = decided(text, rule(name))
    assert isinstance(found, Refusal), found
    assert found.detail == "no-rule"


@pytest.mark.parametrize(
    ("text", "name", "coordinate"),
    [
        ("{ post { id } }", "Post", "Post"),
        ("{ post { id } }", "Query", "Query"),
        ("{ __typename }", "Query", "Query"),
        ("{ post { __typename } }", "Post", "Post"),
        ("{ post { id } }", "Query.post", "Query.post"),
        ("{ p: post { t: title } }", "Post.title", "Post.title"),
        ("{ post { owner { id } } }", "User", "User"),
        ("{ posts { price { amount } } }", "Money.amount", "Money.amount"),
        ("{ grid { id } }", "Post", "Post"),
        (
            "{ ...F } fragment F on Query { me { ...G } } fragment G on User { id }",
            "User.id",
            "User.id",
        ),
        ("query($y: Boolean!) { me @include(if: $y) { id } }", "User", "User"),
        ("{ me { query { count } } }", "Query.count", "Query.count"),
        # Interfaces and unions name all their members, and a field its implementations.
        ("{ post { id } }", "Node", "Post"),
        ("{ post { id } }", "Thing", "Post"),
        ("{ post { id } }", "Node.id", "Post.id"),
        ("{ node { id } }", "Node", "Node"),
        ("{ node { id } }", "Page", "Page"),
        ("{ node { id } }", "Page.id", "Page.id"),
        ("{ node { id } }", "Node.id", "Page.id"),
        ("{ node { ... on Post { title } } }", "Node", "Node"),
        ("{ node { ... on Post { title } } }", "Titled.title", "Post.title"),
        ("{ titled { owner { name } } }", "User.name", "User.name"),
        ("{ things { ... on Node { ... on Titled { title } } } }", "Post", "Post"),
        # Nothing but __typename: any member may be there.
        ("{ things { __typename } }", "Ledger", "Ledger"),
        ("{ things { __typename ... on Post { __typename } } }", "User", "User"),
        ("{ things { ...F } } fragment F on Thing { t: __typename }", "Money", "Money"),
    ],
)
def test_a_rule_matches(text: str, name: str, coordinate: str) -> None:
    assert_matches(text, name, coordinate)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{ post { id } }", "User"),
        ("{ post { id } }", "Post.title"),
        ("{ post { title: id } }", "Post.title"),
        ("{ post { id } }", "Titled.title"),
        ("{ post { id } }", "Nowhere"),
        ("{ post { id } }", "Query.node"),
        ("{ post { id } }", "String"),
        ("{ me { id } }", "Titled"),
        ("query A { me { id } } ", "Mutation"),
        ("{ me { id } }", "Query.me.id"),
        # Only members of which more than __typename is selected.
        ("{ node { ... on Post { title } } }", "User"),
        ("{ node { __typename ... on Post { title } } }", "User"),
        ("{ node { ... on Post { title } ... on User { __typename } } }", "User"),
        ("{ things { ... on Titled { title } } }", "User"),
        ("{ things { ... on Node { ... on Post { id } } } }", "User"),
        (
            "{ node { ...F } } fragment F on Node { ... on Post { ...G } } fragment G on Node {id}",
            "User",
        ),
    ],
)
def test_a_rule_does_not_match(text: str, name: str) -> None:
    assert_no_rule(text, name)


def test_an_unused_fragment_or_operation_does_not_count() -> None:
    text = "query A { me { id } } query B { post { id } } fragment F on Post { id }"
    index = SchemaIndex(SCHEMA, Policy("shop", "d", rules=(rule("Post"),)))
    assert_refused(decide_rules(index, operation(text, "A")), "no-rule")
    assert isinstance(decide_rules(index, operation(text, "B")), Decision)


def test_the_lowest_ages_count_and_may_come_from_two_rules() -> None:
    found = decided(
        "{ post { id owner { id } } count }",
        rule("Query", max_age=900, swr=900),
        rule("Post", max_age=5, swr=300),
        rule("User", max_age=100, swr=7),
        rule("Product", max_age=1, swr=1),
    )
    assert isinstance(found, Decision)
    assert (found.max_age, found.swr) == (5, 7)


@pytest.mark.parametrize(
    ("max_age", "swr", "detail"), [(0, 0, "max-age-0"), (0, 5, None), (5, 0, None)]
)
def test_only_no_age_at_all_is_no_caching(max_age: int, swr: int, detail: str | None) -> None:
    found = decided("{ count }", rule("Query"), rule("Query.count", max_age=max_age, swr=swr))
    assert (found.detail if isinstance(found, Refusal) else None) == detail


def test_ages_of_zero_may_come_from_two_rules() -> None:
    found = decided(
        "{ count }", rule("Query", max_age=0, swr=9), rule("Query.count", max_age=9, swr=0)
    )
    assert_refused(found, "max-age-0")


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        ((PUBLIC,), set()),
        ((PUBLIC, ANONYMOUS), {ANONYMOUS}),
        ((ANONYMOUS, "AUTH"), {ANONYMOUS, "AUTH"}),
        (("AUTH", PUBLIC, "SHOP"), {"AUTH", "SHOP"}),
    ],
)
def test_scopes_are_combined_and_public_is_neutral(
    scopes: tuple[str, ...], expected: set[str]
) -> None:
    found = decided("{ count }", *(rule("Query", scope=scope) for scope in scopes))
    assert isinstance(found, Decision)
    assert found.scopes == expected


def test_a_scope_deep_in_the_document_counts() -> None:
    found = decided(
        "{ posts { comments { nodes { author { name } } } } }",
        rule("Query"),
        rule("User.name", scope="AUTH"),
    )
    assert isinstance(found, Decision)
    assert found.scopes == {"AUTH"}


def test_a_match_says_which_rule_and_what_of_the_operation() -> None:
    found = decided(
        "{ post { id title } node { id } }",
        rule("Query", index=0),
        rule("Product", "User.name", index=1),
        rule("Titled.title", "Node", "Post.title", index=2),
    )
    assert isinstance(found, Decision)
    assert [(m.rule, m.entry, m.coordinate) for m in found.matched] == [
        (0, "Query", "Query"),
        (2, "Titled.title", "Post.title"),
        (2, "Node", "Node"),
        (2, "Post.title", "Post.title"),
    ]
    assert found.types == {"Query", "Post", "Page", "User"}


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("{ post { id } }", "Post"),
        ("{ post { title } }", "Post.title"),
        ("{ node { id } }", "User"),
        ("{ node { id } }", "Titled"),
        ("{ post { title } }", "Titled.title"),
        ("{ things { __typename } }", "Ledger"),
        ("{ count }", "Query"),
    ],
)
def test_something_non_cacheable_is_seen(text: str, entry: str) -> None:
    assert_refused(decided(text, rule("Query"), non_cacheable=frozenset({entry})), "non-cacheable")


@pytest.mark.parametrize("entry", ["User", "Post.title", "Money", "Nowhere", "Nowhere.at"])
def test_what_is_not_selected_is_cacheable(entry: str) -> None:
    found = decided("{ post { id } }", rule("Query"), non_cacheable=frozenset({entry}))
    assert isinstance(found, Decision)


@pytest.mark.parametrize(
    "text",
    [
        "{ count me @include(if: false) { id } }",
        "{ count me @skip(if: true) { id } }",
        "query($y: Boolean!) { count me @include(if: $y) @skip(if: true) { id } }",
        "{ count ... @include(if: false) { me { id } } }",
        "{ count ...F @skip(if: true) } fragment F on Query { me { id } }",
        "{ count post { id owner @include(if: false) { id } } }",
    ],
)
def test_what_a_literal_leaves_out_does_not_count(text: str) -> None:
    found = decided(text, rule("Query"), rule("User", scope="AUTH"))
    assert isinstance(found, Decision)
    assert found.scopes == frozenset()
    assert "User" not in found.types


@pytest.mark.parametrize(
    "text",
    [
        "{ count me @include(if: true) { id } }",
        "{ count me @skip(if: false) { id } }",
        "query($y: Boolean!) { count me @include(if: $y) { id } }",
        "query($y: Boolean! = false) { count me @include(if: $y) { id } }",
        "query($y: Boolean! = true) { count me @skip(if: $y) { id } }",
        "query($y: Boolean!) { count me @include(if: true) @skip(if: $y) { id } }",
        "{ count me @include(if: false) { id } me { id } }",
        "{ count ...F @skip(if: true) ...F } fragment F on Query { me { id } }",
    ],
)
def test_what_may_be_there_counts(text: str) -> None:
    found = decided(text, rule("Query"), rule("User", scope="AUTH"))
    assert isinstance(found, Decision)
    assert found.scopes == {"AUTH"}


def test_of_an_object_with_nothing_left_any_member_may_be_there() -> None:
    text = "{ things { __typename ... on Post @include(if: false) { title } } }"
    assert_matches(text, "Ledger", "Ledger")


def test_nothing_is_cached_when_caching_is_off() -> None:
    assert_refused(decided("{ count }", rule("Query"), pass_through_only=True), "pass-through-only")


def test_policies_can_differ_in_a_schema_of_one() -> None:
    open_ = SchemaIndex(SCHEMA, Policy("shop", "d", rules=(rule("Query"),)))
    closed = SchemaIndex(SCHEMA, replace(open_.policy, pass_through_only=True))
    assert isinstance(decide_rules(open_, operation("{count}")), Decision)
    assert isinstance(decide_rules(closed, operation("{count}")), Refusal)
