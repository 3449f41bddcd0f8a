"""The one way a purge is made: into the log, before the fence, out of every Varnish."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from controller.core.tags import Purge
from controller.errors import LogUnavailable
from controller.purge.freshness import Freshness
from controller.purge.log import Intent, PurgeLog
from controller.purge.node import NodeWorker
from controller.purge.peers import Peers
from controller.purge.registry import Registry
from controller.purge.state import NodeOutcome, NodeResult, NodeStatus
from vclgen.config.waiting import GATEWAY_SECONDS

logger = logging.getLogger(__name__)

T = TypeVar("T")

AGAIN_SECONDS: Final = 0.5
"""Between two attempts to record what an intent has become."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a purge. ``seq`` is None where there was nothing to purge, or where it could
    not be recorded yet: then ``recorded`` is false, its intent stands, and it is tried again."""

    seq: int | None
    nodes: tuple[NodeOutcome, ...] = ()
    recorded: bool = True

    @property
    def acknowledged(self) -> bool:
        """Whether no node can serve older data any more."""
        return self.recorded and all(node.done for node in self.nodes)

    @property
    def removed(self) -> int:
        """The objects that it touched at this controller's nodes, as far as they are known here."""
        return sum(node.objects or 0 for node in self.nodes)


NOTHING: Final = Outcome(None)


class Purger:
    """Records purges and waits for the nodes.

    ``workers`` gives those of this controller's nodes; ``peers`` stands for the nodes of others,
    where an acknowledgement has to know of them (``purge.wait: all``).
    """

    def __init__(
        self,
        log: PurgeLog,
        workers: Callable[[], Sequence[NodeWorker]],
        freshness: Freshness,
        *,
        wait_seconds: float = GATEWAY_SECONDS,
        peers: Peers | None = None,
    ) -> None:
        self.log = log
        self.peers = peers
        self.recorded: Counter[str] = Counter()
        self._workers = workers
        self._freshness = freshness
        self._wait_seconds = wait_seconds
        self._running: set[asyncio.Task[Any]] = set()

    @property
    def registry(self) -> Registry:
        """What the nodes were given to store."""
        return self._freshness.registry

    @property
    def nodes(self) -> tuple[NodeWorker, ...]:
        """The workers of now."""
        return tuple(self._workers())

    async def purge(self, purge: Purge) -> Outcome:
        """Record ``purge`` and wait until every node has applied it, or ``wait_seconds``.

        It goes on when the caller is cancelled. ``recorded`` counts by the first word of the
        source.

        Raises:
            LogUnavailable: it is not recorded and will not happen.
        """
        if _is_nothing(purge):
            return NOTHING
        return await self._to_its_end(self._purge(purge, None))

    async def purge_written(self, purge: Purge) -> Outcome:
        """The same for a write that went out without an intent: where this cannot be recorded now,
        the outcome says so and it is tried until it can.
        """
        if _is_nothing(purge):
            return NOTHING
        return await self._to_its_end(self._purge(purge, None, again=True))

    @asynccontextmanager
    async def intended(self, purge: Purge) -> AsyncIterator[Intended]:
        """Record what a write could touch before it goes out, in the body of this.

        If the body neither settles nor withdraws it, that is what is purged.

        Raises:
            LogUnavailable: it is not recorded, so the write must not go out.
        """
        intended = Intended(self, purge, await self.log.intend(purge))
        try:
            yield intended
        finally:
            if not intended.settled:
                await intended.settle(purge)

    async def settle(self, intent: Intent, purge: Purge | None) -> Outcome:
        """Put a purge (None: nothing) in the place of an intent. See ``Intended``."""
        if purge is None or _is_nothing(purge):
            return await self._to_its_end(self._withdraw(intent))
        return await self._to_its_end(self._purge(purge, intent))

    async def _withdraw(self, intent: Intent) -> Outcome:
        try:
            await self.log.withdraw(intent)
        except LogUnavailable as error:
            logger.warning("an intent without a purge could not be withdrawn yet: %s", error)
            self._start(self._again(lambda: self.log.withdraw(intent)))
        return NOTHING

    async def _purge(self, purge: Purge, intent: Intent | None, *, again: bool = False) -> Outcome:
        started = time.perf_counter()
        try:
            seq = await self._record(purge, intent)
        except LogUnavailable as error:
            if intent is None and not again:
                raise
            logger.error("a write went out, and its purge could not be recorded yet: %s", error)
            self._start(self._again(lambda: self._record(purge, intent)))
            return Outcome(None, recorded=False)
        own, others = await asyncio.gather(self._own(seq, started), self._others(seq))
        return Outcome(seq, (*own, *others))

    async def _record(self, purge: Purge, intent: Intent | None) -> int:
        seq = await self.log.append(purge, settles=intent)
        # In the tick in which the seq is known: a fetch that ends from now on is checked with it.
        self._freshness.heard(seq, purge)
        self.recorded[purge.source.partition(" ")[0]] += 1
        return seq

    async def _own(self, seq: int, started: float) -> list[NodeOutcome]:
        return await asyncio.gather(*(self._outcome(node, seq, started) for node in self.nodes))

    async def _outcome(self, node: NodeWorker, seq: int, started: float) -> NodeOutcome:
        applied = await node.wait_applied(seq, self._wait_seconds)
        result: NodeResult = "applied" if applied else _unapplied(node)
        milliseconds = round((time.perf_counter() - started) * 1_000, 3)
        touched = node.touched(seq) if applied else None
        if touched is None:
            return NodeOutcome(node.address, result, milliseconds)
        return NodeOutcome(node.address, result, milliseconds, touched.matches, touched.objects)

    async def _others(self, seq: int) -> list[NodeOutcome]:
        if self.peers is None:
            return []
        own = {node.state.boot for node in self.nodes if node.state.boot is not None}
        return await self.peers.wait(seq, self._wait_seconds, own=own)

    async def _again(self, attempt: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Try until it is recorded. If this process dies before, the intent becomes the purge."""
        while True:
            await asyncio.sleep(AGAIN_SECONDS)
            try:
                await attempt()
            except LogUnavailable:
                continue
            return

    async def _to_its_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Await something that goes on when the caller is cancelled."""
        task = self._start(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_report_unheard)
            raise

    def _start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task


class Intended:
    """A write that may go out: what it could touch is in the log."""

    def __init__(self, purger: Purger, purge: Purge, intent: Intent) -> None:
        self.purge = purge
        self.settled = False
        self._purger = purger
        self._intent = intent

    async def settle(self, purge: Purge | None) -> Outcome:
        """Purge what the write has changed, None for nothing, in the place of the intent.

        Where the log cannot be written now, the outcome says so and it is tried until it can.
        """
        self.settled = True
        return await self._purger.settle(self._intent, purge)


def _is_nothing(purge: Purge) -> bool:
    return not purge.tags and not purge.everything


def _unapplied(node: NodeWorker) -> NodeResult:
    if node.lapsed:
        return "lapsed"
    match node.state.status:
        case NodeStatus.STARTING | NodeStatus.UNREACHABLE:
            return "unreachable"
        case NodeStatus.REFUSED:
            return "refused"
        case NodeStatus.BEHIND | NodeStatus.READY | NodeStatus.MISBEHAVING:
            return "pending"


def _report_unheard(task: asyncio.Task[Any]) -> None:
    """A failure that nobody is there to be told of any more."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        logger.error("a purge whose caller went away was not recorded: %s", error)
