"""A stand for each test; the Varnishes are shared by all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from controller.purge import chase
from controller.purge.batch import PurgeRequest
from controller.purge.connection import NodeConnection
from tests.freshness.site import Site, running_site
from tests.freshness.stand import Stand, running_stand
from tests.support.parts import LONG_SECONDS


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.fixture
async def stand(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stand]:
    """A stand with one node."""
    async with running_stand(site, tmp_path) as stand:
        _count_chases(stand, monkeypatch)
        yield stand


@pytest.fixture
async def stand_of_two(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stand]:
    """A stand with two nodes."""
    async with running_stand(site, tmp_path, nodes=2) as stand:
        _count_chases(stand, monkeypatch)
        yield stand


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer's own key is looked for until a test is done with it, however slow the machine."""
    monkeypatch.setattr(chase, "AT_MOST_SECONDS", LONG_SECONDS)


def _count_chases(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    purge = NodeConnection.purge

    async def counted(self: NodeConnection, request: PurgeRequest, *, log_id: str = "") -> int:
        found = await purge(self, request, log_id=log_id)
        stand.chased += not log_id
        return found

    monkeypatch.setattr(NodeConnection, "purge", counted)
