"""``shellac reload`` with other servers of the origin: they are asked, probed and shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.demo.origin import running_demo
from tests.e2e.reloading import Pair, running_pair
from tests.support.net import wait_for


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with running_pair(tmp_path) as pair:
        yield pair


def origins(pair: Pair) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pair.stack.http.get(
        f"{pair.stack.admin_url}/origins", headers={"stellate-token": pair.stack.token}
    ).json()["origins"]
    return found


def test_the_servers_of_the_new_config_are_probed_and_shown(pair: Pair, tmp_path: Path) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    with running_demo(folder) as second:
        pair.reloaded(origins=[{"url": second.url}], originProbe={"interval": "50ms"})
        assert [server["url"] for server in origins(pair)] == [pair.demo.url, second.url]
        wait_for(lambda: all(s["healthy"] for s in origins(pair)), what="both to be healthy")
    wait_for(lambda: not origins(pair)[1]["healthy"], what="the probes to miss the second")
    metrics = pair.stack.http.get(f"{pair.stack.admin_url}/metrics").text
    assert f'shellac_origin_healthy{{origin="{second.url}"}} 0.0' in metrics
    pair.reloaded(origins=None, originProbe=None)
    assert [server["url"] for server in origins(pair)] == [pair.demo.url]
    metrics = pair.stack.http.get(f"{pair.stack.admin_url}/metrics").text
    assert f'shellac_origin_healthy{{origin="{second.url}"}}' not in metrics
