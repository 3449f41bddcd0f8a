"""The nodes of other controllers: who may serve hits, and who has applied what."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from controller.core.tags import Purge
from controller.errors import LogUnavailable
from controller.purge.peers import Applied
from controller.purge.redis_log import RedisLog
from controller.purge.redis_peers import RedisPeers
from tests.purge.conftest import eventually
from tests.purge.redis import Redis, running_redis

POST = Purge(("key:Post:id:5",), "test")
LONG = 20.0


@pytest.fixture(scope="module")
def shared_redis() -> Iterator[Redis]:
    with running_redis() as server:
        yield server


@pytest.fixture
def server(shared_redis: Redis) -> Redis:
    with shared_redis.client() as client:
        client.flushall()
    return shared_redis


@contextlib.asynccontextmanager
async def joined(server: Redis) -> AsyncIterator[tuple[RedisLog, RedisPeers]]:
    """A controller that hears the others."""
    log = RedisLog(server.url, service="demo")
    peers = RedisPeers(log)
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
            await other.lease(boot, f"http://{boot}", 5)
        seq = await log.append(POST)
        task = await waiting(one, seq, own=("own",))
        await other.report("a", Applied(seq))
        await asyncio.wait((task,), timeout=0.1)
        assert not task.done()
        await other.report("b", Applied(seq + 1))
        assert await task == ["applied", "applied"]


async def test_a_report_that_came_before_is_known(server: Redis) -> None:
    async with joined(server) as (log, one), joined(server) as (_, other):
        await other.lease("a", "http://a", 5)
        seq = await log.append(POST)
        await other.report("a", Applied(seq))
        assert [o.result for o in await one.wait(seq, LONG, own=())] == ["applied"]
    async with joined(server) as (_, late):
        assert [o.result for o in await late.wait(seq, LONG, own=())] == ["applied"]


async def test_what_is_unsure_is_not_acknowledged_until_it_is_sure(server: Redis) -> None:
    async with joined(server) as (log, one), joined(server) as (_, other):
        await other.lease("a", "http://a", 5)
        seq = await log.append(POST)
        await other.report("a", Applied(seq + 5, ((seq - 1, seq),)))
        task = await waiting(one, seq)
        assert [o.result for o in await one.wait(seq + 1, LONG, own=())] == ["applied"]
        await other.report("a", Applied(seq + 5))
        assert await task == ["applied"]


async def test_a_node_whose_lease_ends_is_waited_for_no_longer(server: Redis) -> None:
    async with joined(server) as (log, one), joined(server) as (_, other):
        await other.lease("a", "http://a", 0.3)
        seq = await log.append(POST)
        assert await (await waiting(one, seq)) == ["lapsed"]
        assert await one.wait(seq, LONG, own=()) == []
        assert [peer.seconds < 0 for peer in await one.listed()] == [True]


async def test_a_lease_that_is_renewed_is_waited_for_on(server: Redis) -> None:
    async with joined(server) as (log, one), joined(server) as (_, other):
        await other.lease("a", "http://a", 0.3)
        seq = await log.append(POST)
        task = await waiting(one, seq)
        await other.lease("a", "http://a", 5)
        await asyncio.wait((task,), timeout=0.5)
        assert not task.done()
        await other.report("a", Applied(seq))
        assert await task == ["applied"]


async def test_a_node_that_gave_up_its_lease_is_not_waited_for(server: Redis) -> None:
    async with joined(server) as (log, one), joined(server) as (_, other):
        await other.lease("a", "http://a", 5)
        seq = await log.append(POST)
        await other.release("a")
        assert await one.wait(seq, LONG, own=()) == []


async def test_time_ends_the_wait(server: Redis) -> None:
    async with joined(server) as (log, one), joined(server) as (_, other):
        await other.lease("a", "http://a:81", 60)
        seq = await log.append(POST)
        (outcome,) = await one.wait(seq, 0.05, own=())
        assert (outcome.result, outcome.address, outcome.done) == ("pending", "http://a:81", False)
        assert outcome.milliseconds >= 50


async def test_a_lease_tells_the_head_of_the_log(server: Redis) -> None:
    async with joined(server) as (log, one):
        seq = await log.append(POST)
        assert await one.lease("a", "http://a", 5) == seq


async def test_without_redis_nothing_is_acknowledged(server: Redis) -> None:
    async with joined(server) as (log, one):
        seq = await log.append(POST)
        with server.stopped():
            (outcome,) = await one.wait(seq, 0.2, own=())
            assert not outcome.done
            with pytest.raises(LogUnavailable):
                await one.lease("a", "http://a", 5)
