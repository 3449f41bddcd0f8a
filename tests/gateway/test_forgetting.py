"""Verdicts that lack a scope: purged, but never by as many purges as anybody wants."""

from __future__ import annotations

import logging
from typing import cast

import pytest

from controller.core.tags import Purge
from controller.errors import LogUnavailable
from controller.gateway.forgetting import MOST, Forgetting
from controller.purge.purger import Purger


class Log:
    """Takes purges as a purger does; refuses them while ``away``."""

    def __init__(self) -> None:
        self.purged: list[tuple[str, ...]] = []
        self.away = False

    async def purge(self, purge: Purge) -> None:
        if self.away:
            raise LogUnavailable("the disk is full")
        self.purged.append(purge.tags)


class Stand:
    def __init__(self) -> None:
        self.now = 100.0
        self.log = Log()
        self.forgetting = Forgetting(cast(Purger, self.log), lambda: self.now)

    async def forget(self, name: str) -> None:
        await self.forgetting.forget(Purge((name,), "test"))


async def test_equal_verdicts_are_purged_once_a_second() -> None:
    stand = Stand()
    for now in (100.0, 100.5, 100.9, 101.0, 101.5):
        stand.now = now
        await stand.forget("a")
    assert stand.log.purged == [("a",), ("a",)]


async def test_many_verdicts_are_purged_a_few_at_a_time() -> None:
    stand = Stand()
    for number in range(5 * MOST):
        await stand.forget(str(number))
    assert len(stand.log.purged) == MOST
    stand.now += 1
    await stand.forget("again")
    assert stand.log.purged[-1] == ("again",)


async def test_where_it_cannot_be_recorded_they_stay(caplog: pytest.LogCaptureFixture) -> None:
    stand = Stand()
    stand.log.away = True
    with caplog.at_level(logging.WARNING):
        await stand.forget("a")
    assert "stay for now: the disk is full" in caplog.text
