"""A piped request that is no WebSocket handshake: what follows on its connection is unread."""

from __future__ import annotations

from pathlib import Path

import httpx
from graphql import build_schema

from controller.brain import Brain
from controller.gateway.app import Gateway
from controller.gateway.origin import Origin
from controller.gateway.rules import gateway_rules
from controller.policy_of import policy_of
from controller.purge.freshness import Freshness
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from vclgen.config import load_config_text


async def test_it_is_the_last_one_of_its_connection(tmp_path: Path) -> None:
    config = load_config_text("originUrl: http://127.0.0.1:9\nrules: []\n").config
    log = SqliteLog(tmp_path / "purges.db")
    freshness = Freshness()
    async with Origin(config.origin_url, constants={}) as origin:
        brain = Brain(policy_of(config), build_schema("type Query { n: Int }"))
        purger = Purger(log, lambda: [], freshness)
        gateway = Gateway(brain, origin, purger, freshness, gateway_rules(config))
        transport = httpx.ASGITransport(app=gateway)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            for path in ("/graphql?query={n}", "/verdict?query={n}", "/identity"):
                answer = await http.get(path, headers={"X-Shellac-Round": "pipe"})
                assert answer.status_code == 400
                assert answer.headers["connection"] == "close"
                assert answer.json()["errors"][0]["extensions"]["code"] == "NO_HANDSHAKE"
    await log.close()
