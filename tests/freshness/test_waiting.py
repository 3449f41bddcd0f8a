"""Invariant 1, moment by moment: clients whom Varnish lets wait for somebody else's fetch."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import pytest

from controller.purge import freshness
from tests.freshness.stand import Change, Stand

pytestmark = pytest.mark.varnish

CLIENTS = 20
AT_ONCE = 3
"""Varnish wakes so many of those who wait (``rush_exponent``), and each of them some more."""


@pytest.fixture
def within_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused answers come in the same second, however slow the machine."""
    now = time.monotonic()
    monkeypatch.setattr(freshness, "time", SimpleNamespace(monotonic=lambda: now))


async def test_those_who_waited_for_a_refused_answer_share_one_new_fetch(stand: Stand) -> None:
    held = stand.origin.hold()
    first = asyncio.create_task(stand.read())
    await held.reached()
    waiting = await stand.waiting(CLIENTS)
    assert await stand.change(Change.MUTATION)
    held.release()
    assert (await first).version == 1
    assert [read.version for read in await asyncio.gather(*waiting)] == [2] * CLIENTS
    assert stand.origin.fetches == 2
    assert (await stand.read()).cache == "HIT"


@pytest.mark.usefixtures("within_a_second")
async def test_after_a_second_refusal_they_do_not_fetch_one_after_another(stand: Stand) -> None:
    first_fetch = stand.origin.hold()
    first = asyncio.create_task(stand.read())
    await first_fetch.reached()
    waiting = await stand.waiting(CLIENTS)
    assert await stand.change(Change.MUTATION)
    second_fetch = stand.origin.hold()
    first_fetch.release()
    await second_fetch.reached()
    assert await stand.change(Change.MUTATION)
    the_rest = stand.origin.hold(CLIENTS)
    second_fetch.release()
    await the_rest.reached(AT_ONCE)
    the_rest.release()
    versions = sorted(read.version for read in await asyncio.gather(first, *waiting))
    assert versions == [1, 2, *[3] * (CLIENTS - 1)]
    assert await stand.reads_until_fresh() == []
