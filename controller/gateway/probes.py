"""Probes: each server of the origin is asked again and again whether it works."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import aiohttp
import orjson
from yarl import URL

from controller.encodings import ASKED
from controller.errors import OriginError
from controller.gateway.origin_answer import named_errors
from controller.gateway.origins import Director, Server
from vclgen.config.origins import OriginProbe

_QUESTION: Final = b'{"query":"{__typename}"}'


async def keep_probing(
    director: Director, probe: OriginProbe, constants: Mapping[str, str]
) -> None:
    """Probe every server for ever. ``constants`` go with each probe, as with each request.

    On connections of their own, each a new one: that a kept one still works says little.
    """
    timeout = aiohttp.ClientTimeout(total=probe.timeout)
    async with (
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, ttl_dns_cache=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=timeout,
        ) as session,
        asyncio.TaskGroup() as group,
    ):
        for server in director.servers:
            group.create_task(_keep_probing(session, server, probe, constants))


async def _keep_probing(
    session: aiohttp.ClientSession,
    server: Server,
    probe: OriginProbe,
    constants: Mapping[str, str],
) -> None:
    while True:
        server.probed(await _problem(session, server, probe, constants))
        await asyncio.sleep(probe.interval)


async def _problem(
    session: aiohttp.ClientSession,
    server: Server,
    probe: OriginProbe,
    constants: Mapping[str, str],
) -> str | None:
    """What is wrong with a server; None if its answer is good."""
    headers = {"Accept-Encoding": ASKED, "Accept": "application/json", **constants}
    try:
        with named_errors(f"was silent for {probe.timeout:g} s"):
            if probe.path is not None:
                url = server.url.join(URL(probe.path, encoded=True))
                async with session.get(url, headers=headers, allow_redirects=False) as response:
                    good = 200 <= response.status < 300
                    return None if good else f"it answers {probe.path} with {response.status}"
            headers["Content-Type"] = "application/json"
            async with session.post(
                server.url, data=_QUESTION, headers=headers, allow_redirects=False
            ) as response:
                return _not_graphql(response.status, await response.read())
    except OriginError as error:
        return str(error)


def _not_graphql(status: int, body: bytes) -> str | None:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    data = answer.get("data") if isinstance(answer, dict) else None
    if isinstance(data, dict) and "__typename" in data:
        return None
    return f"it answers {{__typename}} with {status} and no data"
