"""A Redis that dies, stops, forgets or is damaged: no purge is lost, or everything is purged."""

from __future__ import annotations

import asyncio

import pytest

from controller.core.tags import Purge
from controller.errors import LogUnavailable
from controller.purge import redis_log
from tests.purge.redis import Redis, running_redis
from tests.purge.redis_logs import POST, TYPE, entries, opened, purges, usable
from tests.support.parts import eventually


async def test_kill_9_of_a_durable_redis_loses_nothing_and_purges_everything_once(
    own_redis: Redis,
) -> None:
    async with opened(own_redis) as one, opened(own_redis) as other:
        seqs = [await one.append(Purge((f"t{n}",), "test")) for n in range(50)]
        before = await one.position()
        own_redis.kill()
        with pytest.raises(LogUnavailable):
            await one.append(POST)
        with own_redis.up():
            await usable(one)
            await usable(other)
            last = await other.append(POST)
            found = await entries(one)
            assert [e.seq for e in found][:50] == seqs
            assert [e.purge for e in found][50:] == [redis_log.ANEW, POST]
            assert found[-1].seq == last
            assert (await other.position()).id == before.id


async def test_a_redis_that_forgot_is_a_new_log(server: Redis) -> None:
    async with opened(server) as log, opened(server) as other:
        seq = await log.append(POST)
        before = await log.position()
        with server.client() as client:
            client.flushall()
        assert await other.append(POST) > seq
        after = await log.position()
        assert after.id != before.id
        assert await other.position() == after


async def test_a_redis_that_lost_its_data_gives_no_seq_out_again() -> None:
    with running_redis(durable=False) as server:
        async with opened(server) as log:
            seq = await log.append(POST)
            before = await log.position()
            server.kill()
            with server.up():
                await usable(log)
                assert await log.append(POST) > seq
                assert (await log.position()).id != before.id


async def test_a_redis_that_is_stopped_is_unavailable_for_as_long(server: Redis) -> None:
    async with opened(server) as log:
        await log.append(POST)
        with server.stopped():
            async with asyncio.timeout(60):
                with pytest.raises(LogUnavailable, match="cannot be used"):
                    await log.append(TYPE)
            with pytest.raises(LogUnavailable):
                await log.position()
        await usable(log)
        await log.append(POST)
        assert (await purges(log))[-1] == POST


async def test_a_redis_that_is_not_there_yet_is_waited_for(own_redis: Redis) -> None:
    own_redis.kill()
    async with opened(own_redis) as log:
        with pytest.raises(LogUnavailable, match=f":{own_redis.port}"):
            await log.intend(TYPE)
        woken = asyncio.Event()
        log.subscribe(woken.set)
        with own_redis.up():
            await usable(log)
            await eventually(lambda: log._window.tail is not None, "it follows")
            await log.append(POST)
            async with asyncio.timeout(60):
                await woken.wait()


async def test_a_damaged_entry_purges_everything(server: Redis) -> None:
    async with opened(server) as log:
        await log.append(POST)
        head = (await log.position()).head
        with server.client() as client:
            client.xadd(log.key("log"), {"purge": "damaged", "before": head}, id=f"{head + 1}-0")
            client.hset(log.key("meta"), "head", head + 1)
        assert [purge.everything for purge in await purges(log)] == [False, True]


async def test_a_redis_that_lost_what_is_known_purges_everything(server: Redis) -> None:
    """A replica took over, and somebody else has met it already."""
    async with opened(server) as log:
        first, lost = await log.append(POST), await log.append(POST)
        await eventually(lambda: log._window.tail == lost, "it has read them")
        with server.client() as client:
            client.xdel(log.key("log"), f"{lost}-0")
            client.hset(log.key("meta"), "head", first)
            client.client_kill_filter(_type="normal", skipme=True)
        await usable(log)
        position = await log.position()
        assert position.head > lost
        assert (await purges(log))[-1] == redis_log.ANEW


async def test_entries_without_a_log_are_another_log(server: Redis) -> None:
    async with opened(server) as log:
        await log.append(POST)
        await log.trim(keep_seconds=3600, keep_entries=0)
        await log.append(POST)
        with server.client() as client:
            client.delete(log.key("meta"))
        position = await log.position()
        assert (position.head, position.trimmed) == (0, 0)
        assert await log.read(0, 10) == []
