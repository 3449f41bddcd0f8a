"""Invariant 1, moment by moment: a purge meets an answer on its way into Varnish."""

from __future__ import annotations

import asyncio

import pytest

from tests.freshness.gates import Moment
from tests.freshness.stand import Change, Stand
from tests.support.parts import eventually

pytestmark = pytest.mark.varnish


async def assert_it_left_the_cache(stand: Stand, change: Change) -> None:
    """What is read now is new; after a soft purge it is stale, and refreshed."""
    after = await stand.read()
    if change.soft:
        assert (after.version, after.cache) == (1, "STALE"), after
        assert all(read.cache == "STALE" for read in await stand.reads_until_fresh())
    else:
        assert (after.version, after.cache) == (2, "MISS"), after
        assert (await stand.read()).cache == "HIT"


@pytest.mark.parametrize("change", Change)
async def test_what_the_origin_was_asked_for_before_a_purge_is_not_stored(
    stand: Stand, change: Change
) -> None:
    held = stand.origin.hold()
    reading = asyncio.create_task(stand.read())
    await held.reached()
    assert await stand.change(change)
    held.release()
    answer = await reading
    assert (answer.version, answer.detail) == (1, "purged-meanwhile"), answer
    after = await stand.read()
    assert (after.version, after.cache) == (2, "MISS"), after
    assert (await stand.read()).cache == "HIT"


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("change", [c for c in Change if c is not Change.FLUSH])
@pytest.mark.parametrize("moment", ["before the headers", "before the insert"])
async def test_a_purge_waits_for_an_answer_that_was_checked_and_is_not_stored_yet(
    stand: Stand, moment: Moment, change: Change
) -> None:
    async with stand.stopped(moment) as barrier:
        reading = asyncio.create_task(stand.read())
        await barrier.reached()
        changing = asyncio.create_task(stand.change(change))
        await eventually(lambda: stand.chased > 2 or changing.done(), "PURGEs of the own key")
        assert not changing.done()
        barrier.release()
        assert (await reading).version == 1
        assert await changing
    await assert_it_left_the_cache(stand, change)


@pytest.mark.parametrize("moment", ["before the headers", "before the insert"])
async def test_a_flush_waits_for_no_answer(stand: Stand, moment: Moment) -> None:
    async with stand.stopped(moment) as barrier:
        reading = asyncio.create_task(stand.read())
        await barrier.reached()
        assert await stand.change(Change.FLUSH)
        await assert_it_left_the_cache(stand, Change.FLUSH)
        barrier.release()
        assert (await reading).version == 1
    assert (await stand.read()).version == 2


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("change", [Change.MUTATION, Change.HARD, Change.FLUSH])
async def test_a_purged_answer_is_not_hit_while_its_body_streams(
    stand: Stand, change: Change
) -> None:
    async with stand.stopped("inside the body") as barrier:
        reading = asyncio.create_task(stand.read())
        await barrier.reached()
        assert await stand.change(change)
        await assert_it_left_the_cache(stand, change)
        barrier.release()
        assert (await reading).version == 1
    assert (await stand.read()).version == 2


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("change", [Change.SOFT, Change.SOFT_EVERYTHING])
async def test_a_softly_purged_answer_is_stale_while_its_body_streams(
    stand: Stand, change: Change
) -> None:
    async with stand.stopped("inside the body") as barrier:
        reading = asyncio.create_task(stand.read())
        await barrier.reached()
        assert await stand.change(change)
        refreshing = asyncio.create_task(stand.read())
        await eventually(lambda: stand.origin.fetches == 2, "a refresh while the body streams")
        barrier.release()
        assert (await reading).version == 1
        stale = await refreshing
        assert (stale.version, stale.cache) == (1, "STALE"), stale
    assert all(read.cache == "STALE" for read in await stand.reads_until_fresh())
