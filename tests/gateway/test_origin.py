"""The origin client against a real server that shows what it got."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from controller.errors import OriginRefused, OriginUnreachable
from controller.gateway.origin import Origin
from tests.support.net import free_port


@pytest.fixture
async def echo() -> AsyncIterator[str]:
    """A server that answers with the request line, the headers, and the body."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/breaks":
            response = web.StreamResponse()
            response.content_length = 100
            await response.prepare(request)
            await response.write(b"x")
            assert request.transport is not None
            request.transport.close()
            return response
        lines = [f"{request.method} {request.raw_path}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        body = "\n".join(lines).encode() + b"\n\n" + await request.read()
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=gzip.compress(body), headers={"Content-Encoding": "gzip"})
        return web.Response(body=body)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


async def test_a_post_is_decoded_and_carries_the_constants(echo: str) -> None:
    async with Origin(f"{echo}/graphql?v=1", constants={"X-Api-Key": "ours"}) as origin:
        answer = await origin.post(b"{}", [("x-api-key", "theirs"), ("store", "de")])
    text = answer.body.decode()
    assert text.startswith("POST /graphql?v=1\n")
    assert "X-Api-Key: ours" in text
    assert "theirs" not in text
    assert "store: de" in text
    assert text.endswith("\n\n{}")


async def test_a_forwarded_request_keeps_its_query_string_and_the_answer_its_encoding(
    echo: str,
) -> None:
    async with Origin(f"{echo}/graphql?v=1", constants={}) as origin:
        query = b"query=%7Ba%7D&x=%2f+%zz"
        headers = [("accept-encoding", "gzip")]
        async with origin.forward("GET", query, headers, b"") as stream:
            body = b"".join([chunk async for chunk in stream.chunks()])
    assert gzip.decompress(body).startswith(b"GET /graphql?v=1&query=%7Ba%7D&x=%2f+%zz\n")
    assert b"User-Agent" not in gzip.decompress(body)


async def test_no_connection_is_known_from_a_broken_one(echo: str) -> None:
    async with Origin(f"http://127.0.0.1:{free_port()}/graphql", constants={}) as nobody:
        with pytest.raises(OriginRefused):
            await nobody.post(b"{}", [])
    async with Origin(f"{echo}/breaks", constants={}) as breaking:
        with pytest.raises(OriginUnreachable) as caught:
            await breaking.post(b"{}", [])
        assert not isinstance(caught.value, OriginRefused)


async def test_nothing_is_sent_twice_when_the_origin_breaks_off() -> None:
    """Not a GET either, which can be a mutation."""
    seen = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Origin(f"http://127.0.0.1:{port}/graphql", constants={}) as origin:
        for method in ("GET", "POST", "PUT"):
            with pytest.raises(OriginUnreachable):
                async with origin.forward(method, b"query=mutation", [], b""):
                    pytest.fail("there was an answer")
    assert [line.split(b" ")[0] for line in seen] == [b"GET", b"POST", b"PUT"]
