"""Rules without a schema: what the document says, what the answer shows, what doubt does."""

from __future__ import annotations

import pytest
from graphql import OperationType

from controller.brain import Unruled
from controller.core.answer import Answer, Uncuttable
from controller.core.policy import ANONYMOUS
from controller.core.rules import Decision
from controller.core.verdict import CacheableQuery, Pass
from tests.core.free import answered, brain, decided, names_of, rule

POST = rule(0, "Post")
USER = rule(1, "User", scope="USER", max_age=60)


def test_fields_stand_under_each_condition_around_them() -> None:
    found = names_of(
        "{ a { ...on Node { id ...on Post { title ...F } } } } fragment F on Owned { owner { id } }"
    )
    assert found.on("Node") == {"id", "title", "owner"}
    assert found.on("Post") == {"title", "owner"}
    assert found.on("Owned") == {"owner"}
    assert found.on("User") is None
    assert (found.roots, found.objects) == ({"a"}, True)


def test_a_fragment_that_is_spread_twice_is_under_both_conditions() -> None:
    found = names_of("{ a { ...on A { ...F } ...on B { ...F } } } fragment F on C { x }")
    assert found.on("A") == found.on("B") == found.on("C") == {"x"}


@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        ("{ plain }", "no-rule"),
        ("{ __typename }", "no-rule"),
        ("{ secret post { id } }", "non-cacheable"),
        ("{ ...on Query { secret } post { id } }", "non-cacheable"),
        ("{ post { ...on Node { ...on Vault { word } } } }", "non-cacheable"),
        ('{ __type(name: "A") { name } post { id } }', "introspection"),
    ],
)
def test_what_no_answer_can_make_cacheable_passes(asked: str, detail: str) -> None:
    found = brain(POST, USER, non_cacheable=frozenset({"Query.secret", "Vault"}))
    verdict = decided(found, asked)
    assert isinstance(verdict, Pass)
    assert verdict.detail == detail


def test_a_rule_for_a_field_that_is_not_selected_makes_nothing_cacheable() -> None:
    assert isinstance(decided(brain(rule(0, "Post.title")), "{ post { id } }"), Pass)
    assert isinstance(decided(brain(rule(0, "Post.title")), "{ post { title } }"), CacheableQuery)


def test_the_root_has_the_name_of_the_config_too() -> None:
    found = brain(rule(0, "query_root.post"), root_names={OperationType.QUERY: "query_root"})
    verdict = decided(found, "{ post { id } }")
    assert isinstance(verdict, CacheableQuery)
    assert verdict.decision.matched


def test_a_root_that_shows_its_name_is_ruled_by_it() -> None:
    found = brain(POST, non_cacheable=frozenset({"query_root.cart"}))
    asked, data = "{ __typename cart post { id } }", {"cart": 1, "post": {"T": "Post", "id": "1"}}
    _, ruled = answered(found, asked, {"__typename": "query_root", **data})
    assert ruled == Unruled("non-cacheable")


def test_the_shortest_age_of_what_the_answer_shows_counts() -> None:
    found = brain(rule(0, "Post", swr=60), rule(1, "Author", max_age=5))
    asked = "{ post { id author { id } } }"
    author = {"T": "Author", "id": "1"}
    _, ruled = answered(found, asked, {"post": {"T": "Post", "id": "1", "author": author}})
    assert isinstance(ruled, Decision)
    assert (ruled.max_age, ruled.swr, ruled.scopes) == (5, 0, frozenset())


@pytest.mark.parametrize("nothing", [None, [], [None], [{"T": "Post", "id": 1}, None]])
def test_where_nothing_stands_anything_could(nothing: object) -> None:
    _, ruled = answered(brain(POST, USER), "{ post { id } posts { id } }", {"post": nothing})
    assert isinstance(ruled, Unruled)
    assert ruled.detail == "late-scope"


def test_doubt_makes_nothing_cacheable() -> None:
    _, ruled = answered(brain(POST), "{ post { id } }", {"post": None})
    assert ruled == Unruled("no-rule")


def test_what_could_hold_what_is_not_cacheable_is_not_stored() -> None:
    found = brain(POST, non_cacheable=frozenset({"Vault.word"}))
    post = {"T": "Post", "id": "1"}
    _, ruled = answered(found, "{ post { id } safe { word } }", {"post": post, "safe": None})
    assert ruled == Unruled("non-cacheable")
    _, ruled = answered(found, "{ post { id } safe { id } }", {"post": post, "safe": None})
    assert isinstance(ruled, Decision)


def test_a_fragment_that_does_not_hold_makes_nothing_cacheable() -> None:
    asked = "{ thing { ...on Video { title } } }"
    _, ruled = answered(brain(POST), asked, {"thing": {"T": "Post"}})
    assert ruled == Unruled("no-rule")
    _, ruled = answered(brain(POST), asked, {"thing": {"T": "Post", "title": "x"}})
    assert isinstance(ruled, Decision)
    _, ruled = answered(brain(POST), "{ thing { __typename } }", {"thing": {"__typename": "Post"}})
    assert isinstance(ruled, Decision)


def test_a_scope_that_is_learned_is_in_the_key_from_then_on() -> None:
    found, asked = brain(POST, USER), "query Mine { owned { id } }"
    before = decided(found, asked)
    _, ruled = answered(found, asked, {"owned": {"T": "User", "id": "1"}})
    assert isinstance(ruled, Unruled)
    assert ruled.purge is not None
    assert ruled.purge.tags == found.verdict_tags(before)  # type: ignore[arg-type]
    after = decided(found, asked)
    assert isinstance(before, CacheableQuery)
    assert isinstance(after, CacheableQuery)
    assert after.key != before.key
    assert (before.decision.scopes, after.decision.scopes) == (frozenset(), {"USER"})
    assert not {*ruled.purge.tags} & {*found.verdict_tags(after)}
    _, ruled = answered(found, asked, {"owned": {"T": "User", "id": "1"}})
    assert isinstance(ruled, Decision)
    # Of another document nothing was learned.
    other = decided(found, "query Other { owned { id } }")
    assert isinstance(other, CacheableQuery)
    assert other.decision.scopes == frozenset()


def test_what_varnish_has_keyed_by_fewer_scopes_is_judged_by_those() -> None:
    found, asked = brain(POST, USER), "{ owned { id } }"
    old = decided(found, asked)
    answered(found, asked, {"owned": {"T": "User", "id": "1"}})
    new = decided(found, asked)
    assert isinstance(old, CacheableQuery)
    assert isinstance(new, CacheableQuery)
    assert found.as_keyed(new, ()).key == old.key
    sent = found.instrumented(new.operation)
    (alias,) = sent.aliases
    body = f'{{"data": {{"owned": {{"{alias}": "User", "id": "1"}}}}}}'.encode()
    _, ruled = found.read(found.as_keyed(new, ()), sent, body)
    assert isinstance(ruled, Unruled)
    assert ruled.purge is not None
    assert ruled.purge.tags == found.verdict_tags(old)


def test_a_scope_that_every_rule_has_is_known_before_any_answer() -> None:
    found = brain(rule(0, "Post", scope=ANONYMOUS), rule(1, "User", scope=ANONYMOUS))
    verdict = decided(found, "{ owned { id } }")
    assert isinstance(verdict, CacheableQuery)
    assert verdict.decision.scopes == {ANONYMOUS}


@pytest.mark.parametrize(
    "asked",
    [
        "{ owned { __typename: id label } }",
        "{ owned { ...on User { __typename: id } label } }",
        "{ owned { __typename ...on User { __typename: id } label } }",
        "{ owned { ...on User { __typename: id } __typename label } }",
    ],
)
def test_what_a_client_calls_typename_is_no_type(asked: str) -> None:
    found = brain(POST, USER)
    data = {"owned": {"T": "User", "__typename": "Post", "label": "x"}}
    verdict = decided(found, asked)
    assert isinstance(verdict, CacheableQuery)
    injected = bool(found.instrumented(verdict.operation).aliases)
    if not injected:
        del data["owned"]["T"]
    read, ruled = answered(found, asked, data)
    assert isinstance(read, Answer)
    assert "type:Post" not in read.tags
    assert ("type:User" if injected else "unknown-type") in read.tags
    assert isinstance(ruled, Unruled | Decision)
    scopes = decided(found, asked).decision.scopes  # type: ignore[union-attr]
    assert scopes == {"USER"}


@pytest.mark.parametrize("name", [5, None, "", "Post User", "Post\n", {"a": 1}])
def test_a_type_that_is_no_name_makes_the_answer_unreadable(name: object) -> None:
    read, _ = answered(brain(POST), "{ post { id } }", {"post": {"T": name, "id": "1"}})
    assert isinstance(read, Uncuttable)


def test_errors_hide_everything() -> None:
    errors = [{"message": "no"}]
    post = {"T": "Post", "id": "1"}
    read, ruled = answered(brain(POST, USER), "{ post { id } }", {"post": post}, errors=errors)
    assert isinstance(read, Answer)
    assert "unknown-type" in read.tags
    assert isinstance(ruled, Unruled)
    assert ruled.detail == "late-scope"
