"""The nodes of other controllers: who may serve hits, and who has applied what."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from controller.core.tags import Purge
from controller.errors import LogUnavailable
from controller.purge import redis_client, redis_peers
from controller.purge.peers import Applied
from controller.purge.redis_log import RedisLog
from controller.purge.redis_peers import RedisPeers
from tests.purge.redis import Redis
from tests.support.parts import eventually

POST = Purge(("key:Post:id:5",), "test")
LONG = 60.0
SOON = 4.0
"""Seconds of a lease that is to end, but not before a busy machine has come to the wait for it."""


@contextlib.asynccontextmanager
async def joined(server: Redis) -> AsyncIterator[tuple[RedisLog, RedisPeers]]:
    """A controller that hears the others."""
    log = RedisLog(server.url, service="demo")
    peers = RedisPeers(log, lease_seconds=0.0)
    log.start()
    peers.start()
    with server.client() as client:
        channel = log.key("reports")
        before = dict(client.pubsub_numsub(channel))[channel]
        await eventually(lambda: dict(client.pubsub_numsub(channel))[channel] > before, "it hears")
    try:
        yield log, peers
    finally:
        await peers.close()
        await log.close()


async def waiting(
    peers: RedisPeers, seq: int, *, own: tuple[str, ...] = ()
) -> asyncio.Task[list[str]]:
    """A wait that has begun and is not over."""

    async def results() -> list[str]:
        return [outcome.result for outcome in await peers.wait(seq, LONG, own=own)]

    task = asyncio.create_task(results())
    await asyncio.wait((task,), timeout=0.1)
    assert not task.done()
    return task


async def test_an_acknowledgement_waits_for_every_other_leased_node(server: Redis) -> None:
    async with joined(server) as (log, one), joined(server) as (_, other):
        for boot in ("a", "b", "own"):
            await other.lease(boot, f"http://{boot}", LONG)
        seq = await log.append(POST)
        task = await waiting(one, seq, own=("own",))
        await other.report("a", Applied(seq))
        await asyncio.wait((task,), timeout=0.1)
        assert not task.done()
        await other.report("b", Applied(seq + 1))
        assert await task == ["applied", "applied"]


async def test_a_report_that_came_before_is_known(server: Redis) -> None:
    async with joined(server) as (log, one), joined(server) as (_, other):
        await other.lease("a", "http://a", LONG)
        seq = await log.append(POST)
        await other.report("a", Applied(seq))
        assert [o.result for o in await one.wait(seq, LONG, own=())] == ["applied"]
    async with joined(server) as (_, late):
        assert [o.result for o in await late.wait(seq, LONG, own=())] == ["applied"]


async def test_what_is_unsure_is_not_acknowledged_until_it_is_sure(server: Redis) -> None:
    async with joined(server) as (log, one), joined(server) as (_, other):
        await other.lease("a", "http://a", LONG)
        seq = await log.append(POST)
        await other.report("a", Applied(seq + 5, ((seq - 1, seq),)))
        task = await waiting(one, seq)
        assert [o.result for o in await one.wait(seq + 1, LONG, own=())] == ["applied"]
        await other.report("a", Applied(seq + 5))
        assert await task == ["applied"]


async def test_a_node_whose_lease_ends_is_waited_for_no_longer(server: Redis) -> None:
    async with joined(server) as (log, one), joined(server) as (_, other):
        await other.lease("a", "http://a", SOON)
        seq = await log.append(POST)
        assert await (await waiting(one, seq)) == ["lapsed"]
        assert await one.wait(seq, LONG, own=()) == []
        assert [peer.seconds < 0 for peer in await one.listed()] == [True]


async def test_a_lease_that_is_renewed_is_waited_for_on(server: Redis) -> None:
    async with joined(server) as (log, one), joined(server) as (_, other):
        await other.lease("a", "http://a", SOON)
        seq = await log.append(POST)
        task = await waiting(one, seq)
        await other.lease("a", "http://a", LONG)
        await asyncio.wait((task,), timeout=SOON)
        assert not task.done()
        await other.report("a", Applied(seq))
        assert await task == ["applied"]


async def test_a_node_that_gave_up_its_lease_is_not_waited_for(server: Redis) -> None:
    async with joined(server) as (log, one), joined(server) as (_, other):
        await other.lease("a", "http://a", LONG)
        seq = await log.append(POST)
        await other.release("a")
        assert await one.wait(seq, LONG, own=()) == []


async def test_time_ends_the_wait(server: Redis) -> None:
    async with joined(server) as (log, one), joined(server) as (_, other):
        await other.lease("a", "http://a:81", 60)
        seq = await log.append(POST)
        # So long that Redis has answered who it is that is waited for.
        (outcome,) = await one.wait(seq, 2.0, own=())
        assert (outcome.result, outcome.address, outcome.done) == ("pending", "http://a:81", False)
        assert outcome.milliseconds >= 2_000


async def test_a_lease_tells_the_head_of_the_log(server: Redis) -> None:
    async with joined(server) as (log, one):
        seq = await log.append(POST)
        assert await one.lease("a", "http://a", 5) == seq


async def test_a_node_that_gave_up_its_lease_leaves_nothing_behind(server: Redis) -> None:
    async with joined(server) as (log, one):
        await one.lease("a", "http://a", 5)
        await one.report("a", Applied(1))
        await one.release("a")
        with server.client() as client:
            assert not client.exists(log.key("leases"), log.key("applied"))


async def test_a_report_that_was_not_heard_is_looked_up(server: Redis) -> None:
    async with joined(server) as (log, one), joined(server) as (_, other):
        await other.lease("a", "http://a", LONG)
        seq = await log.append(POST)
        task = await waiting(one, seq)
        with server.client() as client:
            # As a report that came while the connection was broken.
            client.hset(log.key("applied"), "a", f"[{seq}]")
            client.client_kill_filter(_type="pubsub")
        assert await task == ["applied"]


async def test_a_connection_that_went_silent_is_replaced(
    server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_peers, "BLOCK_SECONDS", 0.05)
    async with joined(server) as (log, one), joined(server) as (_, other):
        await other.lease("a", "http://a", LONG)
        seq = await log.append(POST)
        task = await waiting(one, seq)
        with server.client() as client:
            before = {each["id"] for each in client.client_list(_type="pubsub")}
            client.hset(log.key("applied"), "a", f"[{seq}]")
            client.client_pause(2_000)
        assert await task == ["applied"]
        with server.client() as client:
            client.client_unpause()
            after = {each["id"] for each in client.client_list(_type="pubsub")}
        assert before.isdisjoint(after)


async def test_a_lease_that_lapsed_long_ago_is_forgotten(
    server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_peers, "REMEMBERED_SECONDS", 0.05)
    async with joined(server) as (log, one):
        await one.lease("a", "http://a", 0.01)
        await one.report("a", Applied(1))
        async with asyncio.timeout(60):
            while [peer.boot for peer in await one.listed()] != ["b"]:
                await one.lease("b", "http://b", LONG)
        with server.client() as client:
            assert not client.exists(log.key("applied"))


async def test_a_redis_that_stops_during_the_wait_makes_it_no_longer(
    server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_client, "ANSWER_SECONDS", 2 * LONG)
    async with joined(server) as (log, one), joined(server) as (_, other):
        await other.lease("a", "http://a", 60)
        seq = await log.append(POST)
        wait = asyncio.create_task(one.wait(seq, SOON, own=()))
        await asyncio.wait((wait,), timeout=0.3)
        with server.stopped():
            async with asyncio.timeout(LONG):
                assert [outcome.result for outcome in await wait] == ["pending"]


@contextlib.contextmanager
def redis_forgot_now(server: Redis, log: RedisLog) -> Iterator[Callable[[], float]]:
    """The Redis of a log begins anew; how many seconds ago, by its own clock."""
    with server.client() as client:

        def now() -> int:
            seconds, microseconds = client.time()
            return 1_000 * int(seconds) + int(microseconds) // 1_000

        began = now()
        client.hset(log.key("meta"), "since", began)
        yield lambda: (now() - began) / 1_000


async def test_leases_that_redis_may_have_lost_are_waited_out(server: Redis) -> None:
    async with joined(server) as (log, one):
        one._lease_seconds = SOON
        seq = await log.append(POST)
        with redis_forgot_now(server, log) as ago:
            assert await one.wait(seq, LONG, own=()) == []
            assert ago() >= SOON


async def test_they_are_waited_out_too_when_redis_takes_its_time_to_answer(server: Redis) -> None:
    async with joined(server) as (log, one):
        one._lease_seconds = SOON
        seq = await log.append(POST)
        with redis_forgot_now(server, log) as ago:
            with server.stopped():
                task = asyncio.create_task(one.wait(seq, LONG, own=()))
                await asyncio.wait((task,), timeout=SOON / 2)
            assert await task == []
            assert ago() >= SOON


async def test_a_lease_whose_renewal_redis_has_lost_is_not_over(server: Redis) -> None:
    async with joined(server) as (log, one):
        await one.lease("a", "http://a", SOON)
        seq = await log.append(POST)
        task = await waiting(one, seq)
        one._lease_seconds = LONG
        await asyncio.wait((task,), timeout=SOON)
        assert not task.done()
        await one.report("a", Applied(seq))
        assert await task == ["applied"]


async def test_no_lease_is_given_in_a_log_that_the_caller_has_not_seen(server: Redis) -> None:
    """Its node has the cursor of the old one, and was not flushed for the new one yet."""
    log = RedisLog(server.url, service="demo")
    one = RedisPeers(log, lease_seconds=0.0)
    await log.append(POST)
    with server.client() as client:
        client.hset(log.key("meta"), "id", "another")
    with pytest.raises(LogUnavailable):
        await one.lease("a", "http://a", 5)
    head = (await log.position()).head
    assert await one.lease("a", "http://a", 5) == head
    await log.close()


async def test_without_redis_nothing_is_acknowledged(server: Redis) -> None:
    async with joined(server) as (log, one):
        seq = await log.append(POST)
        with server.stopped():
            (outcome,) = await one.wait(seq, 0.2, own=())
            assert not outcome.done
            with pytest.raises(LogUnavailable):
                await one.lease("a", "http://a", 5)


async def test_in_a_redis_that_may_have_lost_leases_nothing_is_acknowledged_for_as_long(
    server: Redis,
) -> None:
    async with joined(server) as (log, one):
        one._lease_seconds = 10 * LONG
        seq = await log.append(POST)
        (outcome,) = await one.wait(seq, LONG, own=())
        assert outcome.result == "pending"
        with server.client() as client:
            client.hincrby(log.key("meta"), "since", -round(10_001 * LONG))
        assert await one.wait(seq, LONG, own=()) == []
