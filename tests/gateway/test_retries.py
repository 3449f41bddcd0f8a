"""Queries that fail are asked again, with growing pauses; nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from graphql import build_schema

from controller.brain import Brain
from controller.core.request import HttpRequest
from controller.gateway.app import Gateway
from controller.gateway.asgi import Request
from controller.gateway.origin import Origin
from controller.gateway.passes import _streamed
from controller.gateway.retries import DELAYS, Retries, repeatable
from controller.gateway.rules import gateway_rules
from controller.policy_of import policy_of
from controller.purge.freshness import Freshness
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from tests.support.net import free_port
from vclgen.config import load_config_text

SCHEMA = build_schema("type Query { n: Int  m: Int } type Mutation { set: Int }")
CONFIG = "originUrl: {url}\nrules: [{{types: {{Query: [n]}}, maxAge: 60}}]\nretries: {retries}\n"
NETWORK = "{networkErrors: {isEnabled: true}}"
SERVER = "{serverErrors: {isEnabled: true}}"
ALL = "{serverErrors: {isEnabled: true, whenGraphQLResponse: true}}"


class Failing:
    """An origin whose first answers are ``failures``: a status, or None for a broken connection."""

    def __init__(self) -> None:
        self.url = ""
        self.failures: list[int | None] = []
        self.media_type = "text/html"
        self.asked = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        await request.read()
        if not self.failures:
            return web.json_response({"data": {"n": 1}})
        status = self.failures.pop(0)
        if status is None:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=status or 500, text="{}", content_type=self.media_type)


@pytest.fixture
async def failing() -> AsyncIterator[Failing]:
    found = Failing()
    app = web.Application()
    app.router.add_route("*", "/", found.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    found.url = f"http://127.0.0.1:{port}/"
    yield found
    await runner.cleanup()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of which takes time."""
    made: list[float] = []

    async def pause(seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr("controller.gateway.retries.asyncio", _Asyncio(pause))
    return made


class _Asyncio:
    def __init__(self, sleep: Callable[[float], object]) -> None:
        self.sleep = sleep


async def ask(failing: Failing, folder: Path, retries: str, query: str) -> httpx.Response:
    """Send a document as Varnish sends what it passes, or looks up where it can be stored."""
    config = load_config_text(CONFIG.format(url=failing.url, retries=retries)).config
    brain = Brain(policy_of(config), SCHEMA)
    verdict = brain.decide(HttpRequest("GET", b"query=" + query.encode(), None, b""))
    data = {"X-Shellac-Round": "data", "X-Shellac-Digest": config.digest}
    key = getattr(verdict, "key", None)
    headers = {**data, "X-Shellac-Key": key} if key else {"X-Shellac-Round": "pass"}
    log = SqliteLog(folder / "purges.db")
    freshness = Freshness()
    async with Origin(config.origin_url, constants={}) as origin:
        purger = Purger(log, lambda: [], freshness)
        gateway = Gateway(brain, origin, purger, freshness, gateway_rules(config))
        transport = httpx.ASGITransport(app=gateway)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            answer = await http.get("/graphql", params={"query": query}, headers=headers)
    await log.close()
    return answer


@pytest.mark.parametrize("query", ["{n}", "{m}"])
@pytest.mark.parametrize(
    ("retries", "failures"), [(NETWORK, [None, None, None]), (SERVER, [502, 503, 500])]
)
async def test_a_query_is_asked_three_times_more(
    failing: Failing,
    pauses: list[float],
    tmp_path: Path,
    retries: str,
    failures: list[int | None],
    query: str,
) -> None:
    failing.failures = [*failures]
    answer = await ask(failing, tmp_path, retries, query)
    assert answer.status_code == 200
    assert answer.json() == {"data": {"n": 1}}
    assert failing.asked == 4
    assert pauses == list(DELAYS) == [0.5, 1.0, 2.0]


async def test_an_answer_that_is_no_good_is_closed_where_nobody_waits_for_another() -> None:
    left = asyncio.Event()

    async def fail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n")
        await reader.read()
        left.set()
        writer.close()

    server = await asyncio.start_server(fail, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    retries = Retries(server_errors=True, delays=(60.0,))
    request = Request("GET", "/graphql", b"query={n}", [], b"")
    async with server, Origin(f"http://127.0.0.1:{port}", constants={}) as origin:
        with pytest.raises(TimeoutError) as _late:  # its traceback holds what was opened
            async with asyncio.timeout(0.3):
                await _streamed(request, origin, retries)
        async with asyncio.timeout(5):
            await left.wait()


@pytest.mark.parametrize(
    ("retries", "failure", "media_type"),
    [
        ("{}", None, "text/html"),
        ("{}", 502, "text/html"),
        (NETWORK, 502, "text/html"),
        (SERVER, None, "text/html"),
        (SERVER, 500, "application/json"),
        (ALL, 404, "application/json"),
    ],
)
async def test_other_failures_are_delivered(
    failing: Failing,
    pauses: list[float],
    tmp_path: Path,
    retries: str,
    failure: int | None,
    media_type: str,
) -> None:
    failing.failures = [failure, failure]
    failing.media_type = media_type
    answer = await ask(failing, tmp_path, retries, "{m}")
    assert answer.status_code == (failure or 502)
    assert failing.asked == 1
    assert not pauses


async def test_answers_in_json_are_failures_where_the_config_says_so(
    failing: Failing, pauses: list[float], tmp_path: Path
) -> None:
    failing.failures = [500]
    failing.media_type = "application/json"
    answer = await ask(failing, tmp_path, ALL, "{m}")
    assert answer.status_code == 200
    assert pauses == [0.5]


async def test_the_last_failure_is_delivered(
    failing: Failing, pauses: list[float], tmp_path: Path
) -> None:
    failing.failures = [502, 502, 502, 503]
    assert (await ask(failing, tmp_path, SERVER, "{m}")).status_code == 503
    assert len(pauses) == 3


async def test_a_mutation_is_asked_once(
    failing: Failing, pauses: list[float], tmp_path: Path
) -> None:
    for failure in (None, 502):
        failing.failures = [failure, failure]
        failing.asked = 0
        both = "{networkErrors: {isEnabled: true}, serverErrors: {isEnabled: true}}"
        answer = await ask(failing, tmp_path, both, "mutation{set}")
        assert answer.status_code == 502
        assert failing.asked == 1
    assert not pauses


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"query":"{n}"}', True),
        (b'{"query":"{m}"}', True),
        (b'{"query":"{n"}', False),
        (b'{"query":"mutation{set}"}', False),
        (b'[{"query":"{n}"}]', False),
        (b'{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"a"}}}', False),
        (b'{"query":"query A{n} mutation B{set}","operationName":"A"}', True),
        (b'{"query":"subscription{n}"}', False),
    ],
)
def test_only_what_certainly_writes_nothing_is_repeated(body: bytes, expected: bool) -> None:
    policy = policy_of(load_config_text("originUrl: http://a\nrules: []\n").config)
    verdict = Brain(policy, SCHEMA).decide(HttpRequest("POST", b"", "application/json", body))
    assert repeatable(verdict) is expected
