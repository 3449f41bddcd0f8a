"""A second web server of a shop, by ``shellac reload``: asked as well, and what is cached stays."""

from __future__ import annotations

import subprocess
from itertools import count
from pathlib import Path

import httpx
import pytest
import yaml

from tests.support.ages import wait_until_old
from tests.support.magento_origin import magento
from tests.support.net import wait_for
from tests.support.stack import SHELLAC, Stack, describe, running_stack

pytestmark = pytest.mark.varnish
PRODUCT = "{ products(ids: [%d]) { id name } }"


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
            numbers = count(10)

            def both_were_asked() -> bool:
                answer = ask(stack, next(numbers))
                assert answer.headers["x-magento-cache-debug"] == "MISS", describe(answer)
                asked = [[target for _, target in shop.requests] for shop in (one, two)]
                return all(any(t.startswith("/graphql") for t in targets) for targets in asked)

            # The second is asked once a probe has found it healthy.
            wait_for(both_were_asked, what="both servers to be asked")
