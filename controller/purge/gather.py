"""Writes that wait while others are written share the next transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Write = TypeVar("Write")
Written = TypeVar("Written")


class Gathered(Generic[Write, Written]):
    """Calls ``write`` with everything that came since its last call, one call at a time.

    It answers each write in the order given; what it raises is raised to every caller of the batch.
    """

    def __init__(self, write: Callable[[Sequence[Write]], Awaitable[Sequence[Written]]]) -> None:
        self._write = write
        self._waiting: list[tuple[Write, asyncio.Future[Written]]] = []
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, write: Write) -> Written:
        """Have it written with the next batch. It goes on when the caller is cancelled."""
        future: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        self._waiting.append((write, future))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await future

    async def drained(self) -> None:
        """Return when nothing is waiting or being written."""
        while self._task is not None:
            await asyncio.shield(self._task)

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._write_batch(batch)
        finally:
            self._task = None

    async def _write_batch(self, batch: list[tuple[Write, asyncio.Future[Written]]]) -> None:
        try:
            written = await self._write([write for write, _ in batch])
        except Exception as error:  # whatever it is, it is the callers'
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), one in zip(batch, written, strict=True):
            if not future.done():
                future.set_result(one)
