"""Answers with a short life: a purge waits for no object that has come and gone already."""

from __future__ import annotations

import asyncio

import pytest

from tests.freshness.stand import Change, Stand
from tests.support.parts import LONG_SECONDS

pytestmark = pytest.mark.varnish

BRIEF = "{ brief { id version } }"


@pytest.mark.parametrize("change", [Change.HARD, Change.SOFT])
async def test_a_purge_does_not_wait_for_an_answer_that_another_has_replaced(
    stand: Stand, change: Change
) -> None:
    await stand.read(BRIEF)
    async with asyncio.timeout(LONG_SECONDS):
        while stand.origin.fetches < 2:
            await stand.read(BRIEF)
    assert await stand.change(change)
