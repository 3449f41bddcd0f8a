"""After a purge: the hottest of what it removed is fetched again, like a client would.

Through Varnish's public listener, without anybody's credentials, at a limited rate, in the
background. What does not fit is left to the next reader.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import aiohttp
from yarl import URL

from controller.core.register import Again
from controller.purge.node import NodeWorker
from controller.purge.pace import Pace
from vclgen.config import Address

logger = logging.getLogger(__name__)

MOST: Final = 100
"""Objects that one call has fetched again at each node."""
WAITING: Final = 1_000
"""Fetches that wait at most, of all calls."""
RATE: Final = 20
"""Fetches a second."""
BURST: Final = 5
AT_ONCE: Final = 4
APPLIED_SECONDS: Final = 60.0
"""How long a purge that is pending is waited for."""
FETCH_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class _Fetch:
    node: str
    again: Again


class Refetcher:
    """``public`` is the address at which every Varnish of this service listens for clients, any
    address of its host if that is none in particular; ``path`` the GraphQL path there, which may be
    set anew.
    """

    def __init__(self, public: Address, path: str) -> None:
        self._public = public
        self.path = path
        self._queue: asyncio.Queue[_Fetch] = asyncio.Queue()
        self._waiting: set[_Fetch] = set()
        self._pace = Pace(rate=RATE, burst=BURST)
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=FETCH_SECONDS),
            headers={"User-Agent": "shellac-refresh"},
        )
        self._tasks = {asyncio.create_task(self._work()) for _ in range(AT_ONCE)}
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        assert self._session is not None
        await self._session.close()

    def after(self, node: NodeWorker, seqs: Sequence[int], hottest: Sequence[Again]) -> int:
        """Fetch these again once the node has applied the entries ``seqs``; returns how many."""
        fetches = dict.fromkeys(_Fetch(node.address, again) for again in hottest)
        new = [fetch for fetch in fetches if fetch not in self._waiting]
        new = new[: WAITING - len(self._waiting)]
        self._waiting.update(new)
        task = asyncio.create_task(self._when_applied(node, seqs, new))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return len(new)

    async def _when_applied(
        self, node: NodeWorker, seqs: Sequence[int], fetches: Sequence[_Fetch]
    ) -> None:
        if all([await node.wait_applied(seq, APPLIED_SECONDS) for seq in seqs]):
            for fetch in fetches:
                self._queue.put_nowait(fetch)
            return
        self._waiting.difference_update(fetches)
        logger.warning("nothing is refreshed at %s: the purge is still pending", node.address)

    async def _work(self) -> None:
        while True:
            fetch = await self._queue.get()
            await self._pace.ready()
            self._pace.take()
            # From here on the same wish is a new one: a later purge may need it.
            self._waiting.discard(fetch)
            try:
                await self._fetch(fetch)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                logger.info("%s could not be refreshed: %s", fetch.node, error)

    async def _fetch(self, fetch: _Fetch) -> None:
        assert self._session is not None
        url = f"{public_url(self._public, fetch.node)}{self.path}?{fetch.again.query_string}"
        async with self._session.get(
            URL(url, encoded=True), headers=fetch.again.headers, allow_redirects=False
        ) as response:
            await response.read()


def public_url(public: Address, node: str) -> str:
    """Where clients reach the Varnish whose admin listener is at ``node``, without a path."""
    if public.host in ("0.0.0.0", "::", ""):  # noqa: S104  this asks whether it is that
        return str(URL(node).with_port(public.port).origin())
    return f"http://{public}"
