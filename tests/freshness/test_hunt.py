"""A short hunt for stale reads in front of a direct profile, alone and with its controller."""

from __future__ import annotations

import pytest

from tests.freshness.hunt import Load, hunt

pytestmark = pytest.mark.varnish


@pytest.mark.parametrize("controller", [False, True], ids=["alone", "with_controller"])
async def test_no_read_that_began_after_a_purge_was_answered_is_older(controller: bool) -> None:
    found = await hunt(Load(), controller=controller)
    assert not found.stale
    assert found.seen["purges"] >= 5
    assert found.seen["hits"] >= 50
    assert not [name for name in found.seen if name.startswith("status")]
