"""The one way a purge is made: into the log, before the fence, out of every Varnish."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from controller.core.fence import Fence
from controller.core.tags import Purge
from controller.purge.log import PurgeLog
from controller.purge.node import NodeWorker
from controller.purge.state import NodeStatus

logger = logging.getLogger(__name__)

WAIT_SECONDS: Final = 0.150
"""How long an answer waits for the nodes by default (``purge.waitTimeout``)."""

NodeResult = Literal["applied", "pending", "unreachable", "refused"]


@dataclass(frozen=True, slots=True)
class NodeOutcome:
    """What became of a purge at one node when the wait ended. All but "applied" comes later.

    ``milliseconds`` count from the call.
    """

    address: str
    result: NodeResult
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """A recorded purge. ``seq`` is None where there was nothing to purge."""

    seq: int | None
    nodes: tuple[NodeOutcome, ...]

    @property
    def acknowledged(self) -> bool:
        """Whether no node can serve older data any more."""
        return all(node.result == "applied" for node in self.nodes)


class Purger:
    """Records purges and waits for the nodes."""

    def __init__(
        self,
        log: PurgeLog,
        nodes: Sequence[NodeWorker],
        fence: Fence,
        *,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self.log = log
        self.nodes = tuple(nodes)
        self.recorded: Counter[str] = Counter()
        self._fence = fence
        self._wait_seconds = wait_seconds
        self._running: set[asyncio.Task[Outcome]] = set()

    async def purge(self, purge: Purge) -> Outcome:
        """Record ``purge`` and wait until every node has applied it, or ``wait_seconds``.

        It goes on when the caller is cancelled. ``recorded`` counts by the first word of the
        source.

        Raises:
            LogUnavailable: it is not recorded and will not happen.
        """
        if not purge.tags and not purge.everything:
            return Outcome(None, ())
        task = asyncio.create_task(self._purge(purge))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_report_unheard)
            raise

    async def _purge(self, purge: Purge) -> Outcome:
        started = time.perf_counter()
        seq = await self.log.append(purge)
        # In the tick in which the seq is known: a fetch that ends from now on is checked with it.
        if purge.everything:
            self._fence.flushed(seq)
        else:
            self._fence.purged(seq, purge.tags)
        self.recorded[purge.source.partition(" ")[0]] += 1
        nodes = await asyncio.gather(*(self._outcome(node, seq, started) for node in self.nodes))
        return Outcome(seq, tuple(nodes))

    async def _outcome(self, node: NodeWorker, seq: int, started: float) -> NodeOutcome:
        applied = await node.wait_applied(seq, self._wait_seconds)
        milliseconds = round((time.perf_counter() - started) * 1_000, 3)
        return NodeOutcome(
            node.address, "applied" if applied else _unapplied(node.state.status), milliseconds
        )


def _unapplied(status: NodeStatus) -> NodeResult:
    match status:
        case NodeStatus.STARTING | NodeStatus.UNREACHABLE:
            return "unreachable"
        case NodeStatus.REFUSED:
            return "refused"
        case NodeStatus.BEHIND | NodeStatus.READY | NodeStatus.MISBEHAVING:
            return "pending"


def _report_unheard(task: asyncio.Task[Outcome]) -> None:
    """A failure that nobody is there to be told of any more."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        logger.error("a purge whose caller went away was not recorded: %s", error)
