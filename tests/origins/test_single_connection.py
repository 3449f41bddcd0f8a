"""GraphQL over SSE, single connection mode, through varnishd: a mutation's event waits for its
purge. The origin is the protocol alone; what it executes, and when, the test says."""

from __future__ import annotations

import contextlib
import json
import queue
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from tests.origins.server import Scripted, answer, chunk, head, scripted
from tests.support.net import wait_for
from tests.support.stack import Stack, assert_hit, assert_miss, describe, running_stack, verdict

SDL = """
type Query { t(id: ID): T  u: U }
type Mutation { set: T }
type T { id: ID! }
type U { x: Int }
"""
CONFIG = {
    "schema": SDL,
    "rules": [{"types": ["Query"], "maxAge": 900}],
    "purge": {"waitTimeout": "30s"},
}
READ_T, READ_U, WRITE = "{t(id:1){id}}", "{u{x}}", "mutation{set{id}}"
TOKEN = {"x-graphql-event-stream-token": "abc"}
ANSWER = json.dumps({"data": {"t": {"id": "1"}, "u": {"x": 1}}}).encode()


@dataclass
class Streaming:
    """Events to send; None breaks the stream off."""

    events: queue.Queue[bytes | None] = field(default_factory=queue.Queue)

    def __call__(self, origin: Scripted, wire: socket.socket) -> None:
        asked = origin.asked[-1]
        if asked.method == "PUT":
            answer(wire, b"abc", 201, "text/plain")
        elif asked.method == "DELETE":
            answer(wire, b"", 200, "text/plain")
        elif asked.method == "GET":
            wire.sendall(head("Transfer-Encoding: chunked\r\n", media="text/event-stream"))
            wire.sendall(chunk(b":\n\n"))
            while (event := self.events.get(timeout=60)) is not None:
                wire.sendall(chunk(event))
            wire.shutdown(socket.SHUT_RDWR)
        elif "x-graphql-event-stream-token" in asked.headers or "token=" in asked.target:
            answer(wire, b"", 202, "text/plain")
        else:
            answer(wire, ANSWER)

    def send(self, name: str, operation: str) -> None:
        data = {"id": operation, "payload": {"data": {"set": {"id": "1"}}}}
        if name == "complete":
            del data["payload"]
        self.events.put(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Scripted]]:
    folder = tmp_path_factory.mktemp("single")
    with scripted() as origin:
        origin.script = Streaming()
        with running_stack({**CONFIG, "originUrl": origin.url}, directory=folder) as stack:
            yield stack, origin


@pytest.fixture
def far(served: tuple[Stack, Scripted]) -> Iterator[Streaming]:
    """Its stream ends with the test."""
    served[1].script = far = Streaming()
    served[1].asked.clear()
    yield far
    far.events.put(None)


@pytest.fixture
def stack(served: tuple[Stack, Scripted]) -> Stack:
    """Two answers are cached: one that the mutation changes, and one that it does not."""
    stack = served[0]
    stack.purge("mutation { _purgeAll }")
    for document in (READ_T, READ_U):
        assert_miss(stack.query(document))
        assert_hit(stack.query(document))
    return stack


@contextlib.contextmanager
def stream(stack: Stack, *, by_url: bool = False) -> Iterator[Iterator[str]]:
    """The open stream's lines."""
    url = f"{stack.url}?token=abc" if by_url else stack.url
    headers = {"accept": "text/event-stream", **({} if by_url else TOKEN)}
    with httpx.Client(timeout=60) as client, client.stream("GET", url, headers=headers) as found:
        assert found.headers["content-type"] == "text/event-stream"
        lines = found.iter_lines()
        assert next(lines) == ":"
        yield lines


def send(
    stack: Stack, document: str, operation: str = "1", *, by_url: bool = False
) -> httpx.Response:
    url = f"{stack.url}?token=abc" if by_url else stack.url
    body = {"query": document, "extensions": {"operationId": operation}}
    return stack.http.post(url, json=body, headers={} if by_url else TOKEN)


def event(lines: Iterator[str], name: str) -> None:
    """Read up to the end of an event."""
    while next(lines) != f"event: {name}":
        pass
    while next(lines) != "":
        pass


@pytest.mark.parametrize("by_url", [False, True])
def test_an_event_of_a_mutation_waits_for_its_purge(
    stack: Stack, far: Streaming, by_url: bool
) -> None:
    with stream(stack, by_url=by_url) as lines:
        accepted = send(stack, WRITE, by_url=by_url)
        assert (accepted.status_code, accepted.content) == (202, b""), describe(accepted)
        assert accepted.headers["shellac-purge"] == "pending"
        assert_hit(stack.query(READ_T))
        for name in ("next", "complete"):
            far.send(name, "1")
            event(lines, name)
            assert_miss(stack.query(READ_T))
            assert_hit(stack.query(READ_T))
        assert_hit(stack.query(READ_U))
        far.send("next", "1")
        event(lines, "next")
        assert_hit(stack.query(READ_T))


def test_events_of_other_operations_purge_nothing(stack: Stack, far: Streaming) -> None:
    with stream(stack) as lines:
        assert send(stack, WRITE, "1").status_code == 202
        assert send(stack, READ_U, "2").status_code == 202
        far.send("next", "2")
        event(lines, "next")
        assert_hit(stack.query(READ_T))


def test_a_stream_that_ends_leaves_no_mutation_unpurged(stack: Stack, far: Streaming) -> None:
    with stream(stack):
        assert send(stack, WRITE).status_code == 202
        far.events.put(None)
        wait_for(lambda: verdict(stack.query(READ_T)) == "MISS", what="the purge")


def test_a_client_that_leaves_cancels_no_purge(stack: Stack, far: Streaming) -> None:
    """That it is gone is seen with the next beat of its stream."""
    with stream(stack):
        assert send(stack, WRITE).status_code == 202
        assert_hit(stack.query(READ_T))

    def purged() -> bool:
        far.events.put(b":\n\n")
        return verdict(stack.query(READ_T)) == "MISS"

    wait_for(purged, what="the purge")


@pytest.mark.usefixtures("far")
def test_a_mutation_is_not_sent_while_its_stream_is_not_open(
    stack: Stack, served: tuple[Stack, Scripted]
) -> None:
    before = len(served[1].asked)
    refused = send(stack, WRITE)
    assert refused.status_code == 409, describe(refused)
    assert refused.json()["errors"][0]["extensions"]["code"] == "NO_EVENT_STREAM"
    assert len(served[1].asked) == before
    assert_hit(stack.query(READ_T))


@pytest.mark.usefixtures("far")
def test_a_mutation_that_cannot_be_sent_purges_nothing(stack: Stack) -> None:
    with stream(stack):
        headers = {b"x-graphql-event-stream-token": b"abc", b"store": b"caf\xe9"}
        refused = stack.http.post(stack.url, json={"query": WRITE}, headers=headers)
        assert refused.status_code == 400, describe(refused)
        assert refused.json()["errors"][0]["extensions"]["code"] == "BAD_HEADER"
        assert_hit(stack.query(READ_T))


@pytest.mark.usefixtures("far")
def test_reservations_and_cancellations_pass(stack: Stack, served: tuple[Stack, Scripted]) -> None:
    reserved = stack.http.put(stack.url)
    assert (reserved.status_code, reserved.text) == (201, "abc")
    assert reserved.headers["cache-status"] == "shellac; fwd=method; detail=method"
    ended = stack.http.delete(f"{stack.url}?operationId=1", headers=TOKEN)
    assert ended.status_code == 200
    assert served[1].asked[-1].target == "/graphql?operationId=1"
    assert served[1].asked[-1].headers["x-graphql-event-stream-token"] == "abc"


def test_a_token_of_the_url_that_is_no_streams_is_the_apis_own(
    served: tuple[Stack, Scripted], stack: Stack
) -> None:
    def own_answer(_: Scripted, wire: socket.socket) -> None:
        answer(wire, json.dumps({"data": {"set": {"id": "1"}}}).encode())

    served[1].script = own_answer
    written = stack.http.post(f"{stack.url}?token=key", json={"query": WRITE})
    assert written.status_code == 200, describe(written)
    assert "shellac-purge" not in written.headers
    assert_miss(stack.query(READ_T))
