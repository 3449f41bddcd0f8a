"""The nodes of the other controllers, as far as an acknowledgement has to know of them.

Only ``purge.wait: all`` needs this. A node serves hits while it holds a lease. Its controller asks
for the lease here *before* it grants it at the node, and grants it only when the node has applied
the log up to the head that it is told: so whoever appends a purge and then looks here sees every
node that could still serve what is purged.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from controller.purge.state import NodeOutcome


@dataclass(frozen=True, slots=True)
class Peer:
    """A node of some controller. ``seconds`` are left of its lease; negative: it lapsed."""

    boot: str
    address: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Applied:
    """A node has applied everything up to ``seq``. Entries from first to last of a pair in
    ``unsure`` are not to be acknowledged: an answer that they touch may still come to be stored.
    """

    seq: int
    unsure: tuple[tuple[int, int], ...] = ()

    def sure_of(self, seq: int) -> bool:
        """Whether the entry ``seq`` is done at this node."""
        return seq <= self.seq and not any(first <= seq <= last for first, last in self.unsure)


class Peers(Protocol):
    """Every coroutine raises ``LogUnavailable`` where it cannot; ``wait`` answers instead."""

    async def lease(self, boot: str, address: str, seconds: float) -> int:
        """Record that a node may serve hits until ``seconds`` from now.

        Returns the log's head after that was recorded. Renewing is the same call.
        """

    async def release(self, boot: str) -> None:
        """The node serves no hits any more, and will not without a new lease."""

    async def report(self, boot: str, applied: Applied) -> None:
        """What a node has applied by now."""

    async def wait(self, seq: int, seconds: float, *, own: Collection[str]) -> list[NodeOutcome]:
        """Wait until every leased node but the ``own`` boots has applied ``seq`` or lost its lease.

        At most ``seconds``. A node whose result is "applied" or "lapsed" serves nothing older.
        """

    async def listed(self) -> list[Peer]:
        """Every node that has asked for a lease lately."""
