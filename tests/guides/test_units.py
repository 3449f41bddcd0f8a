"""The systemd units of docs/magento.md: their commands run, in a directory of the test."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from demo.magento import Shop
from demo.tagging import serving
from tests.guides.guide import ROOT
from tests.support.net import wait_for
from tests.support.process import running
from tests.support.stack import SHELLAC, TOKEN, with_ports

pytestmark = pytest.mark.varnish

PAGE: Final = (ROOT / "docs" / "magento.md").read_text()
UNITS: Final = dict(
    re.findall(r"^```ini\n# /etc/systemd/system/(\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
)


def command(unit: str, key: str, directory: Path) -> list[str]:
    """A command of a unit as systemd hands it to a shell: ``$$`` is a dollar sign."""
    found = re.search(rf"^{key}=(.*)$", UNITS[unit], re.MULTILINE)
    assert found is not None
    places = {
        "/opt/shellac/bin/shellac": str(SHELLAC),
        "/etc/shellac/shellac.yaml": str(directory / "shellac.yaml"),
        "/var/lib/shellac": str(directory),
    }
    text = found[1].replace("$$", "$")
    for written, here in places.items():
        text = text.replace(written, here)
    return ["bash", "-c", f"exec {text}"]


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The config of both units, in the directory of the test, and a shop behind them."""
    shop = Shop()
    with serving(shop.answer) as url:
        config = {
            "originUrl": f"{url}/graphql",
            "profile": "magento",
            "direct": {"purgers": ["127.0.0.1"]},
        }
        settings = with_ports(config, state_dir=tmp_path)
        (tmp_path / "shellac.yaml").write_text(yaml.safe_dump(settings))
        yield settings


def test_both_units_together_serve_purge_and_reload(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    env = {"SHELLAC_ADMIN_TOKEN": TOKEN}
    pre = command("shellac-varnish.service", "ExecStartPre", tmp_path)
    subprocess.run(pre, check=True, capture_output=True)
    serve = command("shellac.service", "ExecStart", tmp_path)
    varnishd = command("shellac-varnish.service", "ExecStart", tmp_path)
    base = f"http://{settings['varnish']['listen']}"
    with (
        running(serve, log=tmp_path / "serve.log", env=env) as controller,
        running(varnishd, log=tmp_path / "varnish.log") as varnish,
        httpx.Client(base_url=base, timeout=60) as http,
    ):

        def ready() -> bool:
            controller.check_alive()
            varnish.check_alive()
            try:
                health = f"http://{settings['controller']['adminListen']}/readyz"
                return http.get(health).status_code == 200
            except httpx.TransportError:
                return False

        wait_for(ready, what="controller and Varnish to be ready", timeout=60)
        query = {"query": "{ products(ids: [1]) { name } }"}
        assert http.get("/graphql", params=query).headers["x-magento-cache-debug"] == "MISS"
        assert http.get("/graphql", params=query).headers["x-magento-cache-debug"] == "HIT"
        pattern = {"X-Magento-Tags-Pattern": "((^|,)cat_p_1(,|$))"}
        assert http.request("PURGE", "/", headers=pattern).status_code == 200
        assert http.get("/graphql", params=query).headers["x-magento-cache-debug"] == "MISS"
        reload = [str(SHELLAC), "reload", "--config", str(tmp_path / "shellac.yaml")]
        done = subprocess.run(
            reload, env={**os.environ, **env}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
