"""A node's worker before a real Varnish: nothing is lost, little is repeated."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from controller.core.tags import Purge
from controller.errors import LogUnavailable
from controller.purge import node
from controller.purge.freshness import Freshness
from controller.purge.node import NodeWorker
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from controller.purge.state import NodeStatus
from tests.purge.conftest import PLAN, log_id, logged, worker_of, working
from tests.purge.varnish import Varnish
from tests.support.parts import eventually

pytestmark = pytest.mark.varnish


def hard(*tags: str) -> Purge:
    return Purge(tags, "test")


async def read(varnish: Varnish, path: str, *tags: str) -> str:
    return await asyncio.to_thread(varnish.read, path, *tags)


async def applied(log: SqliteLog, worker: NodeWorker, purge: Purge) -> int:
    seq = await log.append(purge)
    assert await worker.wait_applied(seq, 60), worker.state
    return seq


async def test_a_purge_misses_what_carries_the_tag_and_nothing_else(
    varnish: Varnish, log: SqliteLog
) -> None:
    async with working(varnish, log) as worker:
        for path, tag in (("/a", "a"), ("/b", "b")):
            assert await read(varnish, path, tag) == "MISS"
            assert await read(varnish, path, tag) == "HIT"
        seq = await applied(log, worker, hard("a"))
        assert varnish.node()["seq"] == f"{await log_id(log)}:{seq}"
        assert await read(varnish, "/b", "b") == "HIT"
        assert await read(varnish, "/a", "a") == "MISS"
        assert (worker.state.seq, worker.state.lag, worker.state.error) == (seq, 0, None)
        assert worker.counts.matches == 1


async def test_a_soft_purge_leaves_a_stale_object(varnish: Varnish, log: SqliteLog) -> None:
    async with working(varnish, log) as worker:
        await read(varnish, "/a", "a")
        await applied(log, worker, Purge(("a",), "test", soft=True))
        assert await read(varnish, "/a", "a") == "STALE"


@pytest.mark.parametrize("soft", [False, True])
async def test_everything_goes(varnish: Varnish, log: SqliteLog, soft: bool) -> None:
    async with working(varnish, log) as worker:
        await read(varnish, "/a", "a", "app:demo")
        seq = await applied(log, worker, Purge((), "test", soft=soft, everything=True))
        assert await read(varnish, "/a", "a", "app:demo") == ("STALE" if soft else "MISS")
        assert varnish.node()["seq"] == f"{await log_id(log)}:{seq}"


async def test_a_thousand_purges_of_one_key_are_a_handful_of_requests(
    varnish: Varnish, log: SqliteLog
) -> None:
    async with working(varnish, log) as worker:
        await logged(worker)
        before = len(varnish.purges_received())
        started = time.monotonic()
        seqs = await asyncio.gather(*(log.append(hard("a")) for _ in range(1_000)))
        assert await worker.wait_applied(max(seqs), 60)
        allowed = 10 + 50 * (time.monotonic() - started)
        assert 1 <= len(varnish.purges_received()) - before <= allowed


async def test_a_steady_stream_of_purges_stays_under_the_rate(
    varnish: Varnish, log: SqliteLog
) -> None:
    async with working(varnish, log) as worker:
        await logged(worker)
        before = len(varnish.purges_received())
        started = time.monotonic()
        for _ in range(300):
            seq = await log.append(hard("a"))
            await asyncio.sleep(0.002)
        assert await worker.wait_applied(seq, 60)
        allowed = 10 + 50 * (time.monotonic() - started) + 2
        assert 10 <= len(varnish.purges_received()) - before <= allowed


async def test_many_different_keys_all_go_in_long_lines(varnish: Varnish, log: SqliteLog) -> None:
    async with working(varnish, log) as worker:
        assert await read(varnish, "/a", "t2999") == "MISS"
        await applied(log, worker, hard(*(f"t{n}" for n in range(3_000))))
        assert await read(varnish, "/a", "t2999") == "MISS"
        assert worker.counts.requests == 1 + 3  # the first flush, then three full PURGEs


async def test_a_restarted_worker_replays_only_what_is_missing(
    varnish: Varnish, log: SqliteLog
) -> None:
    async with working(varnish, log) as worker:
        await applied(log, worker, hard("a"))
        await logged(worker)
    await read(varnish, "/a", "a")
    await read(varnish, "/b", "b")
    before = len(varnish.purges_received())
    seq = await log.append(hard("b"))
    async with working(varnish, log) as worker:
        assert await worker.wait_applied(seq, 60)
        await logged(worker)
        assert varnish.purges_received()[before:] == [f"{await log_id(log)}:{seq} - -"]
        assert await read(varnish, "/a", "a") == "HIT"
        assert await read(varnish, "/b", "b") == "MISS"


async def test_a_fresh_node_goes_to_the_head(fresh: Varnish, log: SqliteLog) -> None:
    for _ in range(50):
        head = await log.append(hard("a"))
    async with working(fresh, log) as worker:
        assert worker.state.seq == head
        await logged(worker)
        flush, plan = f"{await log_id(log)}:{head} {await log_id(log)}:{head} -", f"- - {PLAN}"
        assert fresh.purges_received() == [flush, plan]


async def test_a_restarted_child_gets_the_plan_again_and_loses_no_purge(
    fresh: Varnish, log: SqliteLog
) -> None:
    async with working(fresh, log) as worker:
        await applied(log, worker, hard("a"))
        boot = worker.state.boot
        await asyncio.to_thread(fresh.kill_child)
        await read(fresh, "/b", "b")
        seq = await log.append(hard("b"))
        assert await worker.wait_applied(seq, 60)
        assert await read(fresh, "/b", "b") == "MISS"
        await eventually(lambda: fresh.node()["plan"] == PLAN, "the plan is set again")
        await eventually(lambda: worker.state.status is NodeStatus.READY, "ready again")
        assert worker.state.boot != boot


async def test_what_a_fresh_node_stored_before_it_was_met_is_flushed(
    fresh: Varnish, log: SqliteLog
) -> None:
    """The controller died after the append: a jump to the head alone would keep the old page."""
    await read(fresh, "/a", "a")
    await log.append(hard("a"))
    async with working(fresh, log):
        assert await read(fresh, "/a", "a") == "MISS"


async def test_another_log_flushes(varnish: Varnish, log: SqliteLog, tmp_path: Path) -> None:
    async with working(varnish, log) as worker:
        await applied(log, worker, hard("x"))
        await read(varnish, "/a", "a")
    other = SqliteLog(tmp_path / "other.db")
    await other.append(hard("x"))
    async with working(varnish, other):
        assert await read(varnish, "/a", "a") == "MISS"
        assert varnish.node()["seq"] == f"{await log_id(other)}:1"
    await other.close()


@pytest.mark.parametrize("kept", [0, 1])
async def test_a_node_that_missed_trimmed_purges_is_flushed(
    varnish: Varnish, log: SqliteLog, kept: int
) -> None:
    async with working(varnish, log) as worker:
        await applied(log, worker, hard("x"))
    await read(varnish, "/a", "a")
    for tag in ("a", "x", "x"):
        await log.append(hard(tag))
    await log.trim(keep_seconds=3600, keep_entries=kept)
    async with working(varnish, log):
        assert await read(varnish, "/a", "a") == "MISS"
        assert varnish.node()["seq"] == f"{await log_id(log)}:4"


async def test_a_node_that_is_down_gets_its_purges_when_it_returns(
    down: Varnish, log: SqliteLog
) -> None:
    async with working(down, log, ready=False) as worker:
        purger = Purger(log, lambda: [worker], Freshness(), wait_seconds=0.05)
        await eventually(lambda: worker.state.status is NodeStatus.UNREACHABLE, "unreachable")
        outcome = await purger.purge(hard("a"))
        assert [node.result for node in outcome.nodes] == ["unreachable"]
        assert not outcome.acknowledged
        assert str(down.admin_port) in str(worker.state.error)
        with down.up():
            assert await worker.wait_applied(outcome.seq or 0, 60)
            await eventually(lambda: worker.state.status is NodeStatus.READY, "ready")
            patient = Purger(log, lambda: [worker], Freshness(), wait_seconds=60)
            assert (await patient.purge(hard("a"))).acknowledged
        await eventually(lambda: worker.state.status is NodeStatus.UNREACHABLE, "down again")
        await purger.purge(hard("a"))
        await eventually(lambda: worker.state.lag > 0, "the lag is seen")


async def test_a_wrong_secret_is_told_from_a_node_that_is_down(
    varnish: Varnish, log: SqliteLog
) -> None:
    before = varnish.node()["seq"]
    async with working(varnish, log, secret="wrong", ready=False) as worker:
        await eventually(lambda: worker.state.status is NodeStatus.REFUSED, "refused")
        assert "secret" in str(worker.state.error)
        purger = Purger(log, lambda: [worker], Freshness(), wait_seconds=0.05)
        assert [n.result for n in (await purger.purge(hard("a"))).nodes] == ["refused"]
        assert varnish.node()["seq"] == before


async def test_something_else_on_the_port_is_named(gateway_port: int, log: SqliteLog) -> None:
    wrong = Varnish(gateway_port, Path("/unused"), admin_port=gateway_port)
    async with working(wrong, log, ready=False) as worker:
        await eventually(lambda: worker.state.status is NodeStatus.MISBEHAVING, "misbehaving")
        assert "admin listener" in str(worker.state.error)


async def test_a_node_is_not_ready_before_it_has_the_plan(
    varnish: Varnish, log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "POLL_SECONDS", 60)  # a plan is set at once, not with the next poll
    worker = worker_of(varnish.admin, log)
    task = asyncio.create_task(worker.run())
    for _ in range(3):
        await applied(log, worker, hard("a"))
        assert worker.state.status is NodeStatus.BEHIND
    worker.set_plan(PLAN)
    async with asyncio.timeout(60):
        await worker.wait_ready()
    assert varnish.node()["plan"] == PLAN
    worker.set_plan("plan2")
    assert worker.state.status is NodeStatus.BEHIND
    async with asyncio.timeout(60):
        await worker.wait_ready()
    assert varnish.node()["plan"] == "plan2"
    task.cancel()


async def test_a_plan_that_somebody_changed_is_set_again(varnish: Varnish, log: SqliteLog) -> None:
    async with working(varnish, log):
        async with working(varnish, log) as other:
            other.set_plan("other")
            await eventually(lambda: varnish.node()["plan"] == "other", "changed")
        await eventually(lambda: varnish.node()["plan"] == PLAN, "set again")


async def test_a_log_that_cannot_be_read_is_waited_for(
    varnish: Varnish, log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> int:
        raise LogUnavailable("the disk is gone")

    async with working(varnish, log) as worker:
        with monkeypatch.context() as patch:
            patch.setattr(log, "position", fail)
            await eventually(lambda: worker.state.status is NodeStatus.BEHIND, "behind")
            assert "the disk is gone" in str(worker.state.error)
        await applied(log, worker, hard("a"))
        await eventually(lambda: worker.state.status is NodeStatus.READY, "ready again")
        assert worker.state.error is None


async def test_another_varnish_on_the_same_address_is_flushed(
    varnish: Varnish, log: SqliteLog
) -> None:
    async with working(varnish, log) as worker:
        await applied(log, worker, hard("a"))
        await read(varnish, "/kept", "k")
        worker._state = replace(worker.state, boot="that of the one before")
        flushes = worker.counts.flushes
        await eventually(lambda: worker.counts.flushes > flushes, "a flush")
        assert await read(varnish, "/kept", "k") == "MISS"


async def test_a_damaged_entry_flushes_and_does_not_stop_the_next(
    varnish: Varnish, log: SqliteLog
) -> None:
    async with working(varnish, log) as worker:
        await log._run(
            lambda: log._db.execute("INSERT INTO purge (at, purge) VALUES (0, CAST(x'ff' AS TEXT))")
        )
        await applied(log, worker, hard("a"))
        assert worker.counts.flushes == 2
