"""Waiting for something to do."""

from __future__ import annotations

import asyncio


async def woken(wake: asyncio.Event, seconds: float) -> bool:
    """Whether ``wake`` is set within ``seconds``; returns as soon as it is."""
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return False
    return True


async def pause(wake: asyncio.Event, seconds: float, *, least: float) -> None:
    """Wait before another attempt. What sets ``wake`` shortens it, but never below ``least``."""
    await asyncio.sleep(least)
    wake.clear()
    await woken(wake, seconds - least)
