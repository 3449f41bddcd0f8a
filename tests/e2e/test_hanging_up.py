"""Clients that go away in the midst of a mutation: what reached the origin is purged all the same.

One that goes while the origin has the mutation is in test_operations.py.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import struct

import httpx
import pytest

from tests.e2e.conftest import Pair
from tests.support.net import wait_for

POST = "{ post(id: 1) { title likes } }"
LIKE = json.dumps({"query": "mutation { likePost(id: 1) { likes } }"}).encode()
HEAD = b"POST /graphql HTTP/1.1\r\nHost: cache\r\nContent-Type: application/json\r\n"
LARGE = LIKE + b" " * 300_000
CLIENTS = 20
LATE = (0.25, 1.0, 4.0)
"""Seconds after which clients leave where the machine is so busy that all before were too early."""


def sized(body: bytes, more: bytes = b"") -> bytes:
    return HEAD + more + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def chunked(body: bytes) -> bytes:
    chunks = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks


def connected(pair: Pair) -> socket.socket:
    to = httpx.URL(pair.stack.url)
    assert to.port is not None
    return socket.create_connection((to.host, to.port), timeout=60)


def hang_up(pair: Pair, sent: bytes, *, reset: bool, after: float) -> None:
    """Send it and go by a FIN or a RST: `after` seconds later, or with the answer."""
    with connected(pair) as client:
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(sent)
        client.settimeout(after)
        try:
            client.recv(1)
        except (TimeoutError, BlockingIOError):
            return


def end_early(pair: Pair, sent: bytes) -> None:
    """Send this and no more, and wait until Varnish is done with it: it closes."""
    with connected(pair) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while client.recv(65_536):
                pass


def likes(pair: Pair) -> int:
    """What the origin itself says."""
    found: int = pair.demo.data(POST)["post"]["likes"]
    return found


def is_fresh(pair: Pair) -> bool:
    read: int = pair.stack.query(POST).json()["data"]["post"]["likes"]
    return read == likes(pair)


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
@pytest.mark.parametrize(
    "sent",
    [sized(LIKE), sized(LIKE, b"Connection: close\r\n"), chunked(LIKE), sized(LARGE)],
    ids=["looked-up", "last-of-its-connection", "without-a-length", "too-large-to-look-up"],
)
def test_a_mutation_that_reached_the_origin_is_purged_whenever_its_client_left(
    pair: Pair, sent: bytes, reset: bool
) -> None:
    picks = random.Random(7)
    before = likes(pair)
    moments = [picks.choice([0.0, 0.001, 0.004, 0.016]) for _ in range(CLIENTS)]
    for after in [*moments, *LATE]:
        if after in LATE and likes(pair) > before:
            break
        assert pair.stack.query(POST).status_code == 200
        hang_up(pair, sent, reset=reset, after=after)
        wait_for(lambda: is_fresh(pair), what="what the origin has done to be purged")
    assert likes(pair) > before, "no mutation of a client that left reached the origin"


def test_a_mutation_that_is_shorter_than_its_length_never_reaches_the_origin(pair: Pair) -> None:
    for whole in (sized(LIKE + b" "), sized(LARGE)):
        end_early(pair, whole[:-1])
    pair.stack.query(POST)
    assert pair.origin_requests() == 1, "more than the query"
