"""``purge.originLag``: the origin may answer with older data for a while."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.purge import freshness
from tests.freshness.site import Site
from tests.freshness.stand import Change, running_stand

pytestmark = pytest.mark.varnish

LAG = 1_000.0
"""Seconds that no test takes: they pass when it says so."""


class Clock:
    """``time.monotonic`` as the freshness has it."""

    def __init__(self) -> None:
        self.later = 0.0
        self._now = freshness.time.monotonic

    def monotonic(self) -> float:
        return self._now() + self.later


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(freshness, "time", clock)
    return clock


@pytest.mark.parametrize("change", [Change.MUTATION, Change.HARD, Change.FLUSH])
async def test_for_so_long_after_a_purge_nothing_of_it_is_stored(
    site: Site, tmp_path: Path, clock: Clock, change: Change
) -> None:
    async with running_stand(site, tmp_path, lag=LAG) as stand:
        clock.later += LAG  # a controller that has just begun may follow a purge
        await stand.reads_until_fresh()
        assert await stand.change(change)
        refused = [await stand.read()]
        clock.later += 0.9 * LAG
        refused.append(await stand.read())
        assert {read.detail for read in refused} == {"purged-meanwhile"}
        clock.later += 0.1 * LAG
        *_, stored = await stand.reads_until_fresh()
        assert stored.detail is None


async def test_what_was_not_purged_is_stored_meanwhile(
    site: Site, tmp_path: Path, clock: Clock
) -> None:
    async with running_stand(site, tmp_path, lag=LAG) as stand:
        clock.later += LAG
        await stand.reads_until_fresh()
        assert await stand.change(Change.HARD, "key:Post:id:6")
        assert await stand.change(Change.HARD)
        assert (await stand.read("{ post(id: 7) { id version } }")).detail is None
