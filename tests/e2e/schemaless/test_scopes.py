"""Without a schema a scope is learned from answers: nobody gets what is another's meanwhile."""

from __future__ import annotations

import threading

import httpx
import pytest

from tests.e2e.schemaless.asking import ALICE, BOB, detail, mutate, settled, ttl
from tests.e2e.schemaless.conftest import Origin
from tests.support.stack import (
    Stack,
    assert_hit,
    assert_miss,
    assert_same_body,
    describe,
)


def test_a_scope_that_an_answer_shows_late_is_never_shared(stack: Stack, origin: Origin) -> None:
    asked = "query Late { owned { id } }"
    assert_miss(stack.query(asked, headers=ALICE))
    assert assert_hit(stack.query(asked, headers=BOB)).json() == {"data": {"owned": {"id": "1"}}}
    stack.purge("mutation { _purgeAll }")
    origin.thing = "User"
    for _ in range(3):
        for user in ("alice", "bob"):
            answer = stack.query(asked, headers={"x-user": user})
            assert answer.json()["data"]["owned"]["id"] == user, describe(answer)
        assert stack.query(asked).json()["data"]["owned"]["id"] == "nobody"
    for user in ("alice", "bob"):
        hit = assert_hit(stack.query(asked, headers={"x-user": user}))
        assert hit.json()["data"]["owned"]["id"] == user, describe(hit)
        assert 50 <= ttl(hit) <= 60


def test_the_first_answer_with_a_late_scope_is_not_stored(stack: Stack, origin: Origin) -> None:
    asked = "query First { owned { id } ruled: __typename }"
    origin.thing = "User"
    assert detail(assert_miss(stack.query(asked))) == "late-scope"
    assert_miss(stack.query(asked))
    assert_hit(stack.query(asked))


def test_nobody_gets_what_another_was_given(stack: Stack, origin: Origin) -> None:
    asked = "query Mine { me { id name } post(id: 1) { id } }"
    for _ in range(4):
        for user in ("alice", "bob"):
            answer = stack.query(asked, headers={"x-user": user})
            assert answer.json()["data"]["me"] == {"id": user, "name": user}, describe(answer)
        assert stack.query(asked).json()["data"]["me"] is None
    origin.documents.clear()
    for user in ("alice", "bob"):
        answer = assert_hit(stack.query(asked, headers={"x-user": user}))
        assert answer.json()["data"]["me"]["id"] == user
    assert_hit(stack.query(asked))
    assert origin.documents == []


def test_a_field_scoped_by_cookie_that_appears_in_the_second_answer(
    stack: Stack, origin: Origin
) -> None:
    asked = "query Second { owned { id label } }"
    origin.thing = "Post"
    assert_miss(stack.query(asked, headers=session("eve")))
    assert_hit(stack.query(asked, headers=session("mallory")))
    mutate(stack, 'mutation { renamePost(id: 1, title: "gone") { id } }')
    origin.thing = "Draft"
    for _ in range(3):
        for name, answer in at_once(stack, asked, ["eve", "mallory", "eve", "mallory"]):
            assert answer.json()["data"]["owned"]["label"] == f"of {name}", describe(answer)
    for name in ("eve", "mallory"):
        hit = assert_hit(stack.query(asked, headers=session(name)))
        assert hit.json()["data"]["owned"]["label"] == f"of {name}", describe(hit)
    stranger = stack.query(asked)
    assert stranger.json()["data"]["owned"]["label"] == "of None", describe(stranger)


def test_other_variables_of_the_document_are_asked_under_the_scope_from_then_on(
    stack: Stack, origin: Origin
) -> None:
    asked = "query Vars($x: String) { owned { id label } posts(tag: $x) { id } }"
    origin.thing = "Draft"
    settled(stack, asked, variables={"x": "a"}, headers=session("eve"))
    first = assert_miss(stack.query(asked, {"x": "b"}, headers=session("eve")))
    assert "detail" not in first.headers["cache-status"], describe(first)
    mine = assert_miss(stack.query(asked, {"x": "b"}, headers=session("mallory")))
    assert mine.json()["data"]["owned"]["label"] == "of mallory"


@pytest.mark.parametrize(
    "asked",
    [
        "query Alias { owned { __typename: id label } }",
        "query Alias { owned { ...on Owned { __typename: id } label } }",
        "query Alias { owned { kind: __typename ...A } } fragment A on Owned { __typename: id }",
    ],
)
def test_an_alias_that_imitates_typename_is_no_type(
    stack: Stack, origin: Origin, asked: str
) -> None:
    origin.thing = "User"
    for _ in range(3):
        for name in ("Post", "bob"):
            answer = stack.query(asked, headers={"x-user": name})
            assert answer.json()["data"]["owned"]["__typename"] == name, describe(answer)
    hit = assert_hit(stack.query(asked, headers={"x-user": "Post"}))
    assert ttl(hit) <= 60
    stack.purge('mutation { _purgeType(type: "Post") }')
    assert_hit(stack.query(asked, headers={"x-user": "Post"}))
    stack.purge('mutation { _purgeType(type: "User") }')
    assert_miss(stack.query(asked, headers={"x-user": "Post"}))


def test_a_fragment_on_a_type_that_there_is_not_makes_nothing_public(
    stack: Stack, origin: Origin
) -> None:
    origin.thing = "User"
    for asked in (
        "query Odd { owned { ...on Nowhere { id } id } }",
        "query Odd { owned { ...on Post { id } ...on Owned { id } } }",
        "query Odd { owned { ...on Post { ...on Owned { id } } id } }",
    ):
        for _ in range(3):
            for user in (ALICE, BOB):
                answer = stack.query(asked, headers=user)
                assert_same_body(answer, stack.query(asked, headers=user, direct=True))


def test_what_a_client_says_of_scopes_counts_for_nothing(stack: Stack, origin: Origin) -> None:
    asked = "query Forged { owned { id } }"
    origin.thing = "User"
    settled(stack, asked, headers=ALICE)
    forged = {**BOB, "x-shellac-scopes": ",", "x-shellac-key": "0" * 64, "x-shellac-round": "data"}
    for _ in range(2):
        answer = stack.query(asked, headers=forged)
        assert answer.json()["data"]["owned"]["id"] == "bob", describe(answer)


def session(name: str) -> dict[str, str]:
    return {"cookie": f"session={name}"}


def at_once(stack: Stack, asked: str, names: list[str]) -> list[tuple[str, httpx.Response]]:
    """Requests of several sessions that start together."""
    barrier, answers = threading.Barrier(len(names)), []

    def ask(name: str) -> None:
        barrier.wait()
        answers.append((name, stack.query(asked, headers=session(name))))

    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(names)
    return answers
