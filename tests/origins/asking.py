"""The gateway in this process before real origins, asked as Varnish asks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from graphql import build_schema

from controller.brain import Brain
from controller.core.request import HttpRequest
from controller.core.tags import Purge
from controller.gateway.app import Gateway
from controller.gateway.origin import Origin
from controller.gateway.origins import Director, director_of
from controller.gateway.probes import keep_probing
from controller.gateway.rules import gateway_rules
from controller.policy_of import policy_of
from controller.purge.freshness import Freshness
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from tests.support.net import wait_for
from vclgen.config import Config, load_config_text

SCHEMA = build_schema(
    "type Query { n: Int  m: Int  t: T }  type Mutation { set: T }  type T { id: ID! }"
)
RULES = "rules: [{types: {Query: [n]}, maxAge: 60}]\n"
READ, PASSED, WRITE = "{n}", "{m}", "mutation{set{id}}"
"""A query that is cached, one that is not, and a mutation."""


@dataclass(frozen=True)
class Asking:
    """A gateway and its purge log."""

    gateway: Gateway
    config: Config
    log: SqliteLog

    @property
    def director(self) -> Director:
        return self.gateway.origin.director

    async def ask(self, document: str) -> httpx.Response:
        """One operation, as Varnish sends it once it knows the verdict."""
        verdict = self.gateway.brain.decide(
            HttpRequest("GET", b"query=" + document.encode(), None, b"")
        )
        key = getattr(verdict, "key", None)
        data = {"X-Shellac-Round": "data", "X-Shellac-Digest": self.config.digest}
        headers = {**data, "X-Shellac-Key": key} if key else {"X-Shellac-Round": "pass"}
        transport = httpx.ASGITransport(app=self.gateway)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            if key:
                return await http.get("/graphql", params={"query": document}, headers=headers)
            return await http.post("/graphql", json={"query": document}, headers=headers)

    async def purges(self) -> list[Purge]:
        """Those that were made."""
        return [entry.purge for entry in await self.log.read(0, 100)]


@asynccontextmanager
async def asking(text: str, folder: Path, *, probing: bool = False) -> AsyncIterator[Asking]:
    """The gateway of a config. Nothing is probed unless ``probing``."""
    config = load_config_text(text + RULES).config
    log = SqliteLog(folder / "purges.db")
    freshness = Freshness()
    async with Origin(
        director_of(config), constants=config.fetch_headers, timeouts=config.origin_timeouts
    ) as origin:
        purger = Purger(log, lambda: [], freshness)
        brain = Brain(policy_of(config), SCHEMA)
        gateway = Gateway(brain, origin, purger, freshness, gateway_rules(config))
        prober = None
        if probing:
            assert config.probe is not None
            prober = asyncio.create_task(
                keep_probing(origin.director, config.probe, config.fetch_headers)
            )
        yield Asking(gateway, config, log)
        if prober is not None:
            prober.cancel()
            await asyncio.wait((prober,))
    await log.close()


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that probes bring about."""
    await asyncio.to_thread(wait_for, condition, what=what)
