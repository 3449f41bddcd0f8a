"""A second web server of a shop, by ``shellac reload``: asked as well, and what is cached stays."""

from __future__ import annotations

import subprocess
from pathlib import Path

import httpx
import pytest
import yaml

from tests.support.ages import wait_until_old
from tests.support.magento_origin import magento
from tests.support.stack import SHELLAC, Stack, running_stack

pytestmark = pytest.mark.varnish
PRODUCT = "{ products(ids: [%d]) { id name } }"
PRODUCTS = range(10, 60)
"""So many that chance does not send all of them to one server."""


def ask(stack: Stack, number: int) -> httpx.Response:
    return stack.query(PRODUCT % number, method="GET")


def test_a_server_that_is_added_is_asked_and_nothing_is_lost(tmp_path: Path) -> None:
    with magento() as one, magento() as two:
        config = {
            "originUrl": one.url,
            "profile": "magento",
            "schemaPolling": {"enabled": False},
            "direct": {"health": {"interval": "1s"}},
        }
        with running_stack(config, directory=tmp_path) as stack:
            wait_until_old(lambda: ask(stack, 2), age=1)
            wait_until_old(lambda: ask(stack, 1))
            assert ask(stack, 1).headers["x-magento-cache-debug"] == "HIT"
            assert two.requests == []

            file = tmp_path / "shellac.yaml"
            settings = yaml.safe_load(file.read_text())
            file.write_text(yaml.safe_dump({**settings, "origins": [{"url": two.url}]}))
            command = [SHELLAC, "reload", "--config", file, "--token", stack.token]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr + stack.process.output()

            assert ask(stack, 1).headers["x-magento-cache-debug"] == "HIT"
            one.requests.clear()
            for number in PRODUCTS:
                assert ask(stack, number).headers["x-magento-cache-debug"] == "MISS"
            for shop in (one, two):
                targets = [target for _, target in shop.requests if target.startswith("/graphql")]
                assert targets, "one of the servers got nothing"
