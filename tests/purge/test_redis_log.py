"""The Redis log: several controllers, one order, and nothing lost when Redis or one dies."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import statistics
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from controller.core.tags import Purge
from controller.errors import LogTrimmed, LogUnavailable
from controller.purge import redis_log
from controller.purge.log import Entry
from controller.purge.redis_log import RedisLog
from tests.purge.conftest import eventually
from tests.purge.redis import Redis, running_redis

SERVICE = "demo"
TYPE = Purge(("type:Post",), "mutation updatePost")
POST = Purge(("key:Post:id:5", "null:Post"), "mutation updatePost")
EXACTLY = Purge(("\ud800,ü",), "api", soft=True)


@pytest.fixture(scope="module")
def shared_redis() -> Iterator[Redis]:
    with running_redis() as server:
        yield server


@pytest.fixture
def server(shared_redis: Redis) -> Redis:
    """A Redis without data, for tests that leave it running."""
    with shared_redis.client() as client:
        client.flushall()
    return shared_redis


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    """A Redis for a test that kills it."""
    with running_redis() as server:
        yield server


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
    async with asyncio.timeout(5):
        while True:
            found = await log.read(position.trimmed, 10_000)
            if (found[-1].seq if found else position.trimmed) >= position.head:
                return found
            await asyncio.sleep(0.01)


async def purges(log: RedisLog) -> list[Purge]:
    return [entry.purge for entry in await entries(log)]


async def usable(log: RedisLog) -> None:
    """Wait until Redis is back."""
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(LogUnavailable):
                await log.position()
                return
            await asyncio.sleep(0.05)


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
            async with asyncio.timeout(5):
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


async def test_an_intent_is_replaced_by_its_purge_in_one_step(server: Redis) -> None:
    async with opened(server, alive_seconds=0.3) as log, opened(server) as other:
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


async def test_a_living_controllers_intent_stays(server: Redis) -> None:
    async with opened(server, alive_seconds=0.3) as log, opened(server, alive_seconds=0.3) as other:
        intent = await log.intend(TYPE)
        seen = asyncio.Event()
        adopted = 0

        async def counting() -> None:
            nonlocal adopted
            await type(other)._adopt(other)
            adopted += 1
            if adopted == 8:  # far longer than a session lives without a sign
                seen.set()

        other.tasks.append(asyncio.create_task(other._forever(counting)))
        async with asyncio.timeout(10):
            await seen.wait()
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
            started = time.monotonic()
            with pytest.raises(LogUnavailable, match="cannot be used"):
                await log.append(TYPE)
            assert time.monotonic() - started < 4
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
            async with asyncio.timeout(5):
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
