"""Places where a test stops what it watches, and lets it go on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Barrier:
    """Whoever waits here goes on when the test releases it. For one event loop."""

    def __init__(self) -> None:
        self._arrived = 0
        self._changed = asyncio.Condition()
        self._released = asyncio.Event()

    async def wait(self) -> None:
        """Arrive, and return when it is released."""
        async with self._changed:
            self._arrived += 1
            self._changed.notify_all()
        await self._released.wait()

    async def reached(self, count: int = 1, *, seconds: float = 60.0) -> None:
        """Return when ``count`` have arrived here in all.

        Raises:
            AssertionError: they did not within ``seconds``.
        """
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self._arrived >= count)
        except TimeoutError:
            raise AssertionError(f"{self._arrived} of {count} came within {seconds:g} s") from None

    def release(self) -> None:
        """Let all go on, those to come too."""
        self._released.set()


@contextlib.asynccontextmanager
async def listening(barrier: Barrier) -> AsyncIterator[str]:
    """The address of a barrier for VCL: ``vtc.barrier_sync`` connects, and goes on at the end of
    the stream.
    """

    async def arrive(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await barrier.wait()
        writer.close()

    server = await asyncio.start_server(arrive, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"{host}:{port}"
    finally:
        barrier.release()
        server.close()
