"""Parts of the controller that run in a test's own loop, and waiting there."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final

from controller.cli.serve import Listener
from controller.purge.node import NodeWorker

LONG_SECONDS: Final = 60.0
"""How long is waited for what has to come."""


async def eventually(holds: Callable[[], object], what: str) -> None:
    """Wait until ``holds()`` is true."""
    try:
        async with asyncio.timeout(LONG_SECONDS):
            while not holds():  # noqa: ASYNC110  what is waited for has no event
                await asyncio.sleep(0.002)
    except TimeoutError:
        raise AssertionError(f"not so within {LONG_SECONDS:g} s: {what}") from None


@contextlib.asynccontextmanager
async def running_worker(worker: NodeWorker, *, ready: bool = True) -> AsyncIterator[None]:
    """It works; with ``ready`` it is waited for."""
    task = asyncio.create_task(worker.run())
    try:
        if ready:
            async with asyncio.timeout(LONG_SECONDS):
                await worker.wait_ready()
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def running_listeners(*listeners: Listener) -> AsyncIterator[None]:
    """They accept connections, and are stopped at the end."""
    tasks = [asyncio.create_task(listener.serve()) for listener in listeners]
    await eventually(lambda: all(one.started for one in listeners), "the servers to listen")
    try:
        yield
    finally:
        for listener in listeners:
            listener.stop()
        await asyncio.gather(*tasks)
