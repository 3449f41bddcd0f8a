"""The controller's parts, wired as ``controller.cli.serve`` wires them, in a test's own loop."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

import httpx

from controller.brain import Brain
from controller.cli.serve import Listener
from controller.core.tags import Purge, Tag
from controller.gateway.app import Gateway
from controller.gateway.origin import Origin
from controller.gateway.rules import gateway_rules
from controller.policy_of import policy_of
from controller.purge.freshness import Freshness
from controller.purge.log import PurgeLog
from controller.purge.node import NodeWorker
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from controller.purge.terms import Door, Lease
from tests.freshness.gates import Gates, Moment
from tests.freshness.origin import VersionedOrigin, make_schema
from tests.freshness.site import SECRET, Site
from tests.support.barrier import Barrier, listening
from tests.support.parts import LONG_SECONDS, running_listeners, running_worker
from vclgen.config import Address

POST: Final = "{ post(id: 5) { id version } }"
POST_TAG: Final = "key:Post:id:5"
EVERYTHING: Final = "{ everything { id version } }"
"""1,900 posts, that of ``POST`` among them."""
OTHER: Final = "{ other { id version } }"
OTHER_TAG: Final = "key:Other:id:1"
_MUTATION: Final = "mutation { edit(id: 5) { id } }"


class Change(Enum):
    """How data change and what is known of them leaves the cache."""

    MUTATION = "a mutation"
    HARD = "a hard purge"
    SOFT = "a soft purge"
    SOFT_EVERYTHING = "a soft purge of everything"
    FLUSH = "a flush"

    @property
    def soft(self) -> bool:
        return self in (Change.SOFT, Change.SOFT_EVERYTHING)


@dataclass(frozen=True)
class Read:
    """An answer: HIT, STALE or MISS, and why it was not stored."""

    version: int
    cache: str
    status: str

    @property
    def detail(self) -> str | None:
        found = re.search(r"detail=(\S+)", self.status)
        return found and found[1]


@dataclass
class Stand:
    """A controller between the Varnishes of a site and an origin. ``chased`` counts the PURGEs of
    own keys that were answered."""

    site: Site
    origin: VersionedOrigin
    gates: Gates
    log: PurgeLog
    freshness: Freshness
    purger: Purger
    http: httpx.AsyncClient
    chased: int = 0

    @property
    def worker(self) -> NodeWorker:
        return self.purger.nodes[0]

    async def read(self, document: str = POST, *, node: int = 0) -> Read:
        """A client's query to one of the nodes."""
        parameters = {"query": document}
        answer = await self.http.get(self.site.nodes[node].url, params=parameters)
        assert answer.status_code == 200, answer.text
        (data,) = answer.json()["data"].values()
        first = data[0] if isinstance(data, list) else data
        status = answer.headers["cache-status"]
        stale = re.search(r"hit; ttl=(-|0$)", status)
        return Read(first["version"], "STALE" if stale else answer.headers["gcdn-cache"], status)

    async def change(self, change: Change, tag: Tag = POST_TAG) -> bool:
        """Change the data and wait for the acknowledgement. Whether there was one."""
        if change is Change.MUTATION:
            sent = {"query": _MUTATION}
            answer = await self.http.post(self.site.nodes[0].url, json=sent)
            assert answer.status_code == 200, answer.text
            assert "data" in answer.json(), answer.text
            return "shellac-purge" not in answer.headers
        self.origin.change()
        return (await self.purger.purge(_purge(change, tag))).acknowledged

    @contextlib.asynccontextmanager
    async def stopped(self, moment: Moment, *, node: int | None = None) -> AsyncIterator[Barrier]:
        """A barrier at which the next data answer (to that node) stops; released at the end."""
        barrier = Barrier()
        boot = None if node is None else self.purger.nodes[node].state.boot
        async with listening(barrier) as address:
            self.gates.arm(moment, barrier, address=address, boot=boot)
            yield barrier

    async def waiting(self, count: int) -> list[asyncio.Task[Read]]:
        """The reads of so many clients whom Varnish lets wait for a fetch that is under way."""
        node = self.site.nodes[0]
        wanted = await asyncio.to_thread(node.waiting) + count
        reads = [asyncio.create_task(self.read()) for _ in range(count)]
        async with asyncio.timeout(LONG_SECONDS):
            while await asyncio.to_thread(node.waiting) < wanted:
                assert not any(read.done() for read in reads)
        return reads

    async def reads_until_fresh(self) -> list[Read]:
        """Read until the origin's version comes fresh from the cache; the answers before that."""
        before: list[Read] = []
        async with asyncio.timeout(LONG_SECONDS):
            while (found := await self.read()).cache != "HIT":
                before.append(found)
        assert found.version == self.origin.version, (before, found)
        return before


@contextlib.asynccontextmanager
async def running_stand(
    site: Site, directory: Path, *, nodes: int = 1, lag: float = 0.0
) -> AsyncIterator[Stand]:
    """Everything started, every node empty and ready."""
    config = site.config
    policy = policy_of(config)
    origin = VersionedOrigin()
    freshness = Freshness(lag=lag)
    async with contextlib.AsyncExitStack() as stack:
        log = SqliteLog(directory / "purges.sqlite")
        stack.push_async_callback(log.close)
        asked = await stack.enter_async_context(Origin(config.origin_url, constants={}))
        door = Door(service=config.name, secret=SECRET, digest=config.digest)
        lease = Lease(config.purge.lease)
        workers = [
            NodeWorker(node.admin_url, door=door, log=log, freshness=freshness, lease=lease)
            for node in site.nodes[:nodes]
        ]
        purger = Purger(log, lambda: workers, freshness, wait_seconds=LONG_SECONDS)
        brain = Brain(policy, make_schema())
        gates = Gates(Gateway(brain, asked, purger, freshness, gateway_rules(config)))
        url = httpx.URL(config.origin_url)
        listeners = (
            Listener(origin, Address(url.host, url.port or 0)),
            Listener(gates, config.controller.gateway_listen),
            Listener(gates, config.controller.pass_listen),
        )
        await stack.enter_async_context(running_listeners(*listeners))
        stack.callback(origin.release)
        for worker in workers:
            worker.set_plan(brain.digest)
            await stack.enter_async_context(running_worker(worker))
        limits = httpx.Limits(max_connections=None)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=60, limits=limits))
        yield Stand(site, origin, gates, log, freshness, purger, http)


def _purge(change: Change, tag: Tag) -> Purge:
    everything = change in (Change.FLUSH, Change.SOFT_EVERYTHING)
    tags = () if everything else (tag,)
    return Purge(tags, "api", soft=change.soft, everything=everything)
