"""What a client can send that is wrong: the origin's own words, nothing stored, nothing broken."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Pair
from tests.support.process import child_of
from tests.support.stack import assert_hit, assert_same_body, describe

JSON = {"content-type": "application/json", "accept": "application/json"}
RESPONSE = {"content-type": "application/json", "accept": "application/graphql-response+json"}
DEEP = "{ posts " + "{ author { posts " * 150 + "{ title }" + "} }" * 150 + " }"


def body(**members: Any) -> bytes:
    return json.dumps(members).encode()


CASES: dict[str, dict[str, Any]] = {
    "a malformed document": {"content": body(query="{ posts {"), "headers": JSON},
    "a malformed document, new media type": {
        "content": body(query="{ posts {"),
        "headers": RESPONSE,
    },
    "an unknown field": {"content": body(query="{ nothing }"), "headers": JSON},
    "an unknown field, new media type": {"content": body(query="{ nothing }"), "headers": RESPONSE},
    "variables that are no object": {
        "content": body(query="{ tags { name } }", variables=[1]),
        "headers": JSON,
    },
    "variables that are a string": {
        "content": body(query="{ tags { name } }", variables="x"),
        "headers": JSON,
    },
    "a missing variable": {
        "content": body(query="query ($id: ID!) { post(id: $id) { title } }"),
        "headers": JSON,
    },
    "a variable of the wrong type": {
        "content": body(
            query="query ($n: Int!) { posts(limit: $n) { title } }", variables={"n": "x"}
        ),
        "headers": JSON,
    },
    "a wrong content type": {
        "content": b"{ tags { name } }",
        "headers": {"content-type": "text/plain"},
    },
    "no content type": {
        "content": body(query="{ tags { name } }"),
        "headers": {"accept": "application/json"},
    },
    "no JSON": {"content": b"not json", "headers": JSON},
    "an empty object": {"content": b"{}", "headers": JSON},
    "a JSON string": {"content": b'"query"', "headers": JSON},
    "zeros": {"content": bytes(10_000), "headers": JSON},
    "not UTF-8": {"content": b'{"query": "\xff\xfe"}', "headers": JSON},
    "an unknown operation name": {
        "content": body(query="query A { tags { name } }", operationName="B"),
        "headers": JSON,
    },
    "two operations and no name": {
        "content": body(query="query A { tags { name } } query B { tags { name } }"),
        "headers": JSON,
    },
    "a duplicate member": {
        "content": b'{"query": "{ tags { name } }", "query": "{ authors { name } }"}',
        "headers": JSON,
    },
    "an operation name that is a number": {
        "content": body(query="{ tags { name } }", operationName=3),
        "headers": JSON,
    },
    "deep nesting": {"content": body(query=DEEP), "headers": JSON},
    "nested arrays": {
        "content": b'{"query": "{ tags { name } }", "variables": {"a": '
        + b"[" * 5_000
        + b"]" * 5_000
        + b"}}",
        "headers": JSON,
    },
    "an empty batch": {"content": b"[]", "headers": JSON},
    "a batch": {"content": b'[{"query": "{ tags { name } }"}]', "headers": JSON},
    "no query by GET": {"method": "GET", "headers": {"accept": "application/json"}},
    "a mutation by GET": {
        "method": "GET",
        "params": {"query": "mutation { likePost(id: 1) { likes } }"},
        "headers": {"accept": "application/json"},
    },
    "bad variables by GET": {
        "method": "GET",
        "params": {"query": "{ tags { name } }", "variables": "{"},
        "headers": {"accept": "application/json"},
    },
    "another method": {"method": "DELETE", "headers": {"accept": "application/json"}},
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_origins_own_answer(pair: Pair, case: dict[str, Any]) -> None:
    request = {"method": "POST", **case}
    direct = pair.stack.http.request(url=pair.stack.origin, **request)
    for _ in range(2):
        answer = pair.stack.http.request(url=pair.stack.url, **request)
        assert_same_body(answer, direct)
        assert answer.headers.get("content-type") == direct.headers.get("content-type")
        assert answer.headers["gcdn-cache"] != "HIT", describe(answer)


def test_a_request_over_the_limit_is_refused_and_the_connection_survives(pair: Pair) -> None:
    padding = "#" * 3 * 1024 * 1024
    answer = pair.stack.http.post(
        pair.stack.url, content=body(query="{ tags { name } }" + padding), headers=JSON
    )
    assert answer.status_code == 413, describe(answer)
    assert "maxRequestSize" in answer.json()["errors"][0]["message"]
    assert pair.stack.query("{ tags { name } }").status_code == 200


def test_a_large_request_without_a_length_is_refused_too(pair: Pair) -> None:
    def chunks() -> Iterator[bytes]:
        yield from (b" " * 65_536 for _ in range(64))

    answer = pair.stack.http.post(pair.stack.url, content=chunks(), headers=RESPONSE)
    assert answer.status_code == 413, describe(answer)
    assert answer.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert "maxRequestSize" in answer.json()["errors"][0]["message"]
    assert pair.stack.query("{ tags { name } }").status_code == 200


def test_a_large_document_below_the_limit_is_the_origins(pair: Pair) -> None:
    request = {"content": body(query="{ tags { name } }" + " " * 1024 * 1024), "headers": JSON}
    direct = pair.stack.http.post(pair.stack.origin, **request)
    answer = pair.stack.http.post(pair.stack.url, **request)
    assert_same_body(answer, direct)
    assert answer.headers["cache-status"] == "shellac; fwd=bypass; detail=large-body"


def test_too_many_and_too_long_headers_are_refused(pair: Pair) -> None:
    many = {f"x-header-{number}": "x" for number in range(200)}
    long = {"x-long": "x" * 20_000}
    for headers in (many, long):
        try:
            answer = pair.stack.query("{ tags { name } }", headers=headers)
        except httpx.TransportError:
            continue  # closed while the headers were still being sent
        assert 400 <= answer.status_code < 500, describe(answer)
    assert pair.stack.query("{ tags { name } }").status_code == 200


def test_memory_stays_bounded_under_ever_new_documents(pair: Pair) -> None:
    def resident_kilobytes() -> int:
        controller = child_of(pair.stack.process.pid, "controller.cli serve")
        return int(Path(f"/proc/{controller}/statm").read_text().split()[1]) * 4

    def send(count: int, start: int) -> None:
        for number in range(start, start + count):
            pair.stack.query(f"{{ a{number}: tags {{ name }} " + "b: tags { name } " + "}")

    send(200, 0)
    before = resident_kilobytes()
    send(400, 1_000)
    assert resident_kilobytes() - before < 64 * 1024


def test_nothing_of_it_was_stored(pair: Pair) -> None:
    pair.stack.query("{ tags { name } }")
    assert_hit(pair.stack.query("{ tags { name } }"))
