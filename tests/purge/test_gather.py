"""Gathered writes: one batch at a time, each caller gets its own answer or the batch's error."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from controller.purge.gather import Gathered


class Doubling:
    """Writes numbers, answers their doubles, and waits to be told before each batch."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go_on = asyncio.Event()
        self.writes = Gathered(self._write)

    async def _write(self, numbers: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(numbers))
        await self.go_on.wait()
        if 0 in numbers:
            raise ZeroDivisionError
        return [2 * number for number in numbers]

    async def begin(self, *numbers: int) -> list[asyncio.Future[int]]:
        """Hand numbers in; returns when they wait or are being written."""
        begun: list[asyncio.Future[int]] = [
            asyncio.ensure_future(self.writes(number)) for number in numbers
        ]
        for _ in range(3):  # the calls, the task that they start, its first batch
            await asyncio.sleep(0)
        return begun


@pytest.fixture
async def doubling() -> Doubling:
    return Doubling()


async def test_what_comes_while_a_batch_is_written_shares_the_next(doubling: Doubling) -> None:
    begun = await doubling.begin(1)
    begun += await doubling.begin(2, 3)
    begun += await doubling.begin(4)
    assert doubling.batches == [[1]]
    doubling.go_on.set()
    assert await asyncio.gather(*begun) == [2, 4, 6, 8]
    assert doubling.batches == [[1], [2, 3, 4]]


async def test_an_error_is_for_all_of_its_batch_and_for_no_other(doubling: Doubling) -> None:
    begun = await doubling.begin(1)
    begun += await doubling.begin(2, 0)
    doubling.go_on.set()
    first, *second = await asyncio.gather(*begun, return_exceptions=True)
    assert first == 2
    assert [type(result) for result in second] == [ZeroDivisionError] * 2
    assert await doubling.writes(5) == 10


async def test_a_write_goes_on_when_its_caller_is_cancelled(doubling: Doubling) -> None:
    (writing,) = await doubling.begin(1)
    waiting, other = await doubling.begin(2, 3)
    writing.cancel()
    waiting.cancel()
    doubling.go_on.set()
    assert await other == 6
    assert doubling.batches == [[1], [2, 3]]
    assert writing.cancelled()
    assert waiting.cancelled()


async def test_an_error_that_nobody_waits_for_any_more_stops_nothing(doubling: Doubling) -> None:
    (failing,) = await doubling.begin(0)
    failing.cancel()
    doubling.go_on.set()
    assert await doubling.writes(1) == 2


async def test_drained_waits_for_every_batch(doubling: Doubling) -> None:
    await doubling.writes.drained()
    begun = await doubling.begin(1)
    begun += await doubling.begin(2)
    drained = asyncio.ensure_future(doubling.writes.drained())
    await asyncio.sleep(0)
    assert not drained.done()
    doubling.go_on.set()
    await drained
    assert [write.result() for write in begun] == [2, 4]


async def test_who_gives_up_waiting_for_the_end_stops_no_write(doubling: Doubling) -> None:
    (begun,) = await doubling.begin(1)
    drained = asyncio.ensure_future(doubling.writes.drained())
    await asyncio.sleep(0)
    drained.cancel()
    doubling.go_on.set()
    assert await begun == 2
