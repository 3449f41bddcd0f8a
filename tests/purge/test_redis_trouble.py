"""The Redis log where Redis has lost, is full or is too old: nobody is left believing otherwise."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio.connection import AbstractConnection

from controller.errors import LogTrimmed, LogUnavailable
from controller.purge import redis_client, redis_log
from controller.purge.redis_log import RedisLog
from controller.purge.redis_peers import RedisPeers
from tests.purge.redis import Redis
from tests.purge.redis_logs import POST, SERVICE, TYPE, opened, usable
from tests.support.parts import eventually


async def test_what_redis_has_lost_is_read_no_more(server: Redis) -> None:
    async with opened(server) as log:
        kept, lost = await log.append(POST), await log.append(TYPE)
        await eventually(lambda: log._window.tail == lost, "it has read them")
        with server.client() as client:
            client.xdel(log.key("log"), f"{lost}-0")
            client.hset(log.key("meta"), "head", kept)
            client.client_kill_filter(_type="normal", skipme=True)
        await usable(log)
        assert [e.purge for e in await log.read(kept, 10)] == [redis_log.ANEW]
        with pytest.raises(LogTrimmed):
            await log.read(lost, 10)


async def test_a_reader_whose_place_was_never_in_the_log_is_told(server: Redis) -> None:
    """It has applied what Redis has lost since, and may have missed what stands in its place."""
    async with opened(server) as log, opened(server) as fresh:
        first, second = await log.append(POST), await log.append(POST)
        while second == first + 1:  # within one millisecond: there is no place between them
            first, second = second, await log.append(POST)
        await eventually(lambda: log._window.tail == second, "it has read them")
        for reader in (log, fresh):
            for place in (first + 1, second + 1):
                with pytest.raises(LogTrimmed):
                    await reader.read(place, 10)
            assert await reader.read(second, 10) == []


async def test_readers_of_a_log_that_was_emptied_are_told(server: Redis) -> None:
    async with opened(server) as log, opened(server) as other:
        seq = await log.append(POST)
        await eventually(lambda: other._window.tail == seq, "it follows")
        woken = asyncio.Event()
        other.subscribe(woken.set)
        with server.client() as client:
            client.flushall()
        await log.append(POST)
        async with asyncio.timeout(60):
            await woken.wait()
        with pytest.raises(LogTrimmed):
            await other.read(seq, 10)


async def test_a_redis_that_is_too_old_is_named(
    server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_client, "MAJOR", 99)
    async with opened(server) as log:
        with pytest.raises(LogUnavailable, match=r"it is version 7\S+, and 99 or newer is needed"):
            await log.append(POST)


async def test_a_connection_that_was_not_looked_at_to_the_end_is_not_used(
    server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = 0
    look = redis_client.process_of

    async def interrupted(connection: AbstractConnection) -> str:
        nonlocal looked
        looked += 1
        if looked == 1:
            raise asyncio.CancelledError
        return await look(connection)

    monkeypatch.setattr(redis_log, "process_of", interrupted)
    log = RedisLog(server.url, service=SERVICE)
    with pytest.raises(asyncio.CancelledError):
        await log.position()
    assert (await log.position()).id
    assert looked == 2
    await log.close()


async def test_a_redis_that_is_full_refuses_whole_batches(own_redis: Redis) -> None:
    async with opened(own_redis) as log:
        intent = await log.intend(TYPE)
        seq = await log.append(POST)
        with own_redis.client() as client:
            client.config_set("maxmemory", 1)
            with pytest.raises(LogUnavailable, match="maxmemory"):
                await log.append(POST, settles=intent)
            assert client.hlen(log.key("intents")) == 1
            client.config_set("maxmemory", 0)
        assert (await log.position()).head == seq
        assert await log.append(POST, settles=intent) > seq


@pytest.mark.parametrize("warm", [False, True], ids=["connecting", "connected"])
async def test_whoever_is_cancelled_while_redis_is_asked_ends(server: Redis, warm: bool) -> None:
    """At whichever of its steps, also where the client forgets it: see ``named_errors``."""
    cancelled = 0
    async with opened(server) as log:
        for steps in range(100):
            if not warm:
                await log.client.connection_pool.disconnect()
            asking = asyncio.create_task(log.position())
            for _ in range(steps):
                await asyncio.sleep(0)
            if asking.done():
                break
            asking.cancel()
            await asyncio.wait({asking})
            assert asking.cancelled(), f"cancelled at step {steps}, it went on"
            cancelled += 1
    assert cancelled > 3


async def test_who_follows_and_who_listens_can_be_stopped_at_each_step(server: Redis) -> None:
    for steps in range(30):
        log = RedisLog(server.url, service=SERVICE)
        peers = RedisPeers(log, lease_seconds=0.0)
        log.start()
        peers.start()
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(20):
            await peers.close()
            await log.close()
