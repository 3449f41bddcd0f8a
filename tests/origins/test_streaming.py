"""Streams through a real varnishd: nothing waits for what comes after it."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.origins.server import Scripted, answer, chunk, head, scripted
from tests.support.stack import Stack, assert_hit, assert_miss, describe, running_stack

SDL = """
type Query { n: Int  t(id: ID): T }
type Mutation { set(file: Upload): T }
type Subscription { s: Int }
type T { id: ID! }
scalar Upload
directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
"""
CONFIG = {
    "schema": SDL,
    "rules": [{"types": ["Query"], "maxAge": 900}],
    "maxRequestSize": "20mb",
    "purge": {"waitTimeout": "30s"},
}
EVENTS, MIXED = "text/event-stream", 'multipart/mixed; boundary="-"'
SUBSCRIPTION = "subscription{s}"
READ_T, WRITE = "{t(id:1){id}}", "mutation{set{id}}"
FIRST = {
    EVENTS: b'event: next\ndata: {"data":{"s":1}}\n\n',
    MIXED: b'---\r\nContent-Type: application/json\r\n\r\n{"data":{"s":1},"hasNext":true}\r\n---',
}
SECOND = {
    EVENTS: b'event: next\ndata: {"data":{"s":2}}\n\nevent: complete\ndata:\n\n',
    MIXED: b'\r\nContent-Type: application/json\r\n\r\n{"hasNext":false}\r\n-----',
}
T1 = json.dumps({"data": {"t": {"id": "1"}, "set": {"id": "1"}}}).encode()


@pytest.fixture
def origin(origin: Scripted) -> Scripted:
    """It answers with a ``T``."""
    origin.script = lambda _, wire: answer(wire, T1)
    return origin


def stream(origin: Scripted, media: str) -> None:
    """The first part at once, the second once ``released``."""

    def script(origin: Scripted, wire: socket.socket) -> None:
        wire.sendall(head("Transfer-Encoding: chunked\r\n", media=media) + chunk(FIRST[media]))
        assert origin.released.wait(60)
        wire.sendall(chunk(SECOND[media]) + b"0\r\n\r\n")

    origin.script = script


@contextlib.contextmanager
def asked(
    stack: Stack, method: str, document: str, media: str, **headers: str
) -> Iterator[httpx.Response]:
    sent = {"accept": f"{media.partition(';')[0]}, application/json;q=0.5", **headers}
    given = {"json": {"query": document}} if method == "POST" else {"params": {"query": document}}
    with (
        httpx.Client(timeout=60) as client,
        client.stream(method, stack.url, headers=sent, **given) as response,  # type: ignore[arg-type]
    ):
        yield response


def up_to(chunks: Iterator[bytes], wanted: bytes) -> bytes:
    """What comes until ``wanted`` has come."""
    found = b""
    while wanted not in found:
        found += next(chunks)
    return found


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("media", [EVENTS, MIXED])
@pytest.mark.parametrize(
    ("document", "detail"),
    [
        (SUBSCRIPTION, "subscription"),
        ("{t{id ...@defer{id}}}", "incremental-delivery"),
        ("{nothing}", "invalid-document"),
    ],
)
def test_the_first_part_arrives_before_the_second_is_sent(
    stack: Stack, origin: Scripted, method: str, media: str, document: str, detail: str
) -> None:
    stream(origin, media)
    with asked(stack, method, document, media) as response:
        assert response.headers["content-type"] == media
        assert response.headers["cache-status"] == f"shellac; fwd=bypass; detail={detail}"
        chunks = response.iter_bytes()
        first = up_to(chunks, FIRST[media])
        assert not origin.released.is_set()
        origin.released.set()
        assert first + b"".join(chunks) == FIRST[media] + SECOND[media]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_query_that_wants_events_gets_the_origins_as_they_come(
    stack: Stack, origin: Scripted, method: str
) -> None:
    """Though it could be cached: graphql-sse, distinct connections mode, sends all this way."""
    assert_miss(stack.query(READ_T))
    for _ in range(2):
        origin.released.clear()
        origin.asked.clear()
        stream(origin, EVENTS)
        with asked(stack, method, READ_T, EVENTS) as response:
            assert response.headers["cache-status"] == "shellac; fwd=bypass; detail=accept"
            chunks = response.iter_bytes()
            up_to(chunks, FIRST[EVENTS])
            origin.released.set()
            assert b"".join(chunks) == SECOND[EVENTS]
        assert len(origin.asked) == 1
    assert assert_hit(stack.query(READ_T)).content == T1


def test_a_client_that_would_also_take_events_is_served_from_the_cache(
    stack: Stack, origin: Scripted
) -> None:
    several = "application/graphql-response+json, application/json, text/event-stream"
    assert_miss(stack.query(READ_T, headers={"accept": several}))
    assert_hit(stack.query(READ_T, headers={"accept": several}))
    assert len(origin.asked) == 1


def test_a_client_that_leaves_is_missed_by_the_origin(stack: Stack, origin: Scripted) -> None:
    """Also while something comes again and again, so that no pause ends the stream."""
    left = threading.Event()

    def script(origin: Scripted, wire: socket.socket) -> None:
        wire.sendall(head("Transfer-Encoding: chunked\r\n", media=EVENTS) + chunk(FIRST[EVENTS]))
        with contextlib.suppress(ConnectionError):
            while not select.select([wire], [], [], 0.2)[0]:
                assert not origin.released.is_set()
                wire.sendall(chunk(b":\n\n"))
            assert wire.recv(1) == b""
        left.set()

    origin.script = script
    with asked(stack, "POST", SUBSCRIPTION, EVENTS) as response:
        up_to(response.iter_bytes(), FIRST[EVENTS])
        assert not left.is_set()
    assert left.wait(60)


def test_a_stream_lives_as_long_as_it_beats(tmp_path: Path) -> None:
    """Far longer than any pause may be; without a beat it ends."""

    def beating(origin: Scripted, wire: socket.socket) -> None:
        wire.sendall(head("Transfer-Encoding: chunked\r\n", media=EVENTS) + chunk(FIRST[EVENTS]))
        for _ in range(12):
            origin.released.wait(0.5)
            wire.sendall(chunk(b":\n\n"))
        origin.released.wait(60)

    with (
        scripted() as origin,
        running_stack(
            {**CONFIG, "originUrl": origin.url, "originTimeouts": {"betweenBytes": "3s"}},
            directory=tmp_path,
        ) as stack,
    ):
        origin.script = beating
        with asked(stack, "POST", SUBSCRIPTION, EVENTS) as response:
            assert_beats(response)


def assert_beats(response: httpx.Response) -> None:
    """The stream comes to its last beat, and ends by itself after that."""
    chunks = response.iter_bytes()
    assert up_to(chunks, b":\n\n" * 12) == FIRST[EVENTS] + b":\n\n" * 12
    with pytest.raises(httpx.RemoteProtocolError):
        next(chunks)


@pytest.mark.parametrize("size", [1_000, 8_000_000])
def test_an_upload_reaches_the_origin_and_its_mutation_is_purged_for(
    stack: Stack, origin: Scripted, size: int
) -> None:
    assert_miss(stack.query(READ_T))
    assert_hit(stack.query(READ_T))
    content = bytes(range(256)) * (size // 256)
    operations = {
        "query": "mutation($f: Upload){set(file: $f){id}}",
        "variables": {"f": None},
    }
    response = stack.http.post(
        stack.url,
        data={"operations": json.dumps(operations), "map": '{"0":["variables.f"]}'},
        files={"0": ("a.bin", content)},
    )
    assert response.status_code == 200, describe(response)
    assert response.headers["cache-status"].startswith("shellac; fwd=bypass; detail=")
    assert response.headers["shellac-purged"] == "1"
    assert content in origin.asked[-1].body
    assert origin.asked[-1].headers["content-type"].startswith("multipart/form-data; boundary=")
    assert_miss(stack.query(READ_T))


def test_an_upload_over_the_limit_is_refused(stack: Stack, origin: Scripted) -> None:
    response = stack.http.post(
        stack.url, data={"operations": "{}"}, files={"0": ("a.bin", bytes(20 * 1024**2))}
    )
    assert response.status_code == 413
    assert not origin.asked
