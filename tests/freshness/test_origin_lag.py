"""``purge.originLag``: the origin may answer with older data for a while."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.freshness.site import Site
from tests.freshness.stand import Change, running_stand

pytestmark = pytest.mark.varnish

LAG = 0.5


@pytest.mark.parametrize("change", [Change.MUTATION, Change.HARD, Change.FLUSH])
async def test_for_so_long_after_a_purge_nothing_of_it_is_stored(
    site: Site, tmp_path: Path, change: Change
) -> None:
    async with running_stand(site, tmp_path, lag=LAG) as stand:
        await stand.reads_until_fresh()  # a controller that has just begun may follow a purge
        purged = time.monotonic()
        assert await stand.change(change)
        *refused, stored = await stand.reads_until_fresh()
        assert time.monotonic() - purged >= LAG
        assert refused
        assert {read.detail for read in refused} == {"purged-meanwhile"}
        assert stored.detail is None


async def test_what_was_not_purged_is_stored_meanwhile(site: Site, tmp_path: Path) -> None:
    async with running_stand(site, tmp_path, lag=LAG) as stand:
        await stand.reads_until_fresh()
        assert await stand.change(Change.HARD, "key:Post:id:6")
        assert await stand.change(Change.HARD)
        assert (await stand.read("{ post(id: 7) { id version } }")).detail is None
