"""A new generation of verdicts: schema or config have changed, and with them what is tagged how."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from controller.core.tags import Purge
from controller.purge.log import Entry
from controller.purge.sqlite_log import SqliteLog
from tests.purge.conftest import log_id, logged, working
from tests.purge.varnish import Varnish

pytestmark = pytest.mark.varnish


async def test_a_node_is_emptied_before_it_gets_a_new_plan(fresh: Varnish, log: SqliteLog) -> None:
    async with working(fresh, log) as worker:
        seq = await log.append(Purge(("a",), "test"))
        assert await worker.wait_applied(seq, 60)
        await logged(worker)
        before = len(fresh.purges_received())
        worker.set_plan("plan2")
        await worker.wait_ready()
        await logged(worker)
        here = f"{await log_id(log)}:{seq}"
        assert fresh.purges_received()[before:] == [f"{here} {here} -", "- - plan2"]
        worker.set_plan("plan2")
        seq = await log.append(Purge(("a",), "test"))
        assert await worker.wait_applied(seq, 60)
        await logged(worker)
        assert len(fresh.purges_received()) == before + 3


async def test_a_purge_of_the_new_plan_is_not_done_under_the_old_one(
    fresh: Varnish, log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is reading the log when plan and purge come."""
    read = log.read
    later: list[int] = []

    async def changed_meanwhile(after: int, limit: int) -> Sequence[Entry]:
        if not later:
            later.append(0)
            worker.set_plan("plan2")
            later[0] = await log.append(Purge(("a",), "test"))
        return await read(after, limit)

    async with working(fresh, log) as worker:
        await logged(worker)
        before = len(fresh.purges_received())
        monkeypatch.setattr(log, "read", changed_meanwhile)
        assert await worker.wait_applied(await log.append(Purge(("b",), "test")), 60)
        assert await worker.wait_applied(later[0], 60)
        await worker.wait_ready()
        await logged(worker)
        here = f"{await log_id(log)}:{later[0]}"
        assert fresh.purges_received()[before:] == [f"{here} {here} -", "- - plan2"]
