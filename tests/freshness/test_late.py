"""An answer that Varnish stores later than a purge waits for it: the purge is not acknowledged."""

from __future__ import annotations

import asyncio

import pytest

from tests.freshness.stand import OTHER, OTHER_TAG, POST, Change, Stand
from tests.support.parts import LONG_SECONDS

pytestmark = pytest.mark.varnish


@pytest.fixture(autouse=True)
def impatient(stand: Stand) -> None:
    """A purge is given up while the answer is still held back."""
    stand.purger._wait_seconds = 0.6


@pytest.mark.parametrize("change", [c for c in Change if c is not Change.FLUSH])
async def test_it_is_pending_and_follows_when_the_answer_is_stored(
    stand: Stand, change: Change
) -> None:
    async with stand.stopped("before the insert") as barrier:
        reading = asyncio.create_task(stand.read())
        await barrier.reached()
        assert not await stand.change(change)
        barrier.release()
        assert (await reading).version == 1
        await purged_after_all(stand, seq=(await stand.log.position()).head)
    assert (await stand.read()).version == 2


async def test_of_several_answers_only_the_late_one_is_waited_for(stand: Stand) -> None:
    await stand.read(f"query Again {POST}")
    async with stand.stopped("before the insert") as barrier:
        reading = asyncio.create_task(stand.read())
        await barrier.reached()
        assert not await stand.change(Change.HARD)
        barrier.release()
        assert (await reading).version == 1
        await purged_after_all(stand, seq=(await stand.log.position()).head)
    assert (await stand.read()).version == 2


async def test_purges_of_other_tags_are_acknowledged_meanwhile(stand: Stand) -> None:
    await stand.read(OTHER)
    async with stand.stopped("before the insert") as barrier:
        reading = asyncio.create_task(stand.read())
        await barrier.reached()
        assert not await stand.change(Change.HARD)
        stand.purger._wait_seconds = LONG_SECONDS
        assert await stand.change(Change.HARD, OTHER_TAG)
        assert (await stand.read(OTHER)).version == 3
        barrier.release()
        await reading


@pytest.mark.parametrize("change", [Change.HARD, Change.SOFT])
async def test_another_purge_of_the_same_tag_is_not_acknowledged_either(
    stand: Stand, change: Change
) -> None:
    async with stand.stopped("before the insert") as barrier:
        reading = asyncio.create_task(stand.read())
        await barrier.reached()
        assert not await stand.change(Change.HARD)
        assert not await stand.change(change)
        barrier.release()
        await reading


async def test_a_flush_is_acknowledged_meanwhile(stand: Stand) -> None:
    async with stand.stopped("before the insert") as barrier:
        reading = asyncio.create_task(stand.read())
        await barrier.reached()
        assert not await stand.change(Change.HARD)
        stand.purger._wait_seconds = LONG_SECONDS
        assert await stand.change(Change.FLUSH)
        barrier.release()
        await reading
        assert (await stand.read()).version == 3


async def purged_after_all(stand: Stand, *, seq: int) -> None:
    """Return when the node's worker has found and purged what entry ``seq`` touches."""
    async with asyncio.timeout(LONG_SECONDS):
        while not await stand.worker.wait_applied(seq, 0):  # noqa: ASYNC110  it is asked by polling
            await asyncio.sleep(0.01)
