"""What an origin compresses is decoded, and an encoding nobody knows here is named as one."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import httpx
import pytest
from aiohttp import web
from graphql import build_schema

from controller.brain import Brain
from controller.core.request import HttpRequest
from controller.core.verdict import CacheableQuery
from controller.errors import OriginUnreadable, SchemaUnavailable
from controller.gateway.app import Gateway
from controller.gateway.origin import Origin
from controller.gateway.rules import gateway_rules
from controller.policy_of import policy_of
from controller.purge.freshness import Freshness
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from controller.schema_source import introspect
from tests.support.net import free_port
from vclgen.config import load_config_text

BODY = b'{"data":{"n":1}}'
BODIES = {
    "gzip": gzip.compress(BODY),
    "deflate": zlib.compress(BODY),
    "br": brotli.compress(BODY),
    "BR": brotli.compress(BODY),
    "identity": BODY,
}
PACKED = b"\x0b\x07\x80" + BODY
"""Not what it says it is: nobody here could tell."""
FOREIGN = ["zstd", "ZSTD", "compress", "x-gzip", "gzip, br"]


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A server that answers in the encoding that its path names."""

    async def answer(request: web.Request) -> web.Response:
        encoding = request.match_info["encoding"]
        headers = {"Content-Encoding": encoding, "X-Asked": request.headers["Accept-Encoding"]}
        if request.path.startswith("/short/"):
            body = BODIES[encoding][: -len(BODIES[encoding]) // 2]
            return web.Response(body=body, headers=headers, content_type="application/json")
        body = PACKED if request.path.startswith("/broken/") else BODIES.get(encoding, PACKED)
        return web.Response(body=body, headers=headers, content_type="application/json")

    app = web.Application()
    app.router.add_post("/{kind}/{encoding}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


@pytest.mark.parametrize("encoding", sorted(BODIES))
async def test_what_is_known_is_decoded(url: str, encoding: str) -> None:
    async with Origin(f"{url}/good/{encoding}", constants={}) as origin:
        answer = await origin.post(b"{}", [])
    assert answer.body == BODY
    assert (b"X-Asked", b"gzip, deflate") in answer.headers


@pytest.mark.parametrize("encoding", FOREIGN)
async def test_what_was_not_asked_for_is_named(url: str, encoding: str) -> None:
    async with Origin(f"{url}/good/{encoding}", constants={}) as origin:
        with pytest.raises(OriginUnreadable) as caught:
            await origin.post(b"{}", [])
    said = str(caught.value).lower()
    assert f"its content-encoding is {encoding.lower()}, which was not asked for" in said


@pytest.mark.parametrize("encoding", ["gzip", "br"])
async def test_a_body_that_is_not_what_it_says_is_named(url: str, encoding: str) -> None:
    async with Origin(f"{url}/broken/{encoding}", constants={}) as origin:
        with pytest.raises(OriginUnreadable, match=f"is {encoding}, and its body is not"):
            await origin.post(b"{}", [])


@pytest.mark.parametrize("encoding", ["gzip", "br"])
async def test_a_body_that_ends_early_is_named(url: str, encoding: str) -> None:
    async with Origin(f"{url}/short/{encoding}", constants={}) as origin:
        with pytest.raises(OriginUnreadable, match=f"its Content-Encoding is {encoding}, and its"):
            await origin.post(b"{}", [])


@pytest.mark.parametrize("encoding", ["compress", "zstd"])
async def test_introspection_names_it_too(url: str, encoding: str) -> None:
    with pytest.raises(
        SchemaUnavailable, match=f"cannot be read: its Content-Encoding is {encoding}"
    ):
        await introspect(f"{url}/good/{encoding}", {})


async def test_a_passed_answer_keeps_its_encoding(url: str) -> None:
    async with (
        Origin(f"{url}/good/zstd", constants={}) as origin,
        origin.forward("POST", b"", [("accept-encoding", "zstd")], b"{}") as stream,
    ):
        assert await stream.whole() == PACKED


async def test_the_client_is_told(url: str, tmp_path: Path) -> None:
    config = load_config_text(
        f"originUrl: {url}/good/zstd\nrules: [{{types: [Query], maxAge: 60}}]\n"
    ).config
    brain = Brain(policy_of(config), build_schema("type Query { n: Int }"))
    verdict = brain.decide(HttpRequest("GET", b"query={n}", None, b""))
    assert isinstance(verdict, CacheableQuery)
    freshness = Freshness()
    log = SqliteLog(tmp_path / "purges.db")
    async with Origin(config.origin_url, constants={}) as origin:
        purger = Purger(log, lambda: [], freshness)
        gateway = Gateway(brain, origin, purger, freshness, gateway_rules(config))
        transport = httpx.ASGITransport(app=gateway)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            headers = {
                "X-Shellac-Round": "data",
                "X-Shellac-Key": verdict.key,
                "X-Shellac-Digest": config.digest,
            }
            answer = await http.get("/graphql?query={n}", headers=headers)
    await log.close()
    assert answer.status_code == 502
    assert answer.headers["x-shellac-detail"] == "origin-unreadable"
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "ORIGIN_UNREADABLE"
    assert "its Content-Encoding is zstd" in error["message"]
