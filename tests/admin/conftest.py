"""An admin app over a real log, asked through ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from graphql import build_schema

from controller.admin.app import create_admin_app
from controller.admin.state import AdminState
from controller.core.policy import Policy
from controller.core.schema import SchemaIndex
from controller.core.tags import Purge
from controller.purge.freshness import Freshness
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog

TOKEN = "token-of-the-tests"
SDL = """
type Query {
  posts(limit: Int = 10, tags: [String!], above: Float): [Post!]!
  node(id: ID!): Node
  search(filter: Filter): [Found!]
  package(name: String!): Package
}
type Mutation { addPost: Post }
interface Node { id: ID! }
type Post implements Node { id: ID! title: String price: Money author: User }
type User implements Node { id: ID! name: String }
type Package { name: String! version: String }
type Stock { sku: String! store: String! }
type Money { amount: Float }
union Found = Post | Package
enum Color { RED }
input Filter { a: Int }
"""
POLICY = Policy(
    service="demo",
    digest="d",
    key_fields={
        "Package": (("name",),),
        "User": (("id",), ("name",)),
        "Stock": (("sku", "store"),),
    },
)


class Api:
    """The admin app's client; what it purges is read from the log."""

    def __init__(self, app: FastAPI, log: SqliteLog) -> None:
        transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 1))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://admin")
        self._log = log
        self._read = 0

    async def send(
        self, query: str, variables: Mapping[str, Any] | None = None, **headers: str
    ) -> httpx.Response:
        """Send one document as clients do."""
        return await self.http.post(
            "/demo",
            json={"query": query, "variables": variables},
            headers={"stellate-token": TOKEN, **headers},
        )

    async def purge(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a document that has to succeed; its data."""
        response = await self.send(query, variables)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        assert "errors" not in answer, response.text
        assert all(value is True for value in answer["data"].values()), response.text
        found: dict[str, Any] = answer["data"]
        return found

    async def recorded(self) -> list[Purge]:
        """The purges recorded since the last call."""
        entries = await self._log.read(self._read, 1_000)
        self._read += len(entries)
        return [entry.purge for entry in entries]

    async def tags(self) -> set[str]:
        """The tags of the one hard purge recorded since the last call."""
        (purge,) = await self.recorded()
        assert not purge.soft
        assert not purge.everything
        assert len(set(purge.tags)) == len(purge.tags)
        return set(purge.tags)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    log = SqliteLog(tmp_path / "purges.db")
    yield log
    await log.close()


@pytest.fixture
def state(log: SqliteLog) -> AdminState:
    """With a schema and without nodes."""
    index = SchemaIndex(build_schema(SDL), POLICY)
    purger = Purger(log, lambda: [], Freshness())
    return AdminState(POLICY, purger, index=index, tokens=frozenset({TOKEN}))


@pytest.fixture
async def api(state: AdminState, log: SqliteLog) -> AsyncIterator[Api]:
    api = Api(create_admin_app(state), log)
    async with api.http:
        yield api


@pytest.fixture
async def schemaless(state: AdminState, api: Api) -> Api:
    """The same without a schema."""
    state.index = None
    return api
