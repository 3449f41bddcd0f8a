"""``@cacheControl`` in a schema's SDL, read and counted as Apollo does where a hint is."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import build_schema
from hypothesis import given
from hypothesis import strategies as st

from controller.core.hints import LONGEST, Hint, read_hints
from controller.core.operation import Refusal
from controller.core.policy import Policy, Rule
from controller.core.rules import Decision, Match, decide_rules
from controller.core.schema import SchemaIndex
from tests.core.world import operation

SDL = """
type Query {
  post: Post
  fresh: Post @cacheControl(maxAge: 5)
  kept: Post @cacheControl(maxAge: 900)
  inherited: Post @cacheControl(inheritMaxAge: true)
  open: Secret @cacheControl(scope: PUBLIC)
  me: User
  node: Node
  things: [Thing]
  plain: Plain
  tag: Tag
  never: Int @cacheControl(maxAge: 0)
}
interface Node { id: ID @cacheControl(maxAge: 70) }
union Thing @cacheControl(maxAge: 40) = Post | User | Plain
type Post @cacheControl(maxAge: 60, scope: PUBLIC) {
  id: ID
  votes: Int @cacheControl(maxAge: 30)
  read: Boolean @cacheControl(maxAge: 10, scope: PRIVATE)
  author: User @cacheControl(scope: PUBLIC)
}
type User implements Node @cacheControl(maxAge: 20, scope: PRIVATE) { id: ID name: String }
type Plain implements Node { id: ID @cacheControl(maxAge: 50) name: String }
type Secret @cacheControl(maxAge: 15, scope: PRIVATE) { id: ID }
type Tag @cacheControl(maxAge: 25) { id: ID }
"""


def decided(text: str, *rules: Rule, sdl: str = SDL, **policy: Any) -> Decision | Refusal:
    """What hints and rules come to, with a scope for PRIVATE unless ``policy`` has another."""
    chosen = {"private_scope": "AUTH", **policy}
    index = SchemaIndex(
        build_schema(sdl, assume_valid_sdl=True), Policy("s", "d", rules=rules, **chosen)
    )
    return decide_rules(index, operation(text))


def kept(text: str, *rules: Rule, **options: Any) -> tuple[int, set[str]]:
    found = decided(text, *rules, **options)
    assert isinstance(found, Decision), found
    return found.max_age, set(found.scopes)


def refused(text: str, **options: Any) -> str:
    found = decided(text, **options)
    assert isinstance(found, Refusal), found
    return found.detail


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A type's hint counts for the fields that return it.
        ("{ post { id } }", (60, set())),
        ("{ tag { id } }", (25, {"ANONYMOUS"})),
        ("{ post { id } tag { id } }", (25, {"ANONYMOUS"})),
        # A field's hint comes first, whether shorter or longer, each word for itself.
        ("{ fresh { id } }", (5, set())),
        ("{ kept { id } }", (900, set())),
        ("{ kept { id } post { id } }", (60, set())),
        ("{ inherited { id } }", (60, set())),
        ("{ open { id } }", (15, set())),
        ("{ post { votes } }", (30, {"ANONYMOUS"})),
        ("{ post { read } }", (10, {"AUTH"})),
        ("{ post { author { name } } }", (20, set())),
        ("{ me { name } }", (20, {"AUTH"})),
        # Of an abstract type the members that count speak too.
        ("{ things { ... on Plain { name } } }", (40, {"ANONYMOUS"})),
        ("{ things { ... on User { name } } }", (20, {"ANONYMOUS", "AUTH"})),
        ("{ node { ... on User { name } } }", (20, {"AUTH"})),
        # An interface's field speaks for those that implement it and say nothing.
        ("{ node { ... on User { id } } }", (20, {"ANONYMOUS", "AUTH"})),
        ("{ plain { id } }", (50, {"ANONYMOUS"})),
        # Aliases, fragments, conditions in variables.
        ("{ a: fresh { b: id } }", (5, set())),
        ("{ post { ...F } } fragment F on Post { votes }", (30, {"ANONYMOUS"})),
        ("query($v: Boolean!) { post { id votes @include(if: $v) } }", (30, {"ANONYMOUS"})),
    ],
)
def test_hints_count(text: str, expected: tuple[int, set[str]]) -> None:
    assert kept(text) == expected


def test_an_interface_field_speaks_for_a_member_that_says_nothing() -> None:
    sdl = "type Query { a: A } interface I { x: Int @cacheControl(maxAge: 7) } type A implements I"
    assert kept("{ a { x } }", sdl=sdl + " { x: Int y: Int }")[0] == 7
    assert refused("{ a { y } }", sdl=sdl + " { x: Int y: Int }") == "no-rule"


def test_nothing_said_is_nothing_counted() -> None:
    assert refused("{ plain { name } }") == "no-rule"
    assert refused("{ __typename }") == "no-rule"


def test_max_age_0_is_never_cached() -> None:
    assert refused("{ never post { id } }") == "max-age-0"


def test_a_hint_and_a_rule_count_together() -> None:
    rule = Rule(0, {"Query": None}, 45, 300, "SHOP")
    assert kept("{ post { id } }", rule) == (45, {"SHOP"})
    found = decided("{ post { votes } }", rule)
    assert isinstance(found, Decision)
    assert (found.max_age, found.swr) == (30, 0)
    assert Match(None, "Post.votes", "Post.votes") in found.matched


def test_private_without_an_age_says_for_whom_and_caches_nothing() -> None:
    sdl = "type Query { a: Int @cacheControl(scope: PRIVATE) b: Int @cacheControl(scope: PUBLIC) }"
    assert refused("{ a }", sdl=sdl) == "no-rule"
    rule = Rule(0, {"Query": None}, 45, 0, "PUBLIC")
    assert kept("{ a }", rule, sdl=sdl) == (45, {"AUTH"})
    assert kept("{ b }", rule, sdl=sdl) == (45, set())


def test_private_without_a_scope_for_it_passes() -> None:
    assert refused("{ me { name } }", private_scope=None) == "private-hint"
    assert refused("{ post { read } }", private_scope=None) == "private-hint"
    assert kept("{ post { author { name } } }", private_scope=None) == (20, set())


def test_a_hint_on_the_root_counts_for_every_query() -> None:
    sdl = "type Query @cacheControl(maxAge: 8) { a: Int b: B } type B { c: Int }"
    assert kept("{ b { c } }", sdl=sdl) == (8, {"ANONYMOUS"})
    assert kept("{ b { c } }", sdl=sdl, default_scope="PUBLIC") == (8, set())


@pytest.mark.parametrize(
    ("written", "meaning"),
    [
        ("maxAge: 60", Hint(60)),
        ("maxAge: 60, inheritMaxAge: true", Hint()),
        ("maxAge: 60, inheritMaxAge: false", Hint(60)),
        ("maxAge: null, scope: null", Hint()),
        ("scope: PUBLIC", Hint(None, "PUBLIC")),
        # In doubt the strictest.
        ('maxAge: "60"', Hint(0)),
        ("maxAge: -5", Hint(0)),
        ("maxAge: 1.5", Hint(0)),
        (f"maxAge: {'9' * 5_000}", Hint(LONGEST)),
        ("scope: SECRET", Hint(None, "PRIVATE")),
        ("scope: 5", Hint(None, "PRIVATE")),
        ('scope: "PUBLIC"', Hint(None, "PUBLIC")),
        ("maxAge: 60) @cacheControl(maxAge: 30, scope: PUBLIC", Hint(30, "PUBLIC")),
        ("scope: PUBLIC) @cacheControl(scope: PRIVATE", Hint(None, "PRIVATE")),
    ],
)
def test_a_directive_is_read(written: str, meaning: Hint) -> None:
    sdl = f"type Query {{ a: Int @cacheControl({written}) }}"
    found = read_hints(build_schema(sdl, assume_valid_sdl=True))
    assert found.fields.get("Query.a", Hint()) == meaning


def test_an_extension_speaks_like_its_type() -> None:
    sdl = "type Query { a: A } type A { b: Int } extend type A @cacheControl(maxAge: 9)"
    sdl += " { c: Int @cacheControl(maxAge: 3) }"
    assert kept("{ a { b } }", sdl=sdl)[0] == 9
    assert kept("{ a { c } }", sdl=sdl)[0] == 3


def test_a_changed_hint_changes_the_digest_of_every_key() -> None:
    def digest(sdl: str) -> str:
        return SchemaIndex(build_schema(sdl, assume_valid_sdl=True), Policy("s", "d")).digest

    assert digest(SDL) == digest(SDL)
    assert digest(SDL) != digest(SDL.replace("maxAge: 60", "maxAge: 61"))
    assert digest(SDL) != digest(
        SDL.replace("scope: PRIVATE) { id: ID }", "scope: PUBLIC) {id:ID}")
    )


@given(st.lists(st.sampled_from(["post", "fresh", "kept", "open", "tag", "me"]), min_size=1))
def test_selecting_more_never_keeps_longer_or_for_more_people(fields: list[str]) -> None:
    selections = [f"f{n}: {name} {{ id }}" for n, name in enumerate(fields)]
    some, all_ = kept("{" + selections[0] + "}"), kept("{" + " ".join(selections) + "}")
    assert all_[0] <= some[0]
    assert all_[1] >= some[1]
