"""Varnish's child was killed and started anew, and its worker has not noticed yet."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from controller.purge import node
from tests.freshness.site import Site
from tests.freshness.stand import Change, running_stand
from tests.support.parts import LONG_SECONDS

pytestmark = [pytest.mark.varnish, pytest.mark.usefixtures("patient")]


@pytest.mark.parametrize("change", [Change.MUTATION, Change.HARD])
async def test_a_purge_does_not_miss_an_answer_on_its_way_to_the_new_child(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    monkeypatch.setattr(node, "POLL_SECONDS", 10 * LONG_SECONDS)
    async with running_stand(site, tmp_path) as stand:
        await asyncio.to_thread(site.nodes[0].start_anew)
        async with stand.stopped("before the insert") as barrier:
            reading = asyncio.create_task(stand.read())
            await barrier.reached()
            changing = asyncio.create_task(stand.change(change))
            # It may wait for the answer, or put it out of reach at once.
            await asyncio.wait((changing,), timeout=0.5)
            barrier.release()
            assert (await reading).version == 1
            assert await changing
        assert (await stand.read()).version == 2
