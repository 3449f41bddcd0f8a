"""``/schema`` of the admin listener: showing the schema in use, pushing another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from graphql import GraphQLSchema, build_schema

from controller import schema_keeper
from controller.admin.app import create_admin_app
from controller.admin.state import AdminState
from controller.brain import Brain
from controller.policy_of import policy_of
from controller.pushed_schema import pushed_file
from controller.schema_keeper import SchemaKeeper
from controller.schema_source import fetch_schema
from tests.admin.conftest import TOKEN
from vclgen.config import Config, load_config_text

FIRST = "type Query { a: Int }"
SECOND = "type Query { a: Int b: Int @deprecated } # as it was written\n"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    text = f"originUrl: http://origin/graphql\nschema: '{FIRST}'\nstateDir: {tmp_path / 'state'}\n"
    text += "schemaPolling: {interval: 10ms}\n"
    return load_config_text(text).config


@pytest.fixture
def brains() -> list[Brain]:
    """The brains that were taken, oldest first."""
    return []


@pytest.fixture
def keeper(config: Config, state: AdminState, brains: list[Brain]) -> SchemaKeeper:
    return SchemaKeeper(config, policy_of(config), brains.append, state)


@pytest.fixture
async def http(state: AdminState, keeper: SchemaKeeper) -> AsyncIterator[httpx.AsyncClient]:
    state.keeper = keeper
    transport = httpx.ASGITransport(app=create_admin_app(state), client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://admin") as client:
        client.headers["stellate-token"] = TOKEN
        yield client


async def push(http: httpx.AsyncClient, text: str | bytes) -> httpx.Response:
    return await http.post("/schema", content=text)


def fields(brain: Brain) -> set[str]:
    assert brain.index is not None
    assert brain.index.schema.query_type is not None
    return set(brain.index.schema.query_type.fields)


async def test_a_pushed_schema_is_used_at_once_and_shown_as_it_was_written(
    http: httpx.AsyncClient, brains: list[Brain]
) -> None:
    assert (await http.get("/schema")).status_code == 404
    answer = await push(http, SECOND)
    assert (answer.status_code, answer.json()) == (200, {"changed": True})
    assert fields(brains[-1]) == {"a", "b"}
    shown = await http.get("/schema")
    assert shown.text == SECOND
    assert shown.headers["content-type"].startswith("text/plain")


async def test_a_pushed_schema_is_still_used_after_a_restart(
    http: httpx.AsyncClient, config: Config
) -> None:
    assert set((await fetch_schema(config)).query_type.fields) == {"a"}  # type: ignore[union-attr]
    await push(http, SECOND)
    assert set((await fetch_schema(config)).query_type.fields) == {"a", "b"}  # type: ignore[union-attr]
    pushed_file(config.state_dir).unlink()
    assert set((await fetch_schema(config)).query_type.fields) == {"a"}  # type: ignore[union-attr]


async def test_the_same_schema_again_changes_nothing(
    http: httpx.AsyncClient, brains: list[Brain]
) -> None:
    await push(http, SECOND)
    assert (await push(http, SECOND)).json() == {"changed": False}
    assert (await push(http, SECOND + "\n")).json() == {"changed": False}
    assert len(brains) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "what was pushed is not a GraphQL schema"),
        (b"type Query {", "what was pushed is not a GraphQL schema"),
        (b"type Post { id: ID }", "Query root type must be provided"),
        (b"type Query { a: Nothing }", "Nothing"),
        (b"type Query { a: Int } # \xff", "not UTF-8"),
        (b'{"data": {"__schema": {}}}', "not a GraphQL schema"),
    ],
)
async def test_what_is_no_schema_is_refused_and_the_old_one_stays(
    http: httpx.AsyncClient, brains: list[Brain], text: bytes, reason: str
) -> None:
    await push(http, SECOND)
    answer = await push(http, text)
    assert answer.status_code == 400
    assert reason in answer.json()["errors"][0]["message"]
    assert (await http.get("/schema")).text == SECOND
    assert len(brains) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_it_needs_a_token(http: httpx.AsyncClient, brains: list[Brain], method: str) -> None:
    headers = {"stellate-token": "wrong"}
    answer = await http.request(method, "/schema", content=SECOND, headers=headers)
    assert answer.status_code == 401
    assert brains == []


async def test_a_schema_that_cannot_be_kept_is_not_used(
    http: httpx.AsyncClient, brains: list[Brain], config: Config
) -> None:
    config.state_dir.write_text("no folder")
    answer = await push(http, SECOND)
    assert answer.status_code == 503
    assert "cannot be kept" in answer.json()["errors"][0]["message"]
    assert brains == []


async def test_a_fetch_that_was_under_way_does_not_undo_a_push(
    keeper: SchemaKeeper, brains: list[Brain], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answered, asked_again = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def fetched(_: Config) -> GraphQLSchema:
        if asked.is_set():
            asked_again.set()
            await asyncio.Event().wait()
        asked.set()
        await answered.wait()
        return build_schema(FIRST)

    monkeypatch.setattr(schema_keeper, "fetch_schema", fetched)
    running = asyncio.create_task(keeper.run())
    await asked.wait()
    await keeper.push(SECOND)
    answered.set()
    await asyncio.wait_for(asked_again.wait(), 60)
    running.cancel()
    assert [fields(brain) for brain in brains] == [{"a", "b"}]


async def test_a_schema_that_was_not_pushed_is_printed(
    http: httpx.AsyncClient, keeper: SchemaKeeper, brains: list[Brain], state: AdminState
) -> None:
    taken = asyncio.Event()
    keeper.take = lambda brain: (brains.append(brain), taken.set())[0]  # type: ignore[func-returns-value]
    running = asyncio.create_task(keeper.run())
    await asyncio.wait_for(taken.wait(), 60)
    assert (await http.get("/schema")).text == "type Query {\n  a: Int\n}"
    assert state.schema_error is None
    running.cancel()
