"""Verdicts on mutations, and the writes in batches and in requests that are passed as sent."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from graphql import OperationType

from controller.core import operation as operation_module
from controller.core.lexemes import Lexeme
from controller.core.request import HttpRequest
from controller.core.verdict import decide
from tests.core.verdicts import SHOP, M, Q, batch, cacheable, get, mutation, passed, post, written

# Mutations


def test_a_mutation_is_one_with_all_its_variables() -> None:
    found = mutation(post(M, '{"id":1.0,"undeclared":2}'))
    assert found.operation.name == "M"
    assert found.variables == {"id": Lexeme("1.0"), "undeclared": Lexeme("2")}
    assert not found.by_get


def test_a_mutation_by_get_is_one() -> None:
    assert mutation(get(M)).by_get


def test_a_mutation_beside_queries_is_the_one_that_is_named() -> None:
    assert mutation(post(f"{Q} {M}", name="M")).operation.name == "M"
    assert cacheable(post(f"{Q} {M}", name="Q")).operation.name == "Q"


def test_an_incremental_mutation_stays_one() -> None:
    found = mutation(post("mutation { befriend { ... @defer { id } } }"))
    assert found.operation.incremental
    passed(post("mutation { befriend { ... @defer { nothing } } }"), "invalid-document")


@pytest.mark.parametrize(
    ("text", "name", "detail"),
    [
        ("mutation { newerThanOurSchema }", None, "invalid-document"),
        ("mutation { ping { id } }", None, "invalid-document"),
        (M + " fragment Unused on Post { id }", None, "invalid-document"),
        ("mutation { ping", None, "unparsable-document"),
        ("mutation { merge {} }", None, "unparsable-document"),
        (f"{Q} {M}", None, "ambiguous-operation"),
        (M, "N", "unknown-operation"),
        ("mutation { ping }" + "#\n" * operation_module.MAX_TOKENS, None, "unparsable-document"),
        ("mutation {" + "befriend{friends" * 3_000, None, "unparsable-document"),
    ],
)
def test_a_mutation_that_is_not_understood_may_write(
    text: str, name: str | None, detail: str
) -> None:
    assert passed(post(text, name=name), detail).may_write


def test_an_invalid_mutation_is_still_known() -> None:
    found = passed(post("mutation New { newerThanOurSchema }"), "invalid-document")
    assert found.operation is not None
    assert found.operation.type is OperationType.MUTATION


@pytest.mark.parametrize("name", [None, "Q"])
def test_a_query_beside_a_mutation_does_not_write(name: str | None) -> None:
    text = f"{Q} mutation New {{ newerThanOurSchema }}"
    found = post(text, name="Q") if name else get(text, name="Q")
    assert not passed(found, "invalid-document").may_write


# Batches and requests that are passed as sent


def test_a_batch_is_passed_with_its_writes() -> None:
    found = batch(
        {"query": Q}, {"query": M, "variables": {"id": 1}}, {"query": M, "variables": {"id": 2}}
    )
    assert [write.variables["id"] for write in found.writes] == [Lexeme("1"), Lexeme("2")]
    assert not found.may_write


def test_a_batch_of_queries_does_not_write() -> None:
    found = batch({"query": Q}, {"query": "{ nothing }"}, {"extensions": {"persistedQuery": {}}})
    assert found.writes == ()
    assert not found.may_write


@pytest.mark.parametrize(
    "item", [{"query": "mutation { nothing }"}, {"query": ["mutation{ping}"]}, "mutation{ping}"]
)
def test_a_batch_with_something_that_may_write(item: object) -> None:
    assert batch({"query": Q}, item).may_write


def test_a_batch_with_a_mutation_that_has_more_members() -> None:
    assert written(batch({"query": M, "id": 5}, {"query": M, "extensions": {"a": 1}})) == ["M", "M"]


@pytest.mark.parametrize(
    ("more", "detail"),
    [
        ({"doc": 1}, "unknown-member"),
        ({"extensions": {"a": 1}}, "extensions"),
        ({"extensions": {"persistedQuery": {"sha256Hash": "a"}}}, "persisted-query-text"),
    ],
)
def test_a_write_in_a_request_that_is_passed_as_sent(more: dict[str, Any], detail: str) -> None:
    assert written(passed(post(M, **more), detail)) == ["M"]
    assert passed(post(Q, **more), detail).writes == ()


def test_a_hash_is_no_write() -> None:
    body = b'{"extensions":{"persistedQuery":{"sha256Hash":"mutation"}}}'
    found = passed(
        decide(HttpRequest("POST", b"", "application/json", body), SHOP), "persisted-query"
    )
    assert not found.may_write
    assert found.writes == ()


def test_a_duplicate_member_hides_no_write() -> None:
    for first, second in ((Q, M), (M, Q)):
        body = f'{{"query":{json.dumps(first)},"query":{json.dumps(second)}}}'
        http = HttpRequest("POST", b"", "application/json", body.encode())
        assert written(passed(decide(http, SHOP), "duplicate-member")) == ["M"]


def test_every_operation_that_a_repeated_name_could_mean_is_a_write() -> None:
    both = f"{Q} {M} mutation N {{ ping }}"
    text = urlencode([("query", both), ("operationName", "M"), ("operationName", "N")])
    found = passed(decide(HttpRequest("GET", text.encode(), None, b""), SHOP), "repeated-parameter")
    assert written(found) == ["M", "N"]


@pytest.mark.parametrize(
    ("content_type", "body", "detail"),
    [
        ("application/graphql", M.encode(), "graphql-body"),
        ("application/x-www-form-urlencoded", urlencode({"query": M}).encode(), "form-body"),
        ("text/plain", json.dumps({"query": M}).encode(), "content-type"),
    ],
)
def test_a_write_in_another_kind_of_body(content_type: str, body: bytes, detail: str) -> None:
    found = passed(decide(HttpRequest("POST", b"", content_type, body), SHOP), detail)
    assert written(found) == ["M"]
    cut = body[: -len(b" } } }")] if content_type == "application/graphql" else b""
    if cut:
        found = passed(decide(HttpRequest("POST", b"", content_type, cut), SHOP), detail)
        assert found.may_write
