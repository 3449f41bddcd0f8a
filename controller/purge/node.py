"""The worker of one Varnish: what the log says, done there, in order, whatever happens between.

The node itself is the cursor: it keeps the seq of the last purge it has applied, and the worker
asks for it each second and after every failure. So neither a restarted controller nor a PURGE whose
answer was lost needs anything remembered here. Where the cursor says nothing useful (a Varnish that
has just started, another log's seq, entries trimmed since) the node is flushed and goes to the
head: objects it stored while nobody watched may have missed purges.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, assert_never

from controller.core.recent import Recent
from controller.errors import (
    LogUnavailable,
    NodeError,
    NodeMisbehaved,
    NodeRefused,
    NodeUnreachable,
)
from controller.purge.batch import PurgeRequest, requests_for
from controller.purge.chase import chase
from controller.purge.connection import NodeConnection, NodeWord
from controller.purge.log import Entry, PurgeLog
from controller.purge.pace import Pace
from controller.purge.state import NodeCounts, NodeState, NodeStatus
from controller.purge.watermark import Watermark

if TYPE_CHECKING:
    from controller.core.fence import Fence

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 1.0
"""How often the node is asked for itself; a restarted child is noticed within this."""
RETRY_FIRST_SECONDS: Final = 0.1
RETRY_MOST_SECONDS: Final = 2.0
RUN_ENTRIES: Final = 2_000
"""Entries read, joined and applied together at most."""
RUNS_PER_SECOND: Final = 50
RUNS_AT_ONCE: Final = 10
RECENT_SECONDS: Final = 5.0
RECENT_TAGS: Final = 500_000
"""How long answers count as perhaps not indexed (it takes about a millisecond), and how many tags
of theirs are remembered: about 100 MB at most."""


class NodeWorker:
    """Applies the log to one Varnish, for as long as ``run`` runs."""

    def __init__(
        self,
        address: str,
        *,
        secret: str,
        service: str,
        log: PurgeLog,
        fence: Fence,
        recent: Recent | None = None,
    ) -> None:
        self.address = address
        self.counts = NodeCounts()
        self._secret = secret
        self._service = service
        self._log = log
        self._fence = fence
        self._recent = recent or Recent(seconds=RECENT_SECONDS, most=RECENT_TAGS)
        self._unsure: set[int] = set()
        self._state = NodeState(address, NodeStatus.STARTING, datetime.now(UTC))
        self._plan: str | None = None
        self._applied = Watermark()
        self._ready = asyncio.Event()
        self._wake = asyncio.Event()
        self._pace = Pace(rate=RUNS_PER_SECOND, burst=RUNS_AT_ONCE)

    @property
    def state(self) -> NodeState:
        """How the node stands now."""
        return self._state

    def set_plan(self, digest: str) -> None:
        """Make ``digest`` (``[0-9a-z]{1,64}``) the generation of the node's verdicts, and keep it.

        The node is not ready before it has it.
        """
        self._plan = digest
        if self._state.status is NodeStatus.READY and self._state.plan != digest:
            self._become(NodeStatus.BEHIND)
        self._wake.set()

    async def wait_applied(self, seq: int, seconds: float) -> bool:
        """Whether the node has applied every purge up to ``seq`` within ``seconds``."""
        return await self._applied.reached(seq, seconds) and seq not in self._unsure

    async def wait_ready(self) -> None:
        """Return when the node has every purge and the plan; use ``asyncio.timeout``."""
        await self._ready.wait()

    async def run(self) -> None:
        """Apply the log until cancelled. Failures are in ``state``, and tried again."""
        unsubscribe = self._log.subscribe(self._wake.set)
        delay = RETRY_FIRST_SECONDS
        try:
            async with NodeConnection(
                self.address, secret=self._secret, log_id=self._log.id
            ) as connection:
                while True:
                    try:
                        await self._follow(connection)
                        delay = RETRY_FIRST_SECONDS
                    except (NodeError, LogUnavailable) as error:
                        self._failed(error)
                        await self._pause(delay)
                        delay = min(2 * delay, RETRY_MOST_SECONDS)
        finally:
            unsubscribe()

    async def _follow(self, connection: NodeConnection) -> None:
        """Meet the node, then keep it up to date for ``POLL_SECONDS``."""
        head = await self._log.head()
        self._state = replace(self._state, lag=max(0, head - (self._state.seq or 0)))
        await self._meet(connection, await connection.ask())
        deadline = asyncio.get_running_loop().time() + POLL_SECONDS
        woken = True
        while woken:
            self._wake.clear()
            if self._plan is not None and self._plan != self._state.plan:
                await self._send_plan(connection, self._plan)
            await self._catch_up(connection)
            if self._plan is not None and self._plan == self._state.plan:
                self._become(NodeStatus.READY)
            left = deadline - asyncio.get_running_loop().time()
            woken = left > 0 and await self._woken(left)

    async def _meet(self, connection: NodeConnection, word: NodeWord) -> None:
        """Take the cursor from the node's word, or flush the node where that says nothing."""
        # Another Varnish on this address, or its child anew: what it was sent counts for nothing.
        replaced = self._state.boot not in (None, word.boot)
        if word.boot != self._state.boot or self._state.status is not NodeStatus.READY:
            self._become(NodeStatus.BEHIND)
        self._state = replace(self._state, boot=word.boot, digest=word.digest, plan=word.plan)
        # Asked after the node: whatever it has applied is in the log by now.
        head, oldest = await self._log.head(), await self._log.oldest()
        seq = word.seq if word.log == self._log.id else None
        if replaced or seq is None or seq > head or seq + 1 < oldest:
            await self._flush(connection, head)
        else:
            self._reached(seq, head)

    async def _catch_up(self, connection: NodeConnection) -> None:
        """Apply what is in the log after the cursor."""
        full = False
        while True:
            if not full:
                await self._pace.ready()
            cursor = self._state.seq or 0
            entries = await self._log.read(cursor, RUN_ENTRIES)
            if entries and entries[0].seq != cursor + 1:
                await self._flush(connection, await self._log.head())  # trimmed meanwhile
                continue
            if entries:
                await self._apply(connection, entries)
            full = len(entries) == RUN_ENTRIES
            if not full:
                return

    async def _apply(self, connection: NodeConnection, entries: list[Entry]) -> None:
        # Before the first PURGE, or a fetch that began earlier could be stored after it. Whoever
        # appended here has told the fence already; what others appended is news to it.
        for entry in entries:
            if entry.purge.everything:
                self._fence.flushed(entry.seq)
            else:
                self._fence.purged(entry.seq, entry.purge.tags)
        self._pace.take()
        if not await chase(connection, self._recent, entries, self._service):
            self.counts.unchased += 1
            self._unsure = {entry.seq for entry in entries}
        for request in requests_for(entries, self._service):
            await self._send(connection, request)
        self._reached(entries[-1].seq, entries[-1].seq)

    async def _flush(self, connection: NodeConnection, head: int) -> None:
        await self._send(connection, PurgeRequest(flush=head, seq=head))
        self._reached(head, head)

    async def _send(self, connection: NodeConnection, request: PurgeRequest) -> None:
        self.counts.matches += await connection.purge(request)
        self.counts.requests += 1
        self.counts.keys += request.keys
        self.counts.flushes += request.flush is not None

    async def _send_plan(self, connection: NodeConnection, digest: str) -> None:
        await connection.set_plan(digest)
        self._state = replace(self._state, plan=digest)

    def _reached(self, seq: int, head: int) -> None:
        self._state = replace(self._state, seq=seq, lag=max(0, head - seq))
        self._applied.advance(seq)

    def _failed(self, error: NodeError | LogUnavailable) -> None:
        self.counts.failures += 1
        self._become(_status_of(error), str(error))

    def _become(self, status: NodeStatus, error: str | None = None) -> None:
        if status is not self._state.status:
            level = logging.WARNING if error else logging.INFO
            logger.log(level, "node %s is %s%s", self.address, status, f": {error}" * bool(error))
            self._state = replace(self._state, status=status, since=datetime.now(UTC))
        self._state = replace(self._state, error=error)
        if status is NodeStatus.READY:
            self._ready.set()
        else:
            self._ready.clear()

    async def _pause(self, seconds: float) -> None:
        """Wait before the next attempt; a new purge shortens it, but never below the first wait."""
        await asyncio.sleep(RETRY_FIRST_SECONDS)
        self._wake.clear()
        await self._woken(seconds - RETRY_FIRST_SECONDS)

    async def _woken(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return False
        return True


def _status_of(error: NodeError | LogUnavailable) -> NodeStatus:
    match error:
        case NodeUnreachable():
            return NodeStatus.UNREACHABLE
        case NodeRefused():
            return NodeStatus.REFUSED
        case NodeMisbehaved():
            return NodeStatus.MISBEHAVING
        case LogUnavailable() | NodeError():
            return NodeStatus.BEHIND
        case _:
            assert_never(error)
