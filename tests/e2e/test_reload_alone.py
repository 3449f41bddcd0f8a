"""``shellac reload`` where the VCL works alone: Varnish is all there is to reload."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

from tests.e2e.tagging import hit, passed, stored
from tests.support.magento_origin import magento
from tests.support.stack import SHELLAC, running_stack

QUERY = "query=%7Bproducts(ids:%5B1%5D)%7Bname%7D%7D"
MINE = {"x-mine": "1"}


def test_the_vcl_is_exchanged_and_what_is_stored_stays_in_use(tmp_path: Path) -> None:
    with magento() as shop:
        config = {
            "originUrl": shop.url,
            "profile": "magento",
            "direct": {"controller": False, "health": {"enabled": False}},
        }
        with running_stack(config, directory=tmp_path) as stack:
            url = f"{stack.url}?{QUERY}"
            stored(stack.http.get(url))
            hit(stack.http.get(url, headers=MINE))
            file = tmp_path / "shellac.yaml"
            changed = yaml.safe_load(file.read_text()) | {
                "bypassCacheHeaders": [{"name": "x-mine"}]
            }
            file.write_text(yaml.safe_dump(changed))
            done = subprocess.run(
                [SHELLAC, "reload", "--config", file], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            assert done.stdout.startswith("reloaded: config ")
            passed(stack.http.get(url, headers=MINE), "bypass-header")
            hit(stack.http.get(url))
            assert "bypass_recv" in (stack.state_dir / "default.vcl").read_text()
