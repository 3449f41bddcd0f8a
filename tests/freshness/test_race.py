"""Between the insert and xkey's index nothing can be stopped from outside, so it is raced for.

Varnish makes an object hittable about a millisecond before its 1,900 tags are indexed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.purge import node
from tests.freshness.site import Site
from tests.freshness.stand import EVERYTHING, Change, Stand, running_stand

pytestmark = pytest.mark.varnish

ROUNDS = 200
LONGEST = 20_000
"""Rounds in which a machine that is busy or has one core loses the race at last."""


@pytest.fixture(autouse=True)
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A purge that is put off under load comes long after the race."""
    monkeypatch.setattr(node, "RUNS", (1_000_000, 10))


async def stale_reads(stand: Stand, rounds: int = ROUNDS) -> AsyncIterator[int]:
    """The rounds in which a read was older than the purge before it.

    Each purge goes out in the moment in which Varnish was given an answer that it is about.
    """
    for number in range(rounds):
        expected, given = stand.origin.version, stand.gates.given
        reading = asyncio.create_task(stand.read(EVERYTHING))
        giving = asyncio.create_task(stand.gates.until_given(given + 1))
        await asyncio.wait((reading, giving), return_when=asyncio.FIRST_COMPLETED)
        giving.cancel()
        assert await stand.change(Change.HARD)
        if (await reading).version != expected:
            yield number


async def test_no_read_is_older_than_a_purge_before_it(site: Site, tmp_path: Path) -> None:
    async with running_stand(site, tmp_path) as stand:
        assert [number async for number in stale_reads(stand)] == []


async def test_without_the_chase_some_are(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unchased(*_: object) -> list[str]:
        return []

    monkeypatch.setattr(node, "chase", unchased)
    async with running_stand(site, tmp_path) as stand:
        assert await anext(stale_reads(stand, LONGEST), None) is not None
