"""WebSockets through varnishd to an origin that a test scripts: closes, pings, sizes, https."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web
from websockets import ConnectionClosed, Subprotocol
from websockets.sync.client import ClientConnection, connect

from tests.support.certificates import certificate
from tests.support.net import free_port, listens, wait_for
from tests.support.stack import Stack, running_stack, stack_before

TRANSPORT = Subprotocol("graphql-transport-ws")
CONFIG = {"schema": "type Query { n: Int }", "rules": [], "maxRequestSize": "2mb"}
PING, PONG = '{"type":"ping"}', '{"type":"pong"}'


async def echo(wire: web.WebSocketResponse) -> None:
    async for message in wire:
        await wire.send_str(message.data)


@dataclass
class Far:
    """The origin: what it does with a connection, and the codes that connections ended with."""

    url: str = ""
    serve: Callable[[web.WebSocketResponse], Awaitable[object]] = echo
    autoping: bool = True
    closed: list[int | None] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def running_far(context: ssl.SSLContext | None = None) -> Iterator[Far]:
    far = Far()
    port = free_port()
    far.url = f"{'https' if context else 'http'}://localhost:{port}/graphql"

    async def ready(_: web.Request) -> web.Response:
        return web.json_response({"data": {"__typename": "Query"}})

    async def handler(request: web.Request) -> web.WebSocketResponse:
        wire = web.WebSocketResponse(protocols=[TRANSPORT], max_msg_size=0, autoping=far.autoping)
        await wire.prepare(request)
        try:
            await far.serve(wire)
        finally:
            far.closed.append(wire.close_code)
            far.ended.set()
        return wire

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/graphql", ready)
        app.router.add_get("/graphql", handler)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
        await stop.wait()
        await runner.cleanup()

    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    wait_for(lambda: listens(port), what="the origin to listen")
    try:
        yield far
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Far]]:
    folder = tmp_path_factory.mktemp("websockets")
    with stack_before(running_far(), CONFIG, folder) as served:
        yield served


@pytest.fixture
def far(served: tuple[Stack, Far]) -> Far:
    """As new."""
    far = served[1]
    far.serve = echo
    far.autoping = True
    far.closed.clear()
    far.ended.clear()
    return far


@contextmanager
def opened(stack: Stack) -> Iterator[ClientConnection]:
    url = stack.url.replace("http:", "ws:")
    with connect(url, subprotocols=[TRANSPORT], max_size=None, open_timeout=60) as near:
        yield near


def closing(near: ClientConnection) -> tuple[int, str]:
    """How the other side ends a connection."""
    with pytest.raises(ConnectionClosed) as caught:
        near.recv(timeout=60)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


def test_the_clients_close_is_the_origins(served: tuple[Stack, Far], far: Far) -> None:
    with opened(served[0]) as near:
        near.send(PING)
        assert near.recv(timeout=60) == PING
        near.close(4123, "enough")
    assert far.ended.wait(60)
    assert far.closed == [4123]


def test_a_client_that_is_cut_off_ends_the_origins_side(
    served: tuple[Stack, Far], far: Far
) -> None:
    with opened(served[0]) as near:
        near.send(PING)
        near.recv(timeout=60)
        near.socket.shutdown(2)
        assert far.ended.wait(60)
    assert far.closed[0] is not None


def test_the_origins_close_is_the_clients(served: tuple[Stack, Far], far: Far) -> None:
    far.serve = lambda wire: wire.close(code=4429)
    with opened(served[0]) as near:
        assert closing(near)[0] == 4429


def test_an_origin_that_breaks_off_is_an_internal_error(
    served: tuple[Stack, Far], far: Far
) -> None:
    async def abort(wire: web.WebSocketResponse) -> None:
        assert wire._req is not None
        assert wire._req.transport is not None
        wire._req.transport.abort()

    far.serve = abort
    with opened(served[0]) as near:
        assert closing(near)[0] == 1011


def test_pings_are_answered_from_both_sides(served: tuple[Stack, Far], far: Far) -> None:
    heard = threading.Event()

    async def pings(wire: web.WebSocketResponse) -> None:
        await wire.ping(b"far")
        # Not what the client pinged with: that one the controller answers.
        assert (await wire.receive()).type is WSMsgType.PONG
        heard.set()
        assert await wire.receive_str() == PING
        await wire.send_str(PONG)
        await wire.receive()

    far.serve = pings
    far.autoping = False
    with opened(served[0]) as near:
        assert near.ping().wait(60)
        assert heard.wait(60)
        near.send(PING)
        assert near.recv(timeout=60) == PONG


def test_big_messages_go_both_ways(served: tuple[Stack, Far], far: Far) -> None:
    assert not far.closed
    big = json.dumps({"type": "ping", "payload": {"x": "é" * 900_000}}, ensure_ascii=False)
    with opened(served[0]) as near:
        near.send(big)
        assert near.recv(timeout=60) == big


def test_an_answer_may_be_bigger_than_a_request(served: tuple[Stack, Far], far: Far) -> None:
    big = json.dumps({"type": "next", "id": "1", "payload": {"data": "x" * 8_000_000}})

    async def answers(wire: web.WebSocketResponse) -> None:
        await wire.receive()
        await wire.send_str(big)
        await wire.receive()

    far.serve = answers
    with opened(served[0]) as near:
        near.send(PING)
        assert near.recv(timeout=60) == big


def test_an_https_origin(tmp_path: Path) -> None:
    identity, trusted = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity)
    with running_far(context) as far:
        config = {**CONFIG, "originUrl": far.url}
        env = {"SSL_CERT_FILE": str(trusted)}
        with running_stack(config, directory=tmp_path, env=env) as stack, opened(stack) as near:
            near.send(PING)
            assert near.recv(timeout=60) == PING


def test_a_handshake_that_finds_no_connection_goes_on_to_the_next_origin(tmp_path: Path) -> None:
    with running_far() as far:
        nobody = f"http://127.0.0.1:{free_port()}/graphql"
        config = {**CONFIG, "originUrl": nobody, "origins": [{"url": far.url}]}
        with running_stack(config, directory=tmp_path) as stack, opened(stack) as near:
            near.send(PING)
            assert near.recv(timeout=60) == PING
