"""Intents in Redis: replaced by their purge, or purged for by the controllers that are left."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from controller.core.tags import Purge
from controller.purge.redis_log import RedisLog
from tests.purge.redis import Redis
from tests.purge.redis_logs import POST, SERVICE, TYPE, opened, purges
from tests.support.parts import eventually


async def test_an_intent_is_replaced_by_its_purge_in_one_step(server: Redis) -> None:
    async with opened(server) as log, opened(server) as other:
        settled, withdrawn = await log.intend(TYPE), await log.intend(TYPE)
        await log.append(POST, settles=settled)
        await log.withdraw(withdrawn)
        await log.append(POST, settles=withdrawn)
        with server.client() as client:
            assert client.hlen(log.key("intents")) == 0
        assert await purges(other) == [POST, POST]


def dying_controller(server: Redis, work: str) -> None:
    """A controller that records an intent and is killed."""
    script = f"""
        import asyncio, os, signal
        from controller.core.tags import Purge
        from controller.purge.redis_log import RedisLog
        async def main():
            log = RedisLog({server.url!r}, service={SERVICE!r}, alive_seconds=0.5)
            log.start()
            intent = await log.intend(Purge(("type:Post",), "mutation a"))
            {work}
            os.kill(os.getpid(), signal.SIGKILL)
        asyncio.run(main())
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("work", "left"),
    [
        ("pass", ["orphaned mutation a"]),
        (
            "await log.append(Purge(('key:Post:id:5',), 'mutation a'), settles=intent)",
            ["mutation a"],
        ),
        ("await log.withdraw(intent)", ["barrier"]),
    ],
)
async def test_what_a_dead_controller_left_is_purged_once(
    server: Redis, work: str, left: list[str]
) -> None:
    async with opened(server, alive_seconds=0.3) as one, opened(server, alive_seconds=0.3) as other:
        await asyncio.to_thread(dying_controller, server, work)
        with server.client() as client:
            await eventually(lambda: client.hlen(one.key("intents")) == 0, "no intent is left")
        if left == ["barrier"]:
            await other.append(Purge((), "barrier", everything=True))
        assert [purge.source for purge in await purges(other)] == left


ALIVE = 4.0
"""Seconds: a busy machine may hold up a sign of life, of which there is one each second."""


async def test_a_living_controllers_intent_stays(server: Redis) -> None:
    async with opened(server, alive_seconds=ALIVE) as log, opened(server) as other:
        intent = await log.intend(TYPE)
        later = time.monotonic() + 1.25 * ALIVE  # longer than a session lives without a sign
        while time.monotonic() < later:
            await type(other)._adopt(other)
        assert await purges(other) == []
        await log.append(POST, settles=intent)
        assert await purges(other) == [POST]


async def test_a_first_intent_is_a_sign_of_life_of_its_own(server: Redis) -> None:
    async with opened(server) as other:
        log = RedisLog(server.url, service=SERVICE)
        intent = await log.intend(TYPE)
        await type(other)._adopt(other)
        await log.append(POST, settles=intent)
        await log.close()
        assert await purges(other) == [POST]
