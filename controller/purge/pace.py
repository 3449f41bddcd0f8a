"""How often a node may be asked under load: rare requests go at once, many are gathered."""

from __future__ import annotations

import asyncio
import time


class Pace:
    """A token bucket: ``burst`` turns at once, then ``rate`` a second."""

    def __init__(self, *, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._turns = float(burst)
        self._at = time.monotonic()

    async def ready(self) -> None:
        """Wait until there is a turn, without taking it."""
        self._refill()
        if self._turns < 1:
            await asyncio.sleep((1 - self._turns) / self._rate)
            self._refill()

    def take(self) -> None:
        """Use up a turn."""
        self._turns -= 1

    def _refill(self) -> None:
        now = time.monotonic()
        self._turns = min(self._burst, self._turns + (now - self._at) * self._rate)
        self._at = now
