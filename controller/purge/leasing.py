"""The lease of one node, as its worker knows it (docs/decisions/0013).

No lease can end later than ``until`` says: it was counted from when the node told its time.
"""

from __future__ import annotations

import math
import time

from controller.purge.connection import NodeConnection
from controller.purge.log import PurgeLog
from controller.purge.peers import Applied
from controller.purge.terms import Lease


class Leasing:
    """What one node is granted, and what the other controllers are told of it."""

    def __init__(self, terms: Lease, *, address: str, log: PurgeLog) -> None:
        self._terms = terms
        self._address = address
        self._log = log
        # As if a predecessor had granted one a moment ago.
        self._until = time.monotonic() + terms.seconds

    @property
    def serves_until(self) -> float:
        """When the node certainly serves no more hits unless it gets a new lease."""
        return self._until if self._terms.gates_hits else math.inf

    @property
    def lapsed(self) -> bool:
        """Whether the node certainly serves no hits, for want of a lease."""
        return self.serves_until < time.monotonic()

    async def announce(self, boot: str, heard: float) -> int:
        """The node, whose word came at ``heard``, may have a lease from now on: whoever appends a
        purge later waits for it. Returns the log's head, up to which it has to be first.
        """
        self._until = max(self._until, heard + self._terms.seconds)
        if self._terms.peers is not None:
            return await self._terms.peers.lease(boot, self._address, self._terms.seconds)
        return (await self._log.position()).head

    async def grant(self, connection: NodeConnection, node_time: float) -> None:
        """Grant what was announced, by the node's own clock."""
        await connection.lease(node_time + self._terms.seconds)

    async def report(self, boot: str, applied: Applied) -> None:
        """Tell the other controllers what the node has applied."""
        if self._terms.peers is not None:
            await self._terms.peers.report(boot, applied)

    async def release(self, boot: str) -> None:
        """The node with this boot serves nothing any more."""
        if self._terms.peers is not None:
            await self._terms.peers.release(boot)

    async def give_up(self, boot: str, connection: NodeConnection) -> None:
        """End the lease, so that nobody waits for the node."""
        if self._terms.gates_hits:
            await connection.lease(0.0)
            await self.release(boot)
