"""The Varnishes of this controller, each with its worker. A name stands for all its addresses."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from yarl import URL

from controller.purge.node import NodeWorker
from controller.purge.state import NodeStatus
from vclgen.config.values import is_one_address

logger = logging.getLogger(__name__)

RESOLVE_SECONDS: Final = 5.0
"""How often names are resolved again; a new address is met within this."""


class Nodes:
    """``urls`` are those of ``varnish.nodes``; ``make`` makes the worker of one address;
    ``resolve`` gives the addresses of one URL (``addresses_of``), asked ``every`` so many seconds.

    A name has one worker until it was resolved, which cannot reach anything else than the name:
    so a purge is never acknowledged for want of nodes.
    """

    def __init__(
        self,
        urls: Sequence[str],
        make: Callable[[str], NodeWorker],
        *,
        resolve: Callable[[str], Awaitable[list[str]]] | None = None,
        every: float = RESOLVE_SECONDS,
    ) -> None:
        self._urls = tuple(urls)
        self._make = make
        self._resolved = resolve or addresses_of
        self._every = every
        self._plan: str | None = None
        self._known: dict[str, list[str]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._workers: dict[str, NodeWorker] = {url: make(url) for url in self._urls}

    @property
    def workers(self) -> tuple[NodeWorker, ...]:
        """Those of now."""
        return tuple(self._workers.values())

    def set_plan(self, digest: str) -> None:
        """Give every node, and those to come, this generation of verdicts."""
        self._plan = digest
        for worker in self.workers:
            worker.set_plan(digest)

    async def give_up_leases(self) -> None:
        """End the leases of all nodes; one that cannot be reached keeps its own to its end."""
        ending = (worker.give_up_lease() for worker in self.workers)
        await asyncio.gather(*ending, return_exceptions=True)

    async def run(self) -> None:
        """Run the workers, and follow the names, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._resolve()
                for address, worker in self._workers.items():
                    if address not in self._running:
                        self._running[address] = group.create_task(worker.run())
                await asyncio.sleep(self._every)

    async def _resolve(self) -> None:
        for url in self._urls:
            # While a name cannot be resolved its last addresses stay.
            self._known[url] = await self._resolved(url) or self._known.get(url) or [url]
        wanted = {address for found in self._known.values() for address in found}
        for address in wanted - self._workers.keys():
            worker = self._workers[address] = self._make(address)
            if self._plan is not None:
                worker.set_plan(self._plan)
            logger.info("node %s is new", address)
        for address in self._workers.keys() - wanted:
            if self._is_gone(address):
                del self._workers[address]
                if (task := self._running.pop(address, None)) is not None:
                    task.cancel()
                logger.info("node %s is gone", address)

    def _is_gone(self, address: str) -> bool:
        """Whether a node that no name stands for any more also answers no more.

        One that does may still serve clients (a balancer takes a node out before it stops), so its
        purges go on; as long as it has a lease it may serve those who still reach it.
        """
        if address in self._urls:
            return True  # the name itself, now that it has addresses
        worker = self._workers[address]
        return worker.state.status is NodeStatus.UNREACHABLE and not worker.leased


async def addresses_of(url: str) -> list[str]:
    """The URL for each address that its host stands for; none while the name is not known.

    A host with addresses of both families is met by IPv4 alone: they would be one node twice.
    """
    parsed = URL(url)
    if is_one_address(parsed.host or ""):
        return [url]
    loop = asyncio.get_running_loop()
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            found = await loop.getaddrinfo(
                parsed.host, parsed.port, family=family, type=socket.SOCK_STREAM
            )
            return [str(parsed.with_host(host)) for host in sorted({str(i[4][0]) for i in found})]
    return []
