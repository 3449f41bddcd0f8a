"""The Redis log: several controllers, one order, and each of them hears of every purge."""

from __future__ import annotations

import asyncio
import statistics
import time

import pytest

from controller.core.tags import Purge
from controller.errors import LogTrimmed
from controller.purge import redis_log
from tests.purge.redis import Redis
from tests.purge.redis_logs import EXACTLY, POST, entries, opened, purges
from tests.support.parts import eventually


async def test_entries_come_back_in_order_as_they_were_appended(server: Redis) -> None:
    everything = Purge((), "api", soft=True, everything=True)
    async with opened(server) as log:
        seqs = [await log.append(purge) for purge in (POST, everything, EXACTLY)]
        assert seqs == sorted(seqs)
        assert all(len(str(seq)) <= 15 for seq in seqs)
        found = await entries(log)
        assert [(e.seq, e.purge) for e in found] == list(
            zip(seqs, (POST, everything, EXACTLY), strict=True)
        )
        assert abs(found[0].at - time.time()) < 60
        assert [e.seq for e in await log.read(seqs[0], 1)] == [seqs[1]]
        position = await log.position()
        assert (position.head, position.trimmed) == (seqs[-1], 0)


async def test_two_controllers_see_one_order(server: Redis) -> None:
    async with opened(server) as one, opened(server) as other:
        both = (one, other)
        await asyncio.gather(
            *(both[n % 2].append(Purge((f"key:Post:id:{n}",), "test")) for n in range(200))
        )
        assert await purges(one) == await purges(other)
        assert len(await purges(one)) == 200
        assert (await one.position()) == (await other.position())


async def test_an_append_wakes_the_other_controllers(server: Redis) -> None:
    async with opened(server) as one, opened(server) as other:
        woken = asyncio.Event()
        stop = other.subscribe(woken.set)
        await eventually(lambda: other._window.tail is not None, "it follows")
        took = []
        before = await one.append(POST)
        await eventually(lambda: other._window.tail == before, "it has heard the first")
        for _ in range(20):
            woken.clear()
            started = time.perf_counter()
            seq = await one.append(POST)
            async with asyncio.timeout(60):
                await woken.wait()
            took.append(time.perf_counter() - started)
            assert [e.seq for e in await other.read(before, 10)] == [seq]
            before = seq
        stop()
    print(f"append to wake: {1_000 * statistics.median(took):.2f} ms")


async def test_a_thousand_appends_are_a_handful_of_calls(server: Redis) -> None:
    async with opened(server) as log:
        await log.append(POST)
        with server.client() as client:
            before = client.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"]
            seqs = await asyncio.gather(*(log.append(POST) for _ in range(1_000)))
            after = client.info("commandstats")["cmdstat_evalsha"]["calls"]
        assert len(set(seqs)) == 1_000
        assert after - before <= 15


async def test_reading_goes_on_from_memory_and_from_redis_alike(
    server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_log, "READ_ENTRIES", 4)
    async with opened(server) as log, opened(server) as fresh:
        seqs = [await log.append(Purge((f"t{n}",), "test")) for n in range(20)]
        await eventually(lambda: log._window.tail == seqs[-1], "it has read them")
        for reader in (log, fresh):
            for start in (0, *seqs):
                expected = [seq for seq in seqs if seq > start][:3]
                assert [e.seq for e in await reader.read(start, 3)] == expected


async def test_trimming_keeps_the_newest_and_says_what_is_gone(server: Redis) -> None:
    async with opened(server) as log:
        seqs = [await log.append(POST) for _ in range(10)]
        assert await log.trim(keep_seconds=3600, keep_entries=4) == 6
        position = await log.position()
        assert (position.trimmed, position.head) == (seqs[5], seqs[9])
        with pytest.raises(LogTrimmed):
            await log.read(seqs[4], 10)
        assert [e.seq for e in await log.read(seqs[5], 10)] == seqs[6:]
        assert await log.trim(keep_seconds=-1, keep_entries=4) == 4
        assert (await log.position()).trimmed == seqs[9]
        with pytest.raises(LogTrimmed):
            await log.read(seqs[8], 10)
        assert await log.read(seqs[9], 10) == []
        assert await log.append(POST) > seqs[9]
