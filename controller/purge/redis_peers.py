"""The nodes of all controllers that share a Redis: their leases, and how far each has come."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Collection
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio.client import PubSub

from controller.errors import LogUnavailable
from controller.purge import redis_scripts as scripts
from controller.purge.peers import Applied, Peer
from controller.purge.progress import Progress
from controller.purge.redis_log import AGAIN_SECONDS, BLOCK_SECONDS, RedisLog
from controller.purge.state import NodeOutcome, NodeResult

logger = logging.getLogger(__name__)

REMEMBERED_SECONDS: Final = 3_600.0
"""How long a lapsed lease is listed."""
MANY: Final = 1_000
"""More nodes than are ever known at once: most of those were started anew since."""
SILENT: Final = 3
"""After so many reads without even the answer to a ping the connection counts as broken."""
UNKNOWN: Final = "other nodes"
"""Stands for an address where it is not known who serves."""
NONE: Final = Applied(0)


@dataclass(frozen=True, slots=True)
class _Asked:
    """For ``seconds`` every lease was recorded in this Redis; ``peers`` are all that are known."""

    seconds: float
    peers: list[Peer]


class RedisPeers:
    """``Peers`` beside a ``RedisLog``, whose connections it uses. Time is Redis' own."""

    def __init__(self, log: RedisLog, *, lease_seconds: float) -> None:
        self._log = log
        self._lease_seconds = lease_seconds
        self._progress: defaultdict[str, Progress] = defaultdict(Progress)
        self.task: asyncio.Task[None] | None = None
        """Does not end before ``close``."""

    def start(self) -> None:
        """Begin to listen for reports, in the running loop."""
        self.task = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Listen no more."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def lease(self, boot: str, address: str, seconds: float) -> int:
        """Record a lease; returns the log's head."""
        times = [str(round(1_000 * each)) for each in (seconds, REMEMBERED_SECONDS)]
        # In the log that the caller has read: for a new one its node has to be flushed first.
        told = [self._log.id, boot, address, *times]
        with self._log.named_errors():
            head = await self._log.run(scripts.LEASE, ["leases", "meta", "applied"], told)
        return int(head)

    async def release(self, boot: str) -> None:
        """End a lease before its time."""
        with self._log.named_errors():
            await self._log.client.hdel(self._log.key("leases"), boot)
            await self._log.client.hdel(self._log.key("applied"), boot)

    async def report(self, boot: str, applied: Applied) -> None:
        """Tell every controller what a node has applied."""
        told = json.dumps([applied.seq, *applied.unsure], separators=(",", ":"))
        channel = self._log.key("reports")
        with self._log.named_errors():
            await self._log.run(scripts.REPORT, ["applied"], [boot, told, channel])

    async def listed(self) -> list[Peer]:
        """Every node that has asked for a lease in the last hour."""
        return (await self._asked()).peers

    async def wait(self, seq: int, seconds: float, *, own: Collection[str]) -> list[NodeOutcome]:
        """Wait for the nodes that hold a lease now, which is after ``seq`` was appended."""
        started = time.monotonic()
        deadline = started + seconds
        asked = await self._asked_by(deadline)
        if asked is None:
            return [_outcome(UNKNOWN, "pending", started)]
        # Until then this Redis may have lost leases that still hold. From now on: how long ago it
        # began is what it said before now, however long its answer took.
        certain = time.monotonic() + self._lease_seconds - asked.seconds
        if certain > deadline:
            return [_outcome(UNKNOWN, "pending", started)]
        waited = (
            self._wait_for(peer, seq, started, deadline)
            for peer in asked.peers
            if peer.boot not in own and peer.seconds > 0
        )
        outcomes = await asyncio.gather(*waited)
        await asyncio.sleep(certain - time.monotonic())
        return outcomes

    async def _wait_for(self, peer: Peer, seq: int, started: float, deadline: float) -> NodeOutcome:
        ends = time.monotonic() + peer.seconds
        while not await self._progress[peer.boot].done(seq, min(ends, deadline)):
            # Its lease may have been renewed, and Redis may have lost that.
            asked = await self._asked_by(deadline)
            if asked is None:
                return _outcome(peer.address, "pending", started)
            lost = self._lease_seconds - asked.seconds
            remaining = max(
                [lost, *(each.seconds for each in asked.peers if each.boot == peer.boot)]
            )
            if remaining <= 0:
                return _outcome(peer.address, "lapsed", started)
            ends = time.monotonic() + remaining
        return _outcome(peer.address, "applied", started)

    async def _asked_by(self, deadline: float) -> _Asked | None:
        """What Redis says until then, None if it says nothing."""
        while (left := deadline - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    return await self._asked()
            except (LogUnavailable, TimeoutError):
                await asyncio.sleep(min(AGAIN_SECONDS, max(0.0, deadline - time.monotonic())))
        return None

    async def _asked(self) -> _Asked:
        """Who has a lease, and how far each node has come by now."""
        with self._log.named_errors():
            since, *rows = await self._log.run(scripts.LEASED, ["leases", "applied", "meta"], [])
        if len(self._progress) > MANY:
            for boot in self._progress.keys() - {row[0] for row in rows}:
                del self._progress[boot]
        for boot, _, _, told in rows:
            self._progress[boot].now(_applied(told))
        peers = [Peer(boot, address, int(left) / 1_000) for boot, left, address, _ in rows]
        return _Asked(int(since) / 1_000, peers)

    async def _listen(self) -> None:
        """Hear reports until cancelled. What was missed in between is in Redis too."""
        while True:
            try:
                with self._log.named_errors():
                    async with self._log.client.pubsub() as channel:
                        await self._done(channel.subscribe(self._log.key("reports")))
                        await self._hear(channel)
            except LogUnavailable as error:
                logger.debug("%s", error)
                await asyncio.sleep(AGAIN_SECONDS)

    async def _hear(self, channel: PubSub) -> None:
        """Hear reports until the connection has gone silent."""
        silent = 0
        while silent < SILENT:
            message = await self._done(channel.get_message(timeout=BLOCK_SECONDS))
            silent = 0 if message else silent + 1
            if message is None:
                await self._done(channel.ping())
            elif message["type"] == "message":
                boot, _, told = str(message["data"]).partition(" ")
                self._progress[boot].now(_applied(told))
            elif message["type"] == "subscribe":
                await self._asked()  # what was reported before, now that nothing more is missed

    async def _done(self, step: Awaitable[Any]) -> Any:
        with self._log.named_errors():
            return await step


def _applied(told: str) -> Applied:
    try:
        seq, *unsure = json.loads(told)
        return Applied(seq, tuple((first, last) for first, last in unsure))
    except (ValueError, TypeError):
        return NONE


def _outcome(address: str, result: NodeResult, started: float) -> NodeOutcome:
    return NodeOutcome(address, result, round((time.monotonic() - started) * 1_000, 3))
