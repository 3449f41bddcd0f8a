"""Invariant 1, moment by moment: a purge meets the refresh of a stale answer."""

from __future__ import annotations

import asyncio

import pytest

from tests.freshness.stand import Change, Stand
from tests.support.barrier import Barrier
from tests.support.parts import eventually

pytestmark = pytest.mark.varnish


async def refreshing(stand: Stand) -> Barrier:
    """Version 1 is stale, and the origin holds the answer to its refresh: version 2."""
    await stand.read()
    assert await stand.change(Change.SOFT)
    held = stand.origin.hold()
    stale = await stand.read()
    assert (stale.version, stale.cache) == (1, "STALE"), stale
    await held.reached()
    return held


@pytest.mark.parametrize("change", [Change.MUTATION, Change.HARD])
async def test_who_waits_for_a_refresh_that_began_before_a_purge_gets_a_new_fetch(
    stand: Stand, change: Change
) -> None:
    held = await refreshing(stand)
    assert await stand.change(change)
    (reading,) = await stand.waiting(1)
    held.release()
    assert (await reading).version == 3
    assert stand.origin.fetches == 3
    after = await stand.read()
    assert (after.version, after.cache) == (3, "HIT"), after


async def test_a_flush_lets_nobody_wait_for_a_refresh_that_began_before_it(stand: Stand) -> None:
    held = await refreshing(stand)
    assert await stand.change(Change.FLUSH)
    assert (await stand.read()).version == 3
    held.release()
    await eventually(lambda: stand.gates.given == 3, "the refused refresh to be given")
    assert all(read.version == 3 for read in await stand.reads_until_fresh())


@pytest.mark.parametrize("change", [Change.SOFT, Change.SOFT_EVERYTHING])
async def test_a_refresh_that_began_before_a_soft_purge_is_refused_and_another_begins(
    stand: Stand, change: Change
) -> None:
    held = await refreshing(stand)
    assert await stand.change(change)
    stale = await stand.read()
    assert (stale.version, stale.cache) == (1, "STALE"), stale
    held.release()
    for read in await stand.reads_until_fresh():
        assert (read.version, read.cache) == (1, "STALE"), read
    assert stand.origin.fetches >= 3


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("change", [c for c in Change if c is not Change.FLUSH])
async def test_a_purge_waits_for_a_refresh_that_was_checked_and_is_not_stored_yet(
    stand: Stand, change: Change
) -> None:
    await stand.read()
    assert await stand.change(Change.SOFT)
    async with stand.stopped("before the insert") as barrier:
        assert (await stand.read()).cache == "STALE"
        await barrier.reached()
        chased = stand.chased
        changing = asyncio.create_task(stand.change(change))
        await eventually(lambda: stand.chased > chased + 2 or changing.done(), "own key PURGEs")
        assert not changing.done()
        barrier.release()
        assert await changing
    after = await stand.read()
    if change.soft:
        assert (after.version, after.cache) == (2, "STALE"), after
        assert all(read.cache == "STALE" for read in await stand.reads_until_fresh())
    else:
        assert (after.version, after.cache) == (3, "MISS"), after
