"""A purge waits for answers that Varnish has been given and has not indexed yet."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from controller.core.recent import Recent
from controller.core.tags import Purge, wire
from controller.purge import chase
from controller.purge.freshness import Freshness
from controller.purge.purger import Outcome, Purger
from controller.purge.sqlite_log import SqliteLog
from tests.purge.conftest import PLAN, worker_of
from tests.purge.varnish import SERVICE, Varnish
from tests.support.parts import running_worker

pytestmark = pytest.mark.varnish


@contextlib.asynccontextmanager
async def chasing(
    varnish: Varnish, log: SqliteLog, *, wait_seconds: float = 60
) -> AsyncIterator[tuple[Purger, Recent]]:
    """A purger whose worker knows the recent answers; it waits long, to see what is not done."""
    freshness = Freshness()
    worker = worker_of(varnish.admin, log, freshness)
    worker.set_plan(PLAN)
    async with running_worker(worker):
        recent = freshness.recent(worker.state.boot or "")
        yield Purger(log, lambda: [worker], freshness, wait_seconds=wait_seconds), recent


def own(log: SqliteLog) -> str:
    """Varnish and its objects outlive a test, its log does not."""
    return f"own {log._path}"


def given(recent: Recent, name: str, *tags: str) -> None:
    """Varnish has been given an answer; that it is not there yet is for the test to say."""
    own_key = wire(SERVICE, name)
    recent.register(own_key, tags, time.monotonic(), max_age=3_600)


async def read(varnish: Varnish, path: str, *tags: str) -> str:
    return await asyncio.to_thread(varnish.read, path, *tags)


async def purging(purger: Purger, purge: Purge) -> asyncio.Task[Outcome]:
    """A purge that has begun."""
    task = asyncio.create_task(purger.purge(purge))
    await asyncio.wait((task,), timeout=0.05)
    return task


@pytest.mark.parametrize(("soft", "after"), [(False, "MISS"), (True, "STALE")])
async def test_it_is_acknowledged_only_after_the_answer_was_found_and_purged(
    varnish: Varnish, log: SqliteLog, monkeypatch: pytest.MonkeyPatch, soft: bool, after: str
) -> None:
    # What is not found in time is purged hard, whatever was asked for.
    monkeypatch.setattr(chase, "AT_MOST_SECONDS", 60)
    async with chasing(varnish, log) as (purger, recent):
        given(recent, own(log), "a")
        task = await purging(purger, Purge(("a",), "test", soft=soft))
        assert not task.done()
        assert await read(varnish, "/late", own(log), "a") == "MISS"
        assert (await task).acknowledged
        assert await read(varnish, "/late", own(log), "a") == after


async def test_another_tags_purge_does_not_wait(varnish: Varnish, log: SqliteLog) -> None:
    async with chasing(varnish, log) as (purger, recent):
        given(recent, own(log), "a")
        assert (await purger.purge(Purge(("b",), "test"))).acknowledged


async def test_a_flush_does_not_wait(varnish: Varnish, log: SqliteLog) -> None:
    async with chasing(varnish, log) as (purger, recent):
        given(recent, own(log), "a", f"app:{SERVICE}")
        assert (await purger.purge(Purge((), "test", everything=True))).acknowledged


async def test_an_answer_that_never_comes_is_doubted_until_it_can_come_no_more(
    varnish: Varnish, log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chase, "LOOKS", 2)
    async with chasing(varnish, log, wait_seconds=0.4) as (purger, recent):
        given(recent, own(log), "a")
        first, second, _ = await asyncio.gather(
            *(purger.purge(Purge((tag,), "test")) for tag in ("a", "a", "b"))
        )
        assert not first.acknowledged
        assert not second.acknowledged
        purger._wait_seconds = 60
        assert (await purger.purge(Purge(("b",), "test"))).acknowledged
        assert (await purger.purge(Purge(("a",), "test"))).acknowledged
