"""A number that only grows, and tasks that wait until it has reached theirs."""

from __future__ import annotations

import asyncio


class Watermark:
    """How far something has come. For one event loop."""

    def __init__(self, value: int = 0) -> None:
        self.value = value
        self._waiting: dict[asyncio.Future[None], int] = {}

    def advance(self, value: int) -> None:
        """Raise the mark to ``value`` and wake those who wait for it. It never falls."""
        self.value = max(self.value, value)
        for future, wanted in self._waiting.items():
            if wanted <= self.value and not future.done():
                future.set_result(None)

    async def reached(self, value: int, seconds: float) -> bool:
        """Whether the mark stands at ``value`` or above within ``seconds``."""
        if self.value >= value:
            return True
        future = asyncio.get_running_loop().create_future()
        self._waiting[future] = value
        try:
            done, _ = await asyncio.wait((future,), timeout=seconds)
        finally:
            del self._waiting[future]
        return bool(done)
