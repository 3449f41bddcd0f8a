"""The lease of one node, as its worker knows it (docs/decisions/0013).

No lease can end later than ``until`` says: it was counted from when the node told its time.
"""

from __future__ import annotations

import math
import time

from controller.purge.connection import NodeConnection, NodeWord
from controller.purge.log import PurgeLog
from controller.purge.peers import Applied
from controller.purge.terms import Door, Lease


class Leasing:
    """What one node is granted, and what the other controllers are told of it."""

    def __init__(self, terms: Lease, *, address: str, log: PurgeLog, door: Door) -> None:
        self._terms = terms
        self._address = address
        self._log = log
        self._door = door
        self._until = math.inf
        self._granting = False

    @property
    def gates(self) -> bool:
        """Whether hits need a lease (``purge.wait: all``)."""
        return self._terms.gates_hits

    @property
    def serves_until(self) -> float:
        """When the node certainly serves no more hits unless it gets a new lease.

        Never, as far as is known, before it was met, or where its VCL is not that of this config.
        """
        return self._until if self._terms.gates_hits else math.inf

    @property
    def lapsed(self) -> bool:
        """Whether the node certainly serves no hits, for want of a lease."""
        return self.serves_until < time.monotonic()

    async def announce(self, word: NodeWord, heard: float) -> int:
        """The node, whose word came at ``heard``, may have a lease from now on: whoever appends a
        purge later waits for it. Returns the log's head, up to which it has to be first.
        """
        # What it has may be a predecessor's, and longer.
        left = max(self._terms.seconds, word.lease - word.now)
        known = 0.0 if math.isinf(self._until) else self._until
        self._until = max(known, heard + left) if word.digest == self._door.digest else math.inf
        if self._terms.peers is not None:
            return await self._terms.peers.lease(word.boot, self._address, left)
        return (await self._log.position()).head

    async def grant(self, connection: NodeConnection, node_time: float) -> None:
        """Grant what was announced, by the node's own clock."""
        self._granting = True
        await connection.lease(node_time + self._terms.seconds)
        self._granting = False

    async def report(self, boot: str, applied: Applied) -> None:
        """Tell the other controllers what the node has applied."""
        if self._terms.peers is not None:
            await self._terms.peers.report(boot, applied)

    async def release(self, boot: str) -> None:
        """The node with this boot serves nothing any more."""
        if self._terms.peers is not None:
            await self._terms.peers.release(boot)

    async def give_up(self, boot: str, connection: NodeConnection) -> None:
        """End the lease, so that nobody waits for the node.

        Not while a grant is under way, which could arrive after this and count.
        """
        if self._terms.gates_hits and not self._granting:
            await connection.lease(0.0)
            await self.release(boot)
