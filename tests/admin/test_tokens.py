"""The admin app's door: scopes, ends, limits, and who is named in the log."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from controller.admin.app import create_admin_app
from controller.admin.failures import Failures
from controller.admin.state import AdminState
from controller.purge.sqlite_log import SqliteLog
from controller.tokens.reader import TokenReader
from controller.tokens.token import Scope, id_of, new_text
from tests.admin.conftest import TOKEN, Api
from tests.support.tokens import Clock, Tokens

PURGE = {"query": "mutation { purgePost(id: 5) }"}
STRONG = "0123456789abcdef0123456789abcdef"


class Door:
    """The app, asked from any address."""

    def __init__(self, state: AdminState) -> None:
        self.app = create_admin_app(state)

    async def ask(
        self, token: str, *, at: str = "192.0.2.1", path: str = "/demo", **headers: str
    ) -> httpx.Response:
        """A purge, or another path's GET, with this token from that address."""
        transport = httpx.ASGITransport(app=self.app, client=(at, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://admin") as http:
            sent = {"stellate-token": token, **headers}
            if path == "/demo":
                return await http.post(path, json=PURGE, headers=sent)
            return await http.get(path, headers=sent)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(tmp_path: Path, clock: Clock) -> Tokens:
    return Tokens(tmp_path / "state" / "tokens.db", clock)


@pytest.fixture
async def reader(tokens: Tokens, clock: Clock) -> AsyncIterator[TokenReader]:
    reader = TokenReader(tokens.path, clock=clock)
    yield reader
    await reader.close()


@pytest.fixture
def door(state: AdminState, reader: TokenReader, clock: Clock) -> Door:
    state.kept_tokens = reader
    state.failures = Failures(clock)
    return Door(state)


def message(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    assert response.headers["cache-control"] == "no-store"
    return f"{error['extensions']['code']}: {error['message']}"


async def test_a_created_token_purges_and_is_named_in_the_log(
    door: Door, tokens: Tokens, api: Api
) -> None:
    text = tokens.make("deploy-bot")
    response = await door.ask(text)
    assert (response.status_code, response.json()["data"]) == (200, {"purgePost": True})
    (purge,) = await api.recorded()
    assert purge.source == "api purgePost by deploy-bot"
    assert (await door.ask(TOKEN)).status_code == 200
    (purge,) = await api.recorded()
    assert purge.source == "api purgePost"


@pytest.mark.parametrize("header", ["stellate-token", "graphcdn-token", "Authorization"])
async def test_each_header_takes_it(door: Door, tokens: Tokens, header: str) -> None:
    text = tokens.make()
    value = f"Bearer {text}" if header == "Authorization" else text
    assert (await door.ask("", **{header: value})).status_code == 200


async def test_the_scope_purge_is_for_the_purging_api_alone(door: Door, tokens: Tokens) -> None:
    purge, admin = tokens.make("shop", Scope.PURGE), tokens.make("ops", Scope.ADMIN)
    for path in ("/nodes", "/schema"):
        refused = await door.ask(purge, path=path)
        assert refused.status_code == 403
        expected = f'FORBIDDEN: The token "shop" ({id_of(purge)}) has the scope purge; '
        assert message(refused) == expected + "this needs admin"
        assert (await door.ask(admin, path=path)).status_code not in (401, 403)
    assert (await door.ask(admin)).status_code == 200
    query = "/demo?query={_service{name}}"
    assert (await door.ask(purge, path=query)).json() == {"data": {"_service": {"name": "demo"}}}


async def test_a_revoked_token_is_told_so(door: Door, tokens: Tokens, api: Api) -> None:
    text = tokens.make("bot", seconds=60)
    assert (await door.ask(text)).status_code == 200
    await api.recorded()
    tokens.revoke(text)
    refused = await door.ask(text)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert f'"bot" ({id_of(text)}) was revoked at 2027-01-15T08:00:00Z' in message(refused)
    assert await api.recorded() == []


async def test_an_expired_token_is_told_so(door: Door, tokens: Tokens, clock: Clock) -> None:
    text = tokens.make("bot", seconds=60)
    clock.at += 59.9
    assert (await door.ask(text)).status_code == 200
    clock.at += 0.1
    refused = await door.ask(text)
    assert refused.status_code == 401
    assert "expired at 2027-01-15T08:01:00Z: make another" in message(refused)


async def test_nobody_but_the_holder_hears_of_a_token(door: Door, tokens: Tokens) -> None:
    revoked = tokens.make("bot")
    tokens.revoke(revoked)
    guessed = f"shellac_{id_of(revoked)}_{'0' * 64}"
    unknown = message(await door.ask(new_text()))
    assert message(await door.ask(guessed)) == unknown == "UNAUTHENTICATED: The token is not valid"


async def test_of_several_tokens_the_valid_one_counts(door: Door, tokens: Tokens) -> None:
    old, new = tokens.make("old"), tokens.make("new")
    tokens.revoke(old)
    assert (await door.ask(old, **{"graphcdn-token": new})).status_code == 200
    assert (await door.ask("wrong", **{"graphcdn-token": new})).status_code == 200
    refused = await door.ask("wrong", **{"graphcdn-token": old})
    assert "was revoked" in message(refused)


async def test_the_last_use_is_of_the_last_request_that_was_let_in(
    door: Door, tokens: Tokens, clock: Clock, reader: TokenReader
) -> None:
    text = tokens.make()
    await door.ask(text)
    first = clock.at
    tokens.revoke(text)
    clock.at += 600
    await door.ask(text)
    await reader.find(text)
    assert tokens.known()[0].used == first


async def test_wrong_tokens_are_limited_by_address(door: Door, clock: Clock) -> None:
    statuses = [(await door.ask(f"wrong-{n}")).status_code for n in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    clock.at += 1.5
    refused = await door.ask(new_text())
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
    assert "try again in 5 s" in message(refused)
    assert (await door.ask("wrong", at="192.0.2.2")).status_code == 401
    clock.at += 4.5
    assert (await door.ask("wrong")).status_code == 401
    assert (await door.ask("wrong")).status_code == 429


async def test_each_wrong_token_of_one_request_counts(door: Door) -> None:
    for n in range(4):
        three = {"graphcdn-token": f"b{n}", "Authorization": f"Bearer c{n}"}
        assert (await door.ask(f"a{n}", **three)).status_code == 401
    assert (await door.ask("wrong")).status_code == 429


async def test_an_attacker_behind_the_same_address_cannot_stop_a_purge(
    door: Door, state: AdminState, tokens: Tokens, api: Api
) -> None:
    state.tokens = frozenset({STRONG})
    text, old = tokens.make(), tokens.make("old")
    tokens.revoke(old)
    for _ in range(20):
        await door.ask("wrong")
    assert (await door.ask("wrong")).status_code == 429
    assert (await door.ask(text)).status_code == 200
    assert (await door.ask(STRONG)).status_code == 200
    assert "was revoked" in message(await door.ask(old))
    assert len(await api.recorded()) == 2


async def test_a_token_that_could_be_guessed_is_not_compared_over_the_limit(
    door: Door, clock: Clock
) -> None:
    assert len(TOKEN) < 32
    for n in range(10):
        await door.ask(f"wrong-{n}")
    assert (await door.ask(TOKEN)).status_code == 429
    assert (await door.ask(TOKEN, at="192.0.2.2")).status_code == 200
    clock.at += 6
    assert (await door.ask(TOKEN)).status_code == 200


async def test_what_is_no_guess_does_not_count(door: Door, tokens: Tokens, clock: Clock) -> None:
    revoked, expired = tokens.make(), tokens.make(seconds=1)
    purge = tokens.make()
    tokens.revoke(revoked)
    clock.at += 1
    for _ in range(15):
        assert (await door.ask("")).status_code == 401
        assert (await door.ask(revoked)).status_code == 401
        assert (await door.ask(expired)).status_code == 401
        assert (await door.ask(purge, path="/nodes")).status_code == 403
    assert (await door.ask("wrong")).status_code == 401


async def test_without_a_readable_store_fixed_tokens_go_on(
    door: Door, tokens: Tokens, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    tokens.path.parent.mkdir()
    tokens.path.write_text("no database, and longer than the header of one " * 10)
    assert (await door.ask(TOKEN)).status_code == 200
    refused = await door.ask(new_text())
    assert refused.status_code == 503
    assert message(refused).startswith("TOKENS_UNAVAILABLE: The token cannot be looked up")
    assert str(tmp_path) not in refused.text
    assert str(tokens.path) in caplog.text


@pytest.mark.parametrize("given", ["пароль-пароль", "ключ", "schlüssel"])
async def test_a_fixed_token_of_any_letters_is_compared_byte_by_byte(
    state: AdminState, log: SqliteLog, given: str
) -> None:
    state.tokens = frozenset({given})
    async with Api(create_admin_app(state), log).http as http:
        for sent, status in ((given.encode(), 200), (b"?" * len(given), 401)):
            response = await http.post("/demo", json=PURGE, headers={b"stellate-token": sent})
            assert response.status_code == status


@pytest.mark.parametrize(("token", "warned"), [("short", True), (STRONG, False)])
def test_a_short_environment_token_is_warned_about(
    state: AdminState,
    token: str,
    warned: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("SHELLAC_ADMIN_TOKEN", token)
    with caplog.at_level(logging.WARNING):
        create_admin_app(state)
    assert ("SHELLAC_ADMIN_TOKEN has less than 32 characters" in caplog.text) is warned
    assert os.environ["SHELLAC_ADMIN_TOKEN"] == token
