"""The one purge path: log, fence, nodes, and who is told what."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from controller.core.fence import Began
from controller.core.tags import Purge
from controller.errors import LogUnavailable
from controller.purge.freshness import Freshness
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from tests.purge.conftest import pragma, working
from tests.purge.varnish import Varnish
from tests.support.parts import eventually

POST = Purge(("key:Post:id:5",), "mutation updatePost")
TYPE = Purge(("type:Post",), "mutation updatePost")
BEFORE = Began(0, 0.0)


def alone(log: SqliteLog, freshness: Freshness | None = None) -> Purger:
    """A purger without nodes."""
    return Purger(log, list, freshness or Freshness())


async def purges(log: SqliteLog) -> list[Purge]:
    return [entry.purge for entry in await log.read(0, 100)]


@pytest.mark.varnish
async def test_an_acknowledged_purge_is_applied(varnish: Varnish, log: SqliteLog) -> None:
    async with working(varnish, log) as worker:
        await asyncio.to_thread(varnish.read, "/a", *POST.tags)
        purger = Purger(log, lambda: [worker], Freshness(), wait_seconds=60)
        outcome = await purger.purge(POST)
        assert (outcome.seq, outcome.acknowledged) == (1, True)
        assert [node.address for node in outcome.nodes] == [varnish.admin]
        assert outcome.nodes[0].milliseconds > 0
        assert await asyncio.to_thread(varnish.read, "/a", *POST.tags) == "MISS"


@pytest.mark.varnish
async def test_the_fence_is_told_before_a_purge_leaves(varnish: Varnish, log: SqliteLog) -> None:
    """Also of what another controller appended, of which only the worker hears."""
    told: list[tuple[int, str]] = []

    class Recording(Freshness):
        def heard(self, seq: int, purge: Purge) -> None:
            told.append((seq, str(worker.state.seq)))
            super().heard(seq, purge)

    async with working(varnish, log) as worker:
        freshness = worker._freshness = Recording()
        await log.append(POST)
        assert await worker.wait_applied(1, 60)
        assert told == [(1, "0")]
        assert not freshness.fence.admits(POST.tags, BEFORE)


async def test_the_fence_knows_a_purge_that_no_node_has(log: SqliteLog) -> None:
    freshness = Freshness()
    purger = alone(log, freshness)
    await purger.purge(POST)
    assert not freshness.fence.admits(POST.tags, BEFORE)
    assert freshness.fence.admits(("key:Post:id:6",), BEFORE)
    await purger.purge(Purge((), "api", everything=True))
    assert not freshness.fence.admits(("key:Post:id:6",), Began(1, 0.0))
    assert purger.recorded == {"mutation": 1, "api": 1}


async def test_nothing_to_purge_appends_nothing(log: SqliteLog) -> None:
    outcome = await alone(log).purge(Purge((), "api"))
    assert outcome.seq is None
    assert outcome.acknowledged
    assert (await log.position()).head == 0


async def test_a_caller_that_goes_away_cancels_nothing(log: SqliteLog) -> None:
    freshness = Freshness()
    call = asyncio.create_task(alone(log, freshness).purge(POST))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await eventually(lambda: not freshness.fence.admits(POST.tags, BEFORE), "the fence is told")
    assert await purges(log) == [POST]


async def test_a_purge_that_cannot_be_recorded_is_an_error(log: SqliteLog) -> None:
    pragma(log, f"max_page_count = {pragma(log, 'page_count')}")
    freshness = Freshness()
    with pytest.raises(LogUnavailable):
        await alone(log, freshness).purge(Purge(("x" * 50_000,), "api"))
    assert freshness.fence.admits(("x" * 50_000,), BEFORE)


async def test_a_failure_that_nobody_waits_for_is_logged(
    log: SqliteLog, caplog: pytest.LogCaptureFixture
) -> None:
    pragma(log, f"max_page_count = {pragma(log, 'page_count')}")
    call = asyncio.create_task(alone(log).purge(Purge(("x" * 50_000,), "api")))
    await asyncio.sleep(0)
    call.cancel()
    await eventually(lambda: "was not recorded" in caplog.text, "it is logged")
    assert "full" in caplog.text


async def test_an_intent_gives_way_to_what_the_write_has_changed(log: SqliteLog) -> None:
    purger = alone(log)
    async with purger.intended(TYPE) as intended:
        assert await purges(log) == []
        assert (await intended.settle(POST)).acknowledged
    assert await purges(log) == [POST]


async def test_a_write_that_breaks_off_purges_what_it_could_touch(log: SqliteLog) -> None:
    with pytest.raises(ConnectionError):
        async with alone(log).intended(TYPE):
            raise ConnectionError
    assert await purges(log) == [TYPE]


async def test_a_write_that_is_cancelled_purges_what_it_could_touch(log: SqliteLog) -> None:
    sent = asyncio.Event()

    async def write() -> None:
        async with alone(log).intended(TYPE):
            sent.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await sent.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await purges(log) == [TYPE]


async def test_a_write_that_changed_nothing_purges_nothing(log: SqliteLog, tmp_path: Path) -> None:
    async with alone(log).intended(TYPE) as intended:
        outcome = await intended.settle(None)
    assert (outcome.seq, outcome.acknowledged) == (None, True)
    await log.close()
    assert await purges(SqliteLog(tmp_path / "purges.db")) == []


async def test_without_room_for_an_intent_the_write_must_not_go_out(log: SqliteLog) -> None:
    pragma(log, f"max_page_count = {pragma(log, 'page_count')}")
    with pytest.raises(LogUnavailable):
        async with alone(log).intended(Purge(("x" * 50_000,), "mutation a")):
            pytest.fail("it was sent")


async def test_a_result_that_cannot_be_recorded_is_pending_until_it_can(log: SqliteLog) -> None:
    freshness = Freshness()
    purger = alone(log, freshness)
    large = Purge(("x" * 50_000,), "mutation a")
    async with purger.intended(TYPE) as intended:
        pragma(log, f"max_page_count = {pragma(log, 'page_count')}")
        outcome = await intended.settle(large)
    assert not outcome.acknowledged
    assert await purges(log) == []
    pragma(log, "max_page_count = 1000000")
    await eventually(lambda: not freshness.fence.admits(large.tags, BEFORE), "recorded after all")
    assert await purges(log) == [large]


async def test_the_intent_of_a_controller_that_died_is_purged_by_the_next(
    log: SqliteLog, tmp_path: Path
) -> None:
    await log.intend(TYPE)
    await log.close()
    (found,) = await purges(SqliteLog(tmp_path / "purges.db"))
    assert found.tags == TYPE.tags
