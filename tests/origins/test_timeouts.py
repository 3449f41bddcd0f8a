"""An origin that hangs: at the connection, before its headers, in the midst of its answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.origins.asking import PASSED, READ, WRITE, asking
from tests.origins.server import (
    DATA,
    Scripted,
    answer,
    broken,
    chunk,
    half,
    head,
    scripted,
    silent,
    unconnectable,
)

LONG = {"connect": "60s", "firstByte": "60s", "betweenBytes": "60s"}
AS_WRITTEN = "instrument: false\n"
CONNECT = "no connection to the origin came about in time"
FIRST = "the origin sent no answer for 0.3 s"
BETWEEN = "the origin sent nothing for 0.3 s in the midst of its answer"
SHORT = {CONNECT: "connect", FIRST: "firstByte", BETWEEN: "betweenBytes"}


def times(**short: str) -> str:
    """Time-outs of which only these can come, however busy the machine is."""
    return f"originTimeouts: {json.dumps({**LONG, **short})}\n"


def short_for(said: str) -> str:
    """Time-outs of which only the one can come of which this is said."""
    return times(**{SHORT[said]: "300ms"})


@pytest.fixture
def origin() -> Iterator[Scripted]:
    with scripted() as found:
        yield found


@pytest.fixture(params=[CONNECT, FIRST, BETWEEN])
def hanging(request: pytest.FixtureRequest, origin: Scripted) -> Iterator[tuple[str, str]]:
    """The URL of an origin that hangs, and what is said of it."""
    with ExitStack() as stack:
        origin.script = half if request.param == BETWEEN else silent
        full = request.param == CONNECT
        yield stack.enter_context(unconnectable()) if full else origin.url, request.param


@pytest.mark.parametrize("document", [READ, WRITE])
async def test_each_point_is_named_with_504(
    hanging: tuple[str, str], tmp_path: Path, document: str
) -> None:
    url, said = hanging
    text = f"originUrl: {url}\n{short_for(said)}{AS_WRITTEN}"
    async with asking(text, tmp_path) as gateway:
        response = await gateway.ask(document)
        (error,) = response.json()["errors"]
        assert (response.status_code, error["message"]) == (504, said)
        assert error["extensions"]["code"] == "ORIGIN_TIMEOUT"
        assert response.headers["x-shellac-detail"] == "origin-timeout"


async def test_a_mutation_that_may_have_been_done_is_purged_for(
    hanging: tuple[str, str], tmp_path: Path
) -> None:
    url, said = hanging
    text = f"originUrl: {url}\n{short_for(said)}{AS_WRITTEN}"
    async with asking(text, tmp_path) as gateway:
        await gateway.ask(WRITE)
        tags = [tag for purge in await gateway.purges() for tag in purge.tags]
    assert ("type:T" in tags) is (said != CONNECT)


async def test_what_is_not_read_is_named_while_its_headers_are_missing(
    origin: Scripted, tmp_path: Path
) -> None:
    origin.script = silent
    async with asking(f"originUrl: {origin.url}\n{short_for(FIRST)}", tmp_path) as gateway:
        response = await gateway.ask(PASSED)
    assert (response.status_code, response.json()["errors"][0]["message"]) == (504, FIRST)


async def test_each_time_is_for_its_own_point(origin: Scripted, tmp_path: Path) -> None:
    """The pause within the answer is longer than that before it may be, and the other way round."""

    def slow(_: Scripted, wire: Any) -> None:
        wire.sendall(head("Transfer-Encoding: chunked\r\n") + chunk(b'{"data":'))
        origin.released.wait(3)
        wire.sendall(chunk(b'{"n":1}}') + b"0\r\n\r\n")

    origin.script = slow
    before = times(firstByte="2s")
    async with asking(f"originUrl: {origin.url}\n{before}", tmp_path) as gateway:
        assert (await gateway.ask(READ)).json() == {"data": {"n": 1}}
    within = times(betweenBytes="200ms")
    async with asking(f"originUrl: {origin.url}\n{within}", tmp_path) as gateway:
        assert (await gateway.ask(READ)).status_code == 504


def trickling(origin: Scripted, wire: Any) -> None:
    """An answer that takes far longer than any pause in it."""
    wire.sendall(head("Transfer-Encoding: chunked\r\n"))
    for _ in range(25):
        wire.sendall(chunk(b" "))
        origin.released.wait(0.75)
    wire.sendall(chunk(DATA) + b"0\r\n\r\n")


async def test_an_answer_that_is_read_whole_has_an_end(
    origin: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vclgen.config.origins.SPARE_SECONDS", 0.0)
    origin.script = trickling
    pauses = times(connect="2s", firstByte="4s", betweenBytes="4s")
    async with asking(f"originUrl: {origin.url}\n{pauses}{AS_WRITTEN}", tmp_path) as gateway:
        *whole, streamed = await asyncio.gather(*map(gateway.ask, (READ, WRITE, PASSED)))
        for response in whole:
            assert response.status_code == 504
            message = response.json()["errors"][0]["message"]
            assert message == "the origin took longer than 6 s in all"
        assert await gateway.purges()
        assert streamed.status_code == 200
        assert streamed.json()["data"]["n"] == 1


@pytest.mark.parametrize(
    "way",
    [
        broken,
        lambda _, wire: wire.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        lambda _, wire: wire.sendall(head("Content-Length: x\r\n")),
        lambda _, wire: answer(wire, b"\x1f\x8b not gzip", headers="Content-Encoding: gzip\r\n"),
        lambda _, wire: answer(wire, b"{}", headers="Content-Encoding: zstd\r\n"),
    ],
)
@pytest.mark.parametrize("document", [READ, WRITE])
async def test_a_broken_answer_is_a_bad_gateway(
    origin: Scripted, tmp_path: Path, way: Callable[..., Any], document: str
) -> None:
    def once(found: Scripted, wire: Any) -> None:
        way(found, wire)
        wire.shutdown(2)

    origin.script = once
    async with asking(f"originUrl: {origin.url}?key=secret\n{AS_WRITTEN}", tmp_path) as gateway:
        response = await gateway.ask(document)
        assert response.status_code == 502
        assert "secret" not in response.text
        assert response.json()["errors"][0]["extensions"]["code"].startswith("ORIGIN_UNREA")
        assert bool(await gateway.purges()) is (document == WRITE)
