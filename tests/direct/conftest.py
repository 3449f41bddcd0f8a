"""A stand for each test; the Varnish is shared by all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from controller.core.tags import service_tag, wire
from tests.direct.site import SERVICE, Site, running_site
from tests.direct.stand import Stand, running_stand


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with running_site(wire(SERVICE, service_tag(SERVICE))) as site:
        yield site


@pytest.fixture
async def magento(site: Site, tmp_path: Path) -> AsyncIterator[Stand]:
    async with running_stand(site, tmp_path, "magento") as stand:
        yield stand


@pytest.fixture
async def tagged(site: Site, tmp_path: Path) -> AsyncIterator[Stand]:
    async with running_stand(site, tmp_path, "tagged") as stand:
        yield stand


@pytest.fixture
async def wpgraphql(site: Site, tmp_path: Path) -> AsyncIterator[Stand]:
    async with running_stand(site, tmp_path, "wpgraphql") as stand:
        yield stand
