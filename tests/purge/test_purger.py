"""The one purge path: log, fence, nodes, and who is told what."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from controller.core.fence import Fence
from controller.core.tags import Purge
from controller.errors import LogUnavailable
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from tests.purge.conftest import eventually, pragma, working
from tests.purge.varnish import Varnish

POST = Purge(("key:Post:id:5",), "mutation updatePost")


@pytest.mark.varnish
async def test_an_acknowledged_purge_is_applied(varnish: Varnish, log: SqliteLog) -> None:
    async with working(varnish, log) as worker:
        await asyncio.to_thread(varnish.read, "/a", *POST.tags)
        outcome = await Purger(log, [worker], Fence(100)).purge(POST)
        assert (outcome.seq, outcome.acknowledged) == (1, True)
        assert [node.address for node in outcome.nodes] == [varnish.admin]
        assert 0 < outcome.nodes[0].milliseconds < 150
        assert await asyncio.to_thread(varnish.read, "/a", *POST.tags) == "MISS"


@pytest.mark.varnish
async def test_the_fence_is_told_before_a_purge_leaves(varnish: Varnish, log: SqliteLog) -> None:
    """Also of what another controller appended, of which only the worker hears."""
    told: list[tuple[int, str]] = []

    class Recording(Fence):
        def purged(self, seq: int, tags: Iterable[str]) -> None:
            told.append((seq, str(worker.state.seq)))
            super().purged(seq, tags)

    async with working(varnish, log) as worker:
        fence = Recording(100)
        worker._fence = fence
        await log.append(POST)
        assert await worker.wait_applied(1, 5)
        assert told == [(1, "0")]
        assert not fence.admits(POST.tags, 0)


async def test_the_fence_knows_a_purge_that_no_node_has(log: SqliteLog) -> None:
    fence = Fence(100)
    purger = Purger(log, [], fence)
    await purger.purge(POST)
    assert not fence.admits(POST.tags, 0)
    assert fence.admits(("key:Post:id:6",), 0)
    await purger.purge(Purge((), "api", everything=True))
    assert not fence.admits(("key:Post:id:6",), 1)
    assert purger.recorded == {"mutation": 1, "api": 1}


async def test_nothing_to_purge_appends_nothing(log: SqliteLog) -> None:
    outcome = await Purger(log, [], Fence(100)).purge(Purge((), "api"))
    assert outcome.seq is None
    assert outcome.acknowledged
    assert await log.head() == 0


async def test_a_caller_that_goes_away_cancels_nothing(log: SqliteLog) -> None:
    fence = Fence(100)
    call = asyncio.create_task(Purger(log, [], fence).purge(POST))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await eventually(lambda: not fence.admits(POST.tags, 0), "the fence is told")
    assert [entry.purge for entry in await log.read(0, 10)] == [POST]


async def test_a_purge_that_cannot_be_recorded_is_an_error(log: SqliteLog) -> None:
    pragma(log, f"max_page_count = {pragma(log, 'page_count')}")
    fence = Fence(100)
    with pytest.raises(LogUnavailable):
        await Purger(log, [], fence).purge(Purge(("x" * 50_000,), "api"))
    assert fence.admits(("x" * 50_000,), 0)


async def test_a_failure_that_nobody_waits_for_is_logged(
    log: SqliteLog, caplog: pytest.LogCaptureFixture
) -> None:
    pragma(log, f"max_page_count = {pragma(log, 'page_count')}")
    call = asyncio.create_task(Purger(log, [], Fence(100)).purge(Purge(("x" * 50_000,), "api")))
    await asyncio.sleep(0)
    call.cancel()
    await eventually(lambda: "was not recorded" in caplog.text, "it is logged")
    assert "full" in caplog.text
