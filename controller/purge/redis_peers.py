"""The nodes of all controllers that share a Redis: their leases, and how far each has come."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from controller.errors import LogUnavailable
from controller.purge import redis_scripts as scripts
from controller.purge.peers import Applied, Peer
from controller.purge.progress import Progress
from controller.purge.redis_log import AGAIN_SECONDS, ANSWER_SECONDS, BLOCK_SECONDS, RedisLog
from controller.purge.state import NodeOutcome, NodeResult

logger = logging.getLogger(__name__)

REMEMBERED_SECONDS: Final = 3_600.0
"""How long a lapsed lease is listed."""
NONE: Final = Applied(0)


@dataclass(frozen=True, slots=True)
class _Leased:
    peer: Peer
    applied: Applied


class RedisPeers:
    """``Peers`` beside a ``RedisLog``, whose connections it uses. Time is Redis' own."""

    def __init__(self, log: RedisLog) -> None:
        self._log = log
        self._progress: defaultdict[str, Progress] = defaultdict(Progress)
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def start(self) -> None:
        """Begin to listen for reports, in the running loop."""
        self._task = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Listen no more."""
        self._closing = True  # see RedisLog
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def lease(self, boot: str, address: str, seconds: float) -> int:
        """Record a lease; returns the log's head."""
        times = [str(round(1_000 * each)) for each in (seconds, REMEMBERED_SECONDS)]
        with self._log.named_errors():
            head = await self._log.run(
                scripts.LEASE, ["leases", "meta", "applied"], [boot, address, *times]
            )
        return int(head or 0)

    async def release(self, boot: str) -> None:
        """End a lease before its time."""
        with self._log.named_errors():
            await self._log.client.hdel(self._log.key("leases"), boot)

    async def report(self, boot: str, applied: Applied) -> None:
        """Tell every controller what a node has applied."""
        told = json.dumps([applied.seq, *applied.unsure], separators=(",", ":"))
        channel = self._log.key("reports")
        with self._log.named_errors():
            await self._log.run(scripts.REPORT, ["applied"], [boot, told, channel])

    async def listed(self) -> list[Peer]:
        """Every node that has asked for a lease in the last hour."""
        return [leased.peer for leased in await self._leased()]

    async def wait(self, seq: int, seconds: float, *, own: Collection[str]) -> list[NodeOutcome]:
        """Wait for the nodes that hold a lease now, which is after ``seq`` was appended."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                leased = await self._leased()
        except (LogUnavailable, TimeoutError):
            # Who holds a lease is not known, so nothing is done.
            return [_outcome("other nodes", "pending", started)]
        for each in leased:
            self._progress[each.peer.boot].now(each.applied)
        waited = (
            self._wait_for(each.peer, seq, started, seconds)
            for each in leased
            if each.peer.boot not in own and each.peer.seconds > 0
        )
        return await asyncio.gather(*waited)

    async def _wait_for(self, peer: Peer, seq: int, started: float, seconds: float) -> NodeOutcome:
        ends = time.monotonic() + peer.seconds
        deadline = started + seconds
        while not await self._progress[peer.boot].done(seq, min(ends, deadline)):
            remaining = await self._remaining(peer.boot)
            if remaining <= 0:
                return _outcome(peer.address, "lapsed", started)
            ends = time.monotonic() + remaining
            if time.monotonic() >= deadline:
                return _outcome(peer.address, "pending", started)
        return _outcome(peer.address, "applied", started)

    async def _remaining(self, boot: str) -> float:
        """Seconds left of a lease that may have been renewed; as good as ever if nobody knows."""
        try:
            leased = await self._leased()
        except LogUnavailable:
            return ANSWER_SECONDS
        return max((each.peer.seconds for each in leased if each.peer.boot == boot), default=0.0)

    async def _leased(self) -> list[_Leased]:
        with self._log.named_errors():
            rows = await self._log.run(scripts.LEASED, ["leases", "applied"], [])
        return [
            _Leased(Peer(boot, address, int(left) / 1_000), _applied(told))
            for boot, left, address, told in rows
        ]

    async def _listen(self) -> None:
        """Hear reports until cancelled. One that is missed is in Redis, and in the next one."""
        while not self._closing:
            try:
                with self._log.named_errors():
                    async with self._log.client.pubsub() as channel:
                        await channel.subscribe(self._log.key("reports"))
                        while not self._closing:
                            message = await channel.get_message(
                                ignore_subscribe_messages=True, timeout=BLOCK_SECONDS
                            )
                            if message is not None:
                                boot, _, told = str(message["data"]).partition(" ")
                                self._progress[boot].now(_applied(told))
            except LogUnavailable as error:
                logger.debug("%s", error)
                await asyncio.sleep(AGAIN_SECONDS)


def _applied(told: str) -> Applied:
    try:
        seq, *unsure = json.loads(told)
        return Applied(seq, tuple((first, last) for first, last in unsure))
    except (ValueError, TypeError):
        return NONE


def _outcome(address: str, result: NodeResult, started: float) -> NodeOutcome:
    return NodeOutcome(address, result, round((time.monotonic() - started) * 1_000, 3))
