"""How far a node has come, and tasks that wait until an entry is done there."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from controller.purge.peers import Applied


class Progress:
    """What a node has applied. For one event loop; times are ``time.monotonic``."""

    def __init__(self) -> None:
        self.applied = Applied(0)
        self._changed = asyncio.Event()

    def now(self, applied: Applied) -> None:
        """This is so now. A node never goes back: what says so is older, and is ignored."""
        if applied.seq >= self.applied.seq and applied != self.applied:
            self.applied = applied
            self._changed.set()
            self._changed = asyncio.Event()

    async def done(self, seq: int, until: float) -> bool:
        """Whether the entry ``seq`` is done for sure by then."""
        while not self.applied.sure_of(seq):
            left = until - time.monotonic()
            if left <= 0:
                return False
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()
        return True
