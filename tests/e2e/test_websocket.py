"""WebSockets through Varnish and the controller: relayed, and no mutation in one is overlooked."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets import ConnectionClosed, Headers
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.demo.origin import running_demo
from tests.e2e.socketed import Notes, running_notes
from tests.support.net import wait_for
from tests.support.stack import Stack, stack_before

TRANSPORT, LEGACY = "graphql-transport-ws", "graphql-ws"
START = {TRANSPORT: "subscribe", LEGACY: "start"}
ANSWER = {TRANSPORT: "next", LEGACY: "data"}
NOTE = "query N($id: ID!) { note(id: $id) { id text } }"
WRITE = 'mutation { write(id: "1", text: "second") { id text } }'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Notes]]:
    config = {
        "originHeaders": {"X-From": "shellac"},
        "schemaPolling": {"enabled": False},
        "maxRequestSize": "100kb",
        "lookupBodySize": "50kb",
        "rules": [{"types": ["Query"], "maxAge": 900}],
        "purge": {"waitTimeout": "30s"},
    }
    folder: Path = tmp_path_factory.mktemp("websocket")
    with stack_before(running_notes(), config, folder) as served:
        yield served


@pytest.fixture
def notes(served: tuple[Stack, Notes]) -> Notes:
    """As new, whatever a test before has written."""
    notes = served[1]
    notes.texts.update({"1": "first", "2": "first"})
    notes.written.clear()
    notes.begun.clear()
    return notes


@pytest.fixture
def stack(served: tuple[Stack, Notes], notes: Notes) -> Stack:
    """Nothing cached, and nothing written."""
    assert not notes.written
    served[0].purge("mutation { _purgeAll }")
    return served[0]


def handshake(url: str, *subprotocols: str, **more: Any) -> Any:
    return connect(url.replace("http:", "ws:"), subprotocols=subprotocols or None, **more)


@contextmanager
def opened(stack: Stack, protocol: str = TRANSPORT, **more: Any) -> Iterator[ClientConnection]:
    """A connection that the server has acknowledged."""
    with handshake(stack.url, protocol, **more) as found:
        found.send(json.dumps({"type": "connection_init"}))
        assert next_of(found, "connection_ack")
        yield found


def ask(found: ClientConnection, document: str, id: str = "1", **payload: object) -> None:
    kind = START[str(found.subprotocol)]
    body = {"query": document, **payload}
    found.send(json.dumps({"id": id, "type": kind, "payload": body}))


def next_of(found: ClientConnection, kind: str) -> Any:
    """The next message of a type; others are skipped."""
    while True:
        message = json.loads(found.recv(timeout=60))
        assert message["type"] not in {"error", "connection_error"} - {kind}, message
        if message["type"] == kind:
            return message


def text_of(stack: Stack, id: str) -> tuple[str, bool]:
    """What a reader is told, and whether it was a hit."""
    answer = stack.query(NOTE, {"id": id})
    return answer.json()["data"]["note"]["text"], "hit" in answer.headers["cache-status"]


def warm(stack: Stack) -> None:
    for id in ("1", "2"):
        assert text_of(stack, id) == ("first", False)
        assert text_of(stack, id) == ("first", True)


@pytest.mark.parametrize("protocol", [TRANSPORT, LEGACY])
def test_a_subscription_is_relayed(stack: Stack, protocol: str) -> None:
    with opened(stack, protocol) as found:
        ask(found, "subscription { count(to: 3) }")
        heard = [next_of(found, ANSWER[protocol])["payload"]["data"]["count"] for _ in range(3)]
        assert next_of(found, "complete")["id"] == "1"
    assert heard == [0, 1, 2]


def test_a_mutation_is_purged_for_before_it_is_answered(stack: Stack) -> None:
    warm(stack)
    with opened(stack) as found:
        ask(found, WRITE)
        assert next_of(found, "next")["payload"]["data"]["write"]["text"] == "second"
        assert text_of(stack, "1") == ("second", False)
        assert text_of(stack, "2") == ("first", True)


def test_an_answer_without_entities_purges_by_the_types_it_could_be_about(stack: Stack) -> None:
    warm(stack)
    with opened(stack) as found:
        ask(found, 'mutation { write(id: "1", text: "second") { text } }')
        next_of(found, "next")
        assert text_of(stack, "1") == ("second", False)


def test_a_document_that_is_refused_purges_nothing(stack: Stack) -> None:
    warm(stack)
    with opened(stack) as found:
        ask(found, "mutation { write { nothing } }")
        assert next_of(found, "error")["payload"]
        assert text_of(stack, "1") == ("first", True)


def test_a_mutation_of_a_client_that_has_gone_is_purged_for(stack: Stack, notes: Notes) -> None:
    warm(stack)
    notes.released.clear()
    with opened(stack) as found:
        ask(found, WRITE)
        assert notes.begun.wait(60)
    notes.released.set()
    wait_for(lambda: text_of(stack, "1")[0] == "second", what="the purge")
    assert text_of(stack, "2")[0] == "first"


def test_a_payload_that_repeats_a_member_hides_no_mutation(stack: Stack) -> None:
    warm(stack)
    with opened(stack) as found:
        query = json.dumps(WRITE)
        found.send(
            f'{{"id":"1","type":"subscribe","payload":{{"query":"{{note(id:1){{id}}}}","query":{query}}}}}'
        )
        next_of(found, "next")
        assert text_of(stack, "1") == ("second", False)


@pytest.mark.parametrize(
    "message",
    [
        "no JSON",
        "[]",
        '{"type":"start","id":"1","payload":{"query":"{a}"}}',
        '{"type":"ping","type":"subscribe","id":"1","payload":{"query":"mutation{a}"}}',
        '{"type":"subscribe","id":1,"payload":{"query":"{a}"}}',
        '{"type":"subscribe","id":"1","payload":["mutation{a}"]}',
        b'{"type":"ping"}',
    ],
)
def test_what_is_no_message_of_the_subprotocol_ends_the_connection(
    stack: Stack, message: str | bytes
) -> None:
    with opened(stack) as found:
        found.send(message)
        with pytest.raises(ConnectionClosed) as caught:
            found.recv(timeout=60)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 4400
    assert caught.value.rcvd.reason.startswith("Invalid message: ")


def test_the_origins_close_code_is_the_clients(stack: Stack) -> None:
    with opened(stack) as found:
        found.send('{"type":"connection_init"}')
        with pytest.raises(ConnectionClosed) as caught:
            found.recv(timeout=60)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 4429  # "Too many initialisation requests"


def test_a_message_over_the_limit_ends_the_connection(stack: Stack) -> None:
    with opened(stack) as found:
        ask(found, "#" + "x" * 150_000)
        with pytest.raises(ConnectionClosed) as caught:
            found.recv(timeout=60)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1009


def test_headers_go_with_the_handshake_and_internal_ones_do_not(stack: Stack, notes: Notes) -> None:
    headers = Headers(Authorization="Bearer t", Cookie="a=b")
    headers["X-Shellac-Bypass"] = "1"
    warm(stack)
    with opened(stack, additional_headers=headers, origin="http://shop.example") as found:
        ask(found, WRITE)
        next_of(found, "next")
        assert text_of(stack, "1") == ("second", False)
    sent = notes.headers[-1]
    assert (sent["authorization"], sent["cookie"]) == ("Bearer t", "a=b")
    assert (sent["x-from"], sent["origin"]) == ("shellac", "http://shop.example")
    assert not [name for name in sent if name.startswith("x-shellac")]


@pytest.mark.parametrize("offered", [(), ("graphql-sse", "chat")])
def test_a_subprotocol_that_nobody_reads_here_is_refused(
    stack: Stack, offered: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidStatus) as caught, handshake(stack.url, *offered):
        pass
    assert caught.value.response.status_code == 400
    body = json.loads(caught.value.response.body or b"")
    assert body["errors"][0]["extensions"]["code"] == "UNKNOWN_SUBPROTOCOL"


@pytest.mark.parametrize(
    "request_headers",
    [
        "Upgrade: websocket\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: x\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat\r\n",
    ],
)
def test_nothing_behind_a_refused_handshake_reaches_the_controller(
    stack: Stack, notes: Notes, request_headers: str
) -> None:
    body = json.dumps({"query": WRITE})
    where = urlsplit(stack.url)
    first = f"GET /graphql HTTP/1.1\r\nHost: a\r\n{request_headers}\r\n"
    second = (
        "POST /graphql HTTP/1.1\r\nHost: a\r\nX-Shellac-Bypass: 1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=60) as raw:
        raw.sendall((first + second).encode())
        heard = b""
        while chunk := raw.recv(65_536):
            heard += chunk
    assert heard.count(b"HTTP/1.1 ") == 1
    assert heard.startswith(b"HTTP/1.1 4")
    assert not notes.written


def test_an_origin_without_websockets_is_named(tmp_path: Path) -> None:
    with (
        stack_before(running_demo(tmp_path), {}, tmp_path) as (stack, _),
        pytest.raises(InvalidStatus) as caught,
        handshake(stack.url, TRANSPORT),
    ):
        pass
    assert caught.value.response.status_code == 403
    error = json.loads(caught.value.response.body or b"")["errors"][0]
    assert error["message"] == "the origin refuses the WebSocket with status 403"
