"""Several origins: what goes on to the next one, and what never does."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.origins.asking import PASSED, READ, WRITE, asking, until
from tests.origins.server import Scripted, answer, broken, scripted, silent
from tests.support.net import free_port

SERVER_ERRORS = "retries: {serverErrors: {isEnabled: true}}\n"
NETWORK_ERRORS = "retries: {networkErrors: {isEnabled: true}}\n"


@pytest.fixture
def two() -> Iterator[tuple[Scripted, Scripted]]:
    with ExitStack() as stack:
        yield stack.enter_context(scripted()), stack.enter_context(scripted())


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def pause(_: float) -> None: ...

    monkeypatch.setattr("controller.gateway.retries.asyncio.sleep", pause)


def nobody() -> str:
    return f"http://127.0.0.1:{free_port()}/graphql"


def config(first: str, *others: str, more: str = "") -> str:
    listed = ", ".join(f"{{url: '{url}'}}" for url in others)
    return f"originUrl: {first}\norigins: [{listed}]\n{more}"


def unavailable(_: Scripted, wire: socket.socket) -> None:
    answer(wire, b"not now", status=503, media="text/plain")


async def test_requests_are_spread(two: tuple[Scripted, Scripted], tmp_path: Path) -> None:
    async with asking(config(two[0].url, two[1].url), tmp_path) as gateway:
        for _ in range(10):
            assert (await gateway.ask(PASSED)).status_code == 200
    assert [len(origin.asked) for origin in two] == [5, 5]


@pytest.mark.parametrize("document", [READ, PASSED, WRITE])
async def test_what_finds_no_connection_goes_on_to_the_next(
    two: tuple[Scripted, Scripted], tmp_path: Path, document: str
) -> None:
    """A mutation, too: nothing was sent, so it is still sent once."""
    async with asking(config(nobody(), two[0].url), tmp_path) as gateway:
        for _ in range(2):
            assert (await gateway.ask(document)).status_code == 200
        refused, there = gateway.director.servers
        assert not refused.healthy
        assert refused.refused == 1  # and then it was not asked any more
        assert there.healthy
        assert len([each for each in two[0].operations if each.startswith(document[:4])]) == 2


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("way", [broken, unavailable])
async def test_a_mutation_that_was_sent_is_sent_nowhere_else(
    two: tuple[Scripted, Scripted], tmp_path: Path, way: Callable[..., Any]
) -> None:
    for origin in two:
        origin.script = way
    more = "retries: {networkErrors: {isEnabled: true}, serverErrors: {isEnabled: true}}\n"
    text = config(two[0].url, two[1].url, more=more + "instrument: false\n")
    async with asking(text, tmp_path) as gateway:
        response = await gateway.ask(WRITE)
        assert response.status_code in (502, 503)
        assert [*two[0].operations, *two[1].operations] == [WRITE]
        (purge,) = await gateway.purges()
        assert "type:T" in purge.tags


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("document", [READ, PASSED])
@pytest.mark.parametrize(
    ("way", "retries"), [(broken, NETWORK_ERRORS), (unavailable, SERVER_ERRORS)]
)
async def test_a_repeated_query_goes_to_another_origin(
    two: tuple[Scripted, Scripted],
    tmp_path: Path,
    document: str,
    way: Callable[..., Any],
    retries: str,
) -> None:
    two[0].script = way
    text = f"originUrl: {two[0].url}\n{retries}origins:\n"
    text += f"- {{url: '{two[0].url}', weight: 100}}\n- {{url: '{two[1].url}'}}\n"
    async with asking(text, tmp_path) as gateway:
        assert (await gateway.ask(document)).json()["data"]["n"] == 1
        assert [len(origin.asked) for origin in two] == [1, 1]


async def test_without_retries_a_failure_is_delivered(
    two: tuple[Scripted, Scripted], tmp_path: Path
) -> None:
    two[0].script = two[1].script = unavailable
    async with asking(config(two[0].url, two[1].url), tmp_path) as gateway:
        assert (await gateway.ask(PASSED)).status_code == 503
        assert len(two[0].asked) + len(two[1].asked) == 1


async def test_all_sick_all_are_tried(tmp_path: Path) -> None:
    async with asking(config(nobody(), nobody()), tmp_path) as gateway:
        response = await gateway.ask(READ)
        assert response.status_code == 502
        assert response.json()["errors"][0]["extensions"]["code"] == "ORIGIN_UNREACHABLE"
        assert [server.healthy for server in gateway.director.servers] == [False, False]
        await gateway.ask(READ)
        assert [server.refused for server in gateway.director.servers] == [2, 2]


async def test_every_address_of_a_name_is_tried(
    two: tuple[Scripted, Scripted], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved = socket.getaddrinfo

    def three(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        if host != "api.test":
            return resolved(host, port, *args, **options)
        addresses = ("127.0.0.3", "127.0.0.2", "127.0.0.1")
        return [each for ip in addresses for each in resolved(ip, port, *args, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", three)
    async with asking(f"originUrl: http://api.test:{two[0].port}/graphql\n", tmp_path) as gateway:
        for _ in range(3):
            assert (await gateway.ask(PASSED)).status_code == 200
        assert gateway.director.servers[0].refused == 0


@pytest.mark.parametrize("path", ["", "path: /healthz, "])
async def test_probes_find_what_is_sick_and_what_is_healthy_again(
    two: tuple[Scripted, Scripted], tmp_path: Path, path: str
) -> None:
    probe = f"originProbe: {{{path}interval: 10ms, timeout: 5s, window: 4, threshold: 2}}\n"
    constant = "originHeaders: {X-From: shellac}\n"
    two[0].script = unavailable
    async with asking(
        config(two[0].url, two[1].url, more=probe + constant), tmp_path, probing=True
    ) as gateway:
        first, second = gateway.director.servers
        await until(lambda: not first.healthy, "the first is sick")
        assert second.healthy
        assert "with 503" in (first.error or "")
        asked = two[0].asked[0]
        assert asked.headers["x-from"] == "shellac"
        assert (asked.method, asked.target) == (
            ("GET", "/healthz") if path else ("POST", "/graphql")
        )
        before = first.asked
        for _ in range(4):
            assert (await gateway.ask(PASSED)).status_code == 200
        assert first.asked == before
        two[0].script = lambda _, wire: answer(wire)
        await until(lambda: first.healthy, "the first is healthy again")


async def test_a_probe_wants_data_in_time(two: tuple[Scripted, Scripted], tmp_path: Path) -> None:
    probe = "originProbe: {interval: 10ms, timeout: 200ms, window: 2, threshold: 1}\n"
    two[0].script = silent
    two[1].script = lambda _, wire: answer(wire, b'{"errors":[{"message":"no"}]}')
    async with asking(
        config(two[0].url, two[1].url, more=probe), tmp_path, probing=True
    ) as gateway:
        first, second = gateway.director.servers
        await until(lambda: not first.healthy and not second.healthy, "both are sick")
        errors = ["the origin was silent for 0.2 s", "it answers {__typename} with 200 and no data"]
        # On a busy machine the second may have been too late for a probe, too.
        await until(lambda: [first.error, second.error] == errors, "both for their own reason")
