"""How far a node has come, what entries did there, and tasks that wait until one is done."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress

from controller.purge.log import Entry
from controller.purge.peers import Applied
from controller.purge.state import Touched


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


class Touches:
    """What the last ``most`` entries did at a node, for those who have waited for them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._touched: OrderedDict[int, Touched] = OrderedDict()

    def add(self, entries: Sequence[Entry], matches: int, objects: Sequence[int]) -> None:
        """A run was applied: ``matches`` in all, and for each entry its objects."""
        for entry, each in zip(entries, objects, strict=True):
            self._touched[entry.seq] = Touched(matches, each)
        while len(self._touched) > self._most:
            self._touched.popitem(last=False)

    def of(self, seq: int) -> Touched | None:
        """What the entry ``seq`` did, None if that is not known any more."""
        return self._touched.get(seq)
