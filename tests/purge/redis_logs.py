"""What the tests of the Redis log share: purges, a controller's log, and what is in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from controller.core.tags import Purge
from controller.errors import LogUnavailable
from controller.purge.log import Entry
from controller.purge.redis_log import RedisLog
from tests.purge.redis import Redis

SERVICE = "demo"
TYPE = Purge(("type:Post",), "mutation updatePost")
POST = Purge(("key:Post:id:5", "null:Post"), "mutation updatePost")
EXACTLY = Purge(("\ud800,ü",), "api", soft=True)


@contextlib.asynccontextmanager
async def opened(server: Redis, *, alive_seconds: float = 5.0) -> AsyncIterator[RedisLog]:
    log = RedisLog(server.url, service=SERVICE, alive_seconds=alive_seconds)
    log.start()
    try:
        yield log
    finally:
        await log.close()


async def entries(log: RedisLog) -> list[Entry]:
    """All entries, once this controller has heard of the newest."""
    position = await log.position()
    async with asyncio.timeout(60):
        while True:
            found = await log.read(position.trimmed, 10_000)
            if (found[-1].seq if found else position.trimmed) >= position.head:
                return found
            await asyncio.sleep(0.01)


async def purges(log: RedisLog) -> list[Purge]:
    return [entry.purge for entry in await entries(log)]


async def usable(log: RedisLog) -> None:
    """Wait until Redis is back."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(LogUnavailable):
                await log.position()
                return
            await asyncio.sleep(0.05)
