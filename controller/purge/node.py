"""The worker of one Varnish: what the log says, done there, in order, whatever happens between.

The node itself is the cursor: it keeps the seq of the last purge it has applied, and the worker
asks for it each second and after every failure. So neither a restarted controller nor a PURGE whose
answer was lost needs anything remembered here. Where the cursor says nothing useful (a Varnish that
has just started, another log's seq, entries trimmed since) the node is flushed and goes to the
head: objects it stored while nobody watched may have missed purges.

A node that has everything is granted a lease, each second anew, on the node's own clock: a grant
that is delivered late ends no later for that.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from controller.core.tags import Purge
from controller.errors import LogTrimmed, LogUnavailable, NodeError
from controller.purge.batch import PurgeRequest, all_tags_of, requests_for
from controller.purge.chase import Doubts, chase
from controller.purge.connection import NodeConnection, NodeWord
from controller.purge.freshness import Freshness
from controller.purge.leasing import Leasing
from controller.purge.log import Entry, Position, PurgeLog, lag_after
from controller.purge.pace import Pace
from controller.purge.peers import Applied
from controller.purge.progress import Progress, Touches
from controller.purge.state import NodeCounts, NodeState, NodeStatus, Touched, status_of
from controller.purge.terms import Door, Lease
from controller.purge.wake import pause, woken

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 1.0
"""How often the node is asked for itself; a restarted child is noticed within this."""
SILENCE_SECONDS: Final = 2.5
"""A node that said nothing for so long may have been stopped, with answers on their way to it."""
SETTLE_SECONDS: Final = 2.5
"""At the first meeting: until then Varnish has stored what a controller before this one gave it, of
which this one knows nothing, or finds it late (templates/features/data.vcl.j2)."""
RETRY_FIRST_SECONDS: Final = 0.1
RETRY_MOST_SECONDS: Final = 1.0
RUN_ENTRIES: Final = 2_000
"""Entries read, joined and applied together at most."""
RUNS: Final = (50, 10)
"""A second, and at once."""
DIRECT_RUNS: Final = (1, 5)
"""Of a node that fetches without the controller: each run lets it refuse what it is fetching. At
once as many as an edit or two come to: whoever sends them waits for each in turn."""


class NodeWorker:
    """Applies the log to one Varnish, for as long as ``run`` runs."""

    def __init__(
        self, address: str, *, door: Door, log: PurgeLog, freshness: Freshness, lease: Lease
    ) -> None:
        self.address = address
        self.counts = NodeCounts()
        self._door = door
        self._log = log
        self._freshness = freshness
        self._leasing = Leasing(lease, address=address, log=log, door=door)
        self._heard = 0.0
        self._doubts = Doubts(door.service)
        self._state = NodeState(address, NodeStatus.STARTING, datetime.now(UTC))
        self._position = Position("", 0, 0)
        self._plan: str | None = None
        self._progress = Progress()
        self._touches = Touches(2 * RUN_ENTRIES)
        self._ready = asyncio.Event()
        self._wake = asyncio.Event()
        rate, burst = DIRECT_RUNS if door.direct else RUNS
        self._pace = Pace(rate=rate, burst=burst)

    @property
    def state(self) -> NodeState:
        """How the node stands now."""
        return self._state

    @property
    def lapsed(self) -> bool:
        """Whether the node certainly serves no hits, for want of a lease."""
        return self._leasing.lapsed

    @property
    def leased(self) -> bool:
        """Whether the node may be serving hits by a lease that somebody has to wait for."""
        return self._leasing.gates and not self._leasing.lapsed

    def set_plan(self, digest: str) -> None:
        """Make ``digest`` (``[0-9a-z]{1,64}``) the node's verdict generation: not ready before."""
        self._plan = digest
        if self._state.status is NodeStatus.READY and self._state.plan != digest:
            self._become(NodeStatus.BEHIND)
        self._wake.set()

    async def wait_applied(self, seq: int, seconds: float) -> bool:
        """Whether the node has applied every purge up to ``seq`` for sure within ``seconds``.
        False earlier where its lease ends before.
        """
        deadline = time.monotonic() + seconds
        while True:
            if await self._progress.done(seq, min(deadline, self._leasing.serves_until)):
                return True
            if self.lapsed or time.monotonic() >= deadline:
                return False

    def touched(self, seq: int) -> Touched | None:
        """What the entry ``seq``, applied lately, did here."""
        return self._touches.of(seq)

    async def wait_ready(self) -> None:
        """Return when the node has every purge and the plan; use ``asyncio.timeout``."""
        await self._ready.wait()

    async def run(self) -> None:
        """Apply the log until cancelled. Failures are in ``state``, and tried again."""
        unsubscribe = self._log.subscribe(self._wake.set)
        delay = RETRY_FIRST_SECONDS
        try:
            async with NodeConnection(self.address, secret=self._door.secret) as connection:
                while True:
                    try:
                        await self._follow(connection)
                        delay = RETRY_FIRST_SECONDS
                    except (NodeError, LogUnavailable) as error:
                        await self._failed(error)
                        await pause(self._wake, delay, least=RETRY_FIRST_SECONDS)
                        delay = min(2 * delay, RETRY_MOST_SECONDS)
        finally:
            unsubscribe()

    async def give_up_lease(self) -> None:
        """End the node's lease, so that nobody waits for it: its controller is going.

        Raises:
            NodeError, LogUnavailable: it goes on to its end.
        """
        if self._state.boot is not None:
            async with NodeConnection(self.address, secret=self._door.secret) as connection:
                await self._leasing.give_up(self._state.boot, connection)

    async def _follow(self, connection: NodeConnection) -> None:
        """Meet the node, then keep it up to date for ``POLL_SECONDS``."""
        deadline = asyncio.get_running_loop().time() + POLL_SECONDS
        word = await connection.ask()
        heard = time.monotonic()
        if heard - self._heard < SILENCE_SECONDS:
            self._freshness.recent(word.boot).expire(heard)
        self._heard = heard
        await self._meet(connection, word)
        await self._grant(connection, word, heard)
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            if await woken(self._wake, left):
                await self._bring_up(connection)

    async def _bring_up(self, connection: NodeConnection) -> None:
        self._wake.clear()
        if (plan := self._plan) not in (None, self._state.plan):
            if self._state.plan != "-" and not self._door.direct:  # it was met, and has rules
                await self._empty(connection)
            await connection.set_plan(plan)
            self._state = replace(self._state, plan=plan)
        await self._catch_up(connection)
        if self._plan is not None and self._plan == self._state.plan:
            self._become(NodeStatus.READY)

    async def _meet(self, connection: NodeConnection, word: NodeWord) -> None:
        """Take the cursor from the node's word, or flush the node where that says nothing."""
        before = self._state.boot
        if word.boot != before or self._state.status is not NodeStatus.READY:
            self._become(NodeStatus.BEHIND)
        # Asked after the node: whatever it has applied is in the log by now.
        position = self._position = await self._log.position()
        seq = word.seq if word.log == position.id else None
        # Another Varnish on this address, or its child anew: what it was sent counts for nothing.
        replaced = before not in (None, word.boot)
        if replaced or seq is None or seq > position.head or seq < position.trimmed:
            await self._flush(connection, word.boot)
        else:
            if before is None:
                await asyncio.sleep(SETTLE_SECONDS)
            self._state = replace(self._state, seq=seq)
        # Only now, or a flush that failed would not be tried again.
        self._state = replace(self._state, boot=word.boot, digest=word.digest, plan=word.plan)
        if replaced:
            assert before is not None
            await self._forget(before)
        await self._doubts.look(connection, last=True)
        await self._report()

    async def _forget(self, boot: str) -> None:
        """The child with this boot is no more, and with it all that it was given."""
        self._doubts = Doubts(self._door.service)
        self._freshness.forget(boot)
        await self._leasing.release(boot)

    async def _grant(self, connection: NodeConnection, word: NodeWord, heard: float) -> None:
        """Let the node count as up to date for a while, by its own clock since its word.

        In this order: whoever appends a purge from now on waits for this node, and what was
        appended before is applied before the node has the lease.
        """
        head = await self._leasing.announce(word, heard)
        await self._bring_up(connection)
        while (self._state.seq or 0) < head and await woken(self._wake, POLL_SECONDS):
            await self._bring_up(connection)
        if (self._state.seq or 0) < head:
            return  # what others appended has not come here yet
        await self._leasing.grant(connection, word.now)

    async def _catch_up(self, connection: NodeConnection) -> None:
        """Apply what is in the log after the cursor."""
        full = False
        while True:
            if not full or self._door.direct:
                await self._pace.ready()
            try:
                entries = await self._log.read(self._state.seq or 0, RUN_ENTRIES)
            except LogTrimmed:
                self._pace.take()
                await self._empty(connection)
                continue
            if self._plan not in (None, self._state.plan):
                return  # first: they may not know the tags of what the old plan still makes hits of
            if entries:
                await self._apply(connection, entries)
            if not (full := len(entries) == RUN_ENTRIES):
                return

    async def _apply(self, connection: NodeConnection, entries: Sequence[Entry]) -> None:
        # Before the first PURGE, or a fetch that began earlier could be stored after it. Whoever
        # appended here has told the fence already; what others appended is news to it.
        for entry in entries:
            self._freshness.heard(entry.seq, entry.purge)
        self._pace.take()
        boot = self._state.boot or ""
        recent = self._freshness.recent(boot)
        recent.purging = all_tags_of(entries, self._door.service)
        # Before their tags are purged, or they would never be found by their own keys.
        await self._doubts.look(connection)
        self._doubts.add(await chase(connection, recent, entries, self._door.service))
        self.counts.unchased += self._doubts.touch(entries)
        requests = requests_for(entries, self._door.service)
        matches = sum([await self._send(connection, request) for request in requests])
        # While nothing with these tags is admitted: what was, is purged.
        self._touches.add(entries, matches, self._freshness.registry.applied(boot, entries))
        recent.purging = frozenset()
        self._state = replace(self._state, seq=entries[-1].seq)
        await self._report()

    async def _empty(self, connection: NodeConnection) -> None:
        """Flush the node: entries are gone, or what other rules tagged may be hit again one day."""
        self._position = await self._log.position()
        await self._flush(connection, self._state.boot or "")
        await self._report()

    async def _flush(self, connection: NodeConnection, boot: str) -> None:
        """Empty the node. What it has missed is not known, so fetches under way count as old."""
        head = self._position.head
        self._freshness.heard(head, Purge((), "a node is flushed", everything=True))
        await self._send(connection, PurgeRequest(flush=head, seq=head))
        self._freshness.registry.flushed(boot)
        self._state = replace(self._state, seq=head)

    async def _report(self) -> None:
        """Tell those who wait, here and at the other controllers, what the node has applied."""
        self._progress.now(Applied(self._state.seq or 0, self._doubts.ranges))
        await self._leasing.report(self._state.boot or "", self._progress.applied)

    async def _send(self, connection: NodeConnection, request: PurgeRequest) -> int:
        matches = await connection.purge(request, log_id=self._position.id)
        self.counts.sent(request, matches)
        return matches

    async def _failed(self, error: NodeError | LogUnavailable) -> None:
        self.counts.failures += 1
        self._become(status_of(error), str(error))
        with suppress(LogUnavailable, LogTrimmed):
            self._state = replace(self._state, lag=await lag_after(self._log, self._state.seq or 0))

    def _become(self, status: NodeStatus, error: str | None = None) -> None:
        if status is not self._state.status:
            level = logging.WARNING if error else logging.INFO
            logger.log(level, "node %s is %s%s", self.address, status, f": {error}" * bool(error))
        self._state = self._state.become(status, error)
        if status is NodeStatus.READY:
            self._ready.set()
        else:
            self._ready.clear()
