"""Invariant 1 with two Varnishes behind one controller: each has its own answers on the way."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.freshness.stand import Change, Stand
from tests.support.parts import LONG_SECONDS, eventually

pytestmark = [pytest.mark.varnish, pytest.mark.usefixtures("patient")]


async def applied(stand: Stand, node: int) -> bool:
    """Whether the newest purge of the log comes to be applied at a node."""
    head = (await stand.log.position()).head
    return await stand.purger.nodes[node].wait_applied(head, LONG_SECONDS)


@pytest.mark.parametrize("late", [0, 1])
async def test_an_answer_on_its_way_to_one_node_does_not_delay_the_other(
    stand_of_two: Stand, late: int
) -> None:
    stand, early = stand_of_two, 1 - late
    assert (await stand.read(node=early)).cache == "MISS"
    async with stand.stopped("before the headers", node=late) as barrier:
        reading = asyncio.create_task(stand.read(node=late))
        await barrier.reached()
        changing = asyncio.create_task(stand.change(Change.HARD))
        await eventually(lambda: stand.chased > 5 or changing.done(), "PURGEs of the own key")
        assert await applied(stand, early)
        assert (await stand.read(node=early)).version == 2
        assert not changing.done()
        barrier.release()
        assert (await reading).version == 1
        assert await changing
    after = await stand.read(node=late)
    assert (after.version, after.cache) == (2, "MISS"), after


@pytest.mark.parametrize("last", [0, 1])
async def test_answers_on_their_way_to_both_nodes_are_both_waited_for(
    stand_of_two: Stand, last: int
) -> None:
    stand, first = stand_of_two, 1 - last
    async with AsyncExitStack() as stack:
        barriers = [
            await stack.enter_async_context(stand.stopped("before the headers", node=node))
            for node in (0, 1)
        ]
        reading = [asyncio.create_task(stand.read(node=node)) for node in (0, 1)]
        for barrier in barriers:
            await barrier.reached()
        changing = asyncio.create_task(stand.change(Change.HARD))
        await eventually(lambda: stand.chased > 5 or changing.done(), "PURGEs of own keys")
        barriers[first].release()
        assert await applied(stand, first)
        assert not changing.done()
        barriers[last].release()
        assert await changing
        assert [read.version for read in await asyncio.gather(*reading)] == [1, 1]
    for node in (0, 1):
        after = await stand.read(node=node)
        assert (after.version, after.cache) == (2, "MISS"), after
