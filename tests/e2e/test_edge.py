"""What the edge refuses, through the real stack: introspection in every form, and WebSockets of
pages that may not open one.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.e2e.socketed import Notes, running_notes
from tests.support.stack import Stack, assert_hit, describe, stack_before

ASKS = "{ __schema { queryType { name } } }"
NOTE = '{ note(id: "1") { __typename id text } }'
TYPE = {"content-type": "application/json"}
JSON = {**TYPE, "accept": "application/json"}
RESPONSE = {**TYPE, "accept": "application/graphql-response+json"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Notes]]:
    config = {
        "blockIntrospection": True,
        "cors": {"origins": ["http://shop.example"], "credentials": True},
        "bypassCacheHeaders": [{"name": "x-preview"}],
        "schemaPolling": {"enabled": False},
        "lookupBodySize": "2kb",
        "security": {"requestSize": {"maxBytes": 100_000, "enabled": True}},
        # Without a schema there would be no rule to store by: Shellac's own introspection goes on.
        "rules": [{"types": {"Query": ["note"]}, "maxAge": 900}],
    }
    folder: Path = tmp_path_factory.mktemp("edge")
    with stack_before(running_notes(), config, folder) as served:
        yield served


@pytest.fixture
def stack(served: tuple[Stack, Notes]) -> Stack:
    return served[0]


def body(**members: object) -> bytes:
    return json.dumps(members).encode()


FORMS: dict[str, dict[str, Any]] = {
    "POST": {"content": body(query=ASKS), "headers": JSON},
    "GET": {"method": "GET", "params": {"query": ASKS}, "headers": JSON},
    "an alias in a fragment": {
        "content": body(query="{ ...F } fragment F on Query { a: __schema { description } }"),
        "headers": JSON,
    },
    "a batch": {"content": f"[{body(query=ASKS).decode()}]".encode(), "headers": JSON},
    "a form": {"data": {"query": ASKS}, "headers": {"accept": "application/json"}},
    "multipart": {
        "files": {"operations": (None, body(query=ASKS)), "map": (None, b"{}")},
        "headers": {"accept": "application/json"},
    },
    "chunked": {"content": iter([body(query=ASKS)]), "headers": JSON},
    "a body that is not looked up": {
        "content": body(query=ASKS + " " * 4_000),
        "headers": JSON,
    },
    "gzip": {
        "content": gzip.compress(body(query=ASKS)),
        "headers": {**JSON, "content-encoding": "gzip"},
    },
    "two encodings": {
        "content": gzip.compress(body(query=ASKS)),
        "headers": [*JSON.items(), ("content-encoding", "identity"), ("content-encoding", "gzip")],
    },
    "a bypass header": {"content": body(query=ASKS), "headers": {**JSON, "x-preview": "1"}},
    "a page for people": {
        "method": "GET",
        "params": {"query": ASKS},
        "headers": {"accept": "text/html"},
    },
    "events": {"content": body(query=ASKS), "headers": {**JSON, "accept": "text/event-stream"}},
    "a hash with its text": {
        "content": body(query=ASKS, extensions={"persistedQuery": {"sha256Hash": "a"}}),
        "headers": JSON,
    },
    "more tokens than are read": {
        "content": body(query=ASKS + " { a } " * 6_000),
        "headers": JSON,
    },
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_introspection_is_refused_in_every_form(stack: Stack, form: dict[str, Any]) -> None:
    for _ in range(1 if "chunked" in str(form) or "iterator" in str(form) else 2):
        answer = stack.http.request(url=stack.url, **{"method": "POST", **form})
        assert answer.json()["errors"][0]["extensions"]["code"] == "INTROSPECTION_BLOCKED"
        assert answer.status_code == 200, describe(answer)
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert "detail=introspection-blocked" in answer.headers["cache-status"]


def test_the_new_media_type_says_it_by_its_status(stack: Stack) -> None:
    answer = stack.http.post(stack.url, content=body(query=ASKS), headers=RESPONSE)
    assert answer.status_code == 400, describe(answer)
    assert answer.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert "data" not in answer.json()


def test_everything_else_goes_on(stack: Stack) -> None:
    assert stack.query(NOTE).json()["data"]["note"]["__typename"] == "Note"
    assert_hit(stack.query(NOTE))
    missing = stack.query('{ note(id: "__schema") { text } }')
    assert "INTROSPECTION_BLOCKED" not in missing.text
    own = stack.purge(ASKS)
    assert own["__schema"]["queryType"]["name"]


def test_introspection_by_websocket_is_refused_and_the_connection_goes_on(stack: Stack) -> None:
    url = stack.url.replace("http:", "ws:")
    for protocol, start in (("graphql-transport-ws", "subscribe"), ("graphql-ws", "start")):
        with connect(url, subprotocols=[protocol]) as found:  # type: ignore[list-item]
            found.send(json.dumps({"type": "connection_init"}))
            for id, document in (("1", ASKS), ("2", "subscription { count(to: 1) }")):
                found.send(json.dumps({"id": id, "type": start, "payload": {"query": document}}))
            heard = []
            while not any(message["type"] in ("next", "data") for message in heard):
                heard.append(json.loads(found.recv(timeout=60)))
        (error,) = [message for message in heard if message["type"] == "error"]
        assert error["id"] == "1"
        assert "INTROSPECTION_BLOCKED" in json.dumps(error["payload"])
        assert isinstance(error["payload"], list if protocol != "graphql-ws" else dict)
        assert "__schema" not in json.dumps(heard[-1])


def test_a_page_of_another_origin_opens_no_websocket(stack: Stack) -> None:
    url = stack.url.replace("http:", "ws:")
    protocols: Any = ["graphql-transport-ws"]
    with pytest.raises(InvalidStatus) as refused:
        connect(url, subprotocols=protocols, origin="http://evil.test")  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403
    with connect(url, subprotocols=protocols, origin="http://shop.example") as found:  # type: ignore[arg-type]
        found.send(json.dumps({"type": "connection_init"}))
        assert json.loads(found.recv(timeout=60))["type"] == "connection_ack"


def test_cors_is_answered_at_the_edge(stack: Stack) -> None:
    shop = {"origin": "http://shop.example"}
    preflight = {**shop, "access-control-request-method": "POST"}
    asked = stack.http.options(stack.url, headers=preflight)
    assert asked.status_code == 204, describe(asked)
    assert asked.headers["access-control-allow-origin"] == "http://shop.example"
    for headers in (shop, {"origin": "http://other.example"}, {}):
        answer = stack.query(NOTE, headers=headers)
        allowed = answer.headers.get("access-control-allow-origin")
        assert allowed == (headers["origin"] if headers is shop else None), describe(answer)
        assert "Origin" in answer.headers["vary"]
    assert_hit(answer)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused(stack: Stack, chunked: bool) -> None:
    content = body(query=NOTE + " " * 100_000)
    parts = iter([content[:50_000], content[50_000:]]) if chunked else content
    for accept in (JSON, RESPONSE):
        answer = stack.http.post(stack.url, content=parts, headers=accept)
        assert answer.status_code == 413, describe(answer)
        assert answer.headers["content-type"].startswith(accept["accept"])
        assert "maxRequestSize" in answer.json()["errors"][0]["message"]
        parts = iter([content]) if chunked else content
    assert stack.query(NOTE).status_code == 200
