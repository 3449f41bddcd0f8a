"""The controller of a direct profile, wired as ``controller.cli.serve`` wires it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from controller.brain import Brain
from controller.cli.serve import Listener
from controller.core.direct import Direct, Profile
from controller.core.policy import Policy
from controller.gateway.app import Gateway
from controller.gateway.origin import Origin
from controller.gateway.rules import gateway_rules
from controller.purge.freshness import Freshness
from controller.purge.node import NodeWorker
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from controller.purge.terms import Door, Lease
from tests.direct.shop import SCHEMA, Shop
from tests.direct.site import SECRET, SERVICE, Site
from tests.support.parts import running_listeners, running_worker

WAIT_SECONDS: Final = 60.0
"""How long a purge is waited for; the three of a direct profile are over on a busy machine."""
TEMPLATES: Final = {"ProductInterface": ("cat_p_{id}", "cat_p")}


@dataclass
class Stand:
    """Everything that runs in the test's loop, and a client of the Varnish."""

    site: Site
    shop: Shop
    log: SqliteLog
    worker: NodeWorker
    purger: Purger
    http: httpx.AsyncClient

    async def read(self, path: str) -> str:
        """HIT, STALE or MISS."""
        answer = await self.http.get(self.site.url + path)
        assert answer.status_code == 200, answer.text
        cache: str = answer.headers["X-Cache"]
        return cache

    async def stored(self, *paths: str) -> None:
        """Have these pages in the cache."""
        for path in paths:
            await self.read(path)
            assert await self.read(path) == "HIT"

    async def send(self, method: str, path: str = "/", /, **headers: str) -> httpx.Response:
        """A purge as an origin sends it."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(method, self.site.url + path, headers=named)

    async def post(self, document: str) -> httpx.Response:
        """A client's GraphQL request."""
        answer = await self.http.post(f"{self.site.url}/graphql", json={"query": document})
        assert answer.status_code == 200, answer.text
        return answer

    async def purges(self) -> list[tuple[str, str, str]]:
        """See ``Site.purges``."""
        return await asyncio.to_thread(self.site.purges)


def worker_of(site: Site, log: SqliteLog, freshness: Freshness) -> NodeWorker:
    """The worker of a direct node."""
    door = Door(service=SERVICE, secret=SECRET, digest=site.config.digest, direct=True)
    return NodeWorker(site.admin_url, door=door, log=log, freshness=freshness, lease=Lease(5.0))


@contextlib.asynccontextmanager
async def working(worker: NodeWorker) -> AsyncIterator[None]:
    """It works, and its node is ready."""
    worker.set_plan("plan1")
    async with running_worker(worker):
        yield


@contextlib.asynccontextmanager
async def running_stand(site: Site, directory: Path, profile: Profile) -> AsyncIterator[Stand]:
    """Everything started; the node is empty and ready."""
    policy = Policy(SERVICE, site.config.digest, direct=Direct(profile, TEMPLATES))
    shop = Shop()
    freshness = Freshness(direct=True)
    async with contextlib.AsyncExitStack() as stack:
        log = SqliteLog(directory / "purges.sqlite")
        stack.push_async_callback(log.close)
        origin = Origin(site.config.origin_url, constants={})
        asked = await stack.enter_async_context(origin)
        worker = worker_of(site, log, freshness)
        purger = Purger(log, lambda: [worker], freshness, wait_seconds=WAIT_SECONDS)
        brain = Brain(policy, SCHEMA)
        gateway = Gateway(brain, asked, purger, freshness, gateway_rules(site.config))
        passes = Listener(gateway, site.config.controller.pass_listen, any_method=True)
        await stack.enter_async_context(running_listeners(Listener(shop, site.origin), passes))
        await stack.enter_async_context(working(worker))
        limits = httpx.Limits(max_connections=None)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=60, limits=limits))
        yield Stand(site, shop, log, worker, purger, http)
