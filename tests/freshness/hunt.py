"""Hunts for a stale read in front of an origin that tags, under load.

Readers ask for queries, and for pages with includes whose bodies come slowly; editors change a
version and purge. A read that begins after a purge was answered must not show an older version.
``python -m tests.freshness.hunt --help`` runs it for longer than a test may take.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web

from tests.support.net import free_port
from tests.support.stack import running_stack

PRODUCTS: Final = 12
FILLER: Final = ",".join(f"cat_c_{n}" for n in range(2_000))
"""Tags that widen the gap in which Varnish finds an answer that is not indexed yet."""


@dataclass(frozen=True)
class Load:
    """How much of what. ``pause`` is the longest time between two purges of one editor, in seconds;
    ``noise``: editors also purge softly what has not changed, other tags, now and then everything.
    """

    readers: int = 12
    editors: int = 2
    pause: float = 0.5
    noise: bool = True
    seconds: float = 10


@dataclass
class Hunt:
    """The origin with its versions, and what was seen through Varnish."""

    url: str = ""
    versions: list[int] = field(default_factory=lambda: [1] * PRODUCTS)
    acknowledged: list[int] = field(default_factory=lambda: [1] * PRODUCTS)
    seen: Counter[str] = field(default_factory=Counter)
    stale: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A version, read at some moment of the time the answer takes."""
        asked = request.match_info.get("number") or request.query["query"]
        if not asked.isdigit():
            return web.json_response({"data": {"__typename": "Query"}})  # whoever starts it asks
        number = int(asked)
        await asyncio.sleep(random.uniform(0, 0.01))
        version = self.versions[number]
        longest = random.choice((0, 0, 0, 0, 0.02, 0.02, 0.02, 1))
        await asyncio.sleep(random.uniform(0, longest))
        tags = f"cat_p_{number}" + ("," + FILLER if random.random() < 0.3 else "")
        lasts = random.choice((1, 600))  # what has ended is served once more while it is refreshed
        headers = {"Cache-Control": f"public, max-age={lasts}", "X-Magento-Tags": tags}
        if "query" in request.query:
            return web.Response(text=f"version {version}", headers=headers)
        response = web.StreamResponse(headers={**headers, "Content-Type": "text/html"})
        await response.prepare(request)
        await response.write(f"version {version}".encode())
        await asyncio.sleep(random.choice((0, 0, 0, random.uniform(0, 1.5))))
        with contextlib.suppress(ConnectionError):  # the hunt may end in the middle of a page
            await response.write(b" of a page")
            await response.write_eof()
        return response

    async def read(self, http: aiohttp.ClientSession) -> None:
        """One read of one product, by a query or as a page."""
        number = random.randrange(PRODUCTS)
        path = random.choice((f"/graphql?query={number}", f"/{number}.html"))
        least = self.acknowledged[number]
        async with http.get(self.url + path) as response:
            found = re.match(r"version (\d+)", await response.text())
            told = response.headers.get("Cache-Status", "")
        if response.status != 200 or found is None:
            self.seen[f"status {response.status}"] += 1
            return
        self.seen["hits" if "hit" in told else "misses"] += 1
        if int(found[1]) < least:
            self.stale.append(f"{path}: {found[1]} after {least} ({told})")

    async def edit(self, http: aiohttp.ClientSession) -> None:
        """Change one product and purge it."""
        number = random.randrange(PRODUCTS)
        self.versions[number] += 1
        version = self.versions[number]
        if await self.purge(http, pattern(f"cat_p_{number}")) == 200:
            self.acknowledged[number] = max(self.acknowledged[number], version)
            self.seen["purges"] += 1

    async def purge(self, http: aiohttp.ClientSession, tags: str, *, soft: bool = False) -> int:
        """A purge as Magento sends it; its status."""
        headers = {"X-Magento-Tags-Pattern": tags}
        if soft:
            headers["X-Magento-Purge-Soft"] = "1"
        async with http.request("PURGE", f"{self.url}/", headers=headers) as response:
            return response.status

    async def run(self, load: Load) -> None:
        """All of the load, for its time."""
        ends = time.monotonic() + load.seconds
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:

            async def reader() -> None:
                while time.monotonic() < ends:
                    await self.read(http)

            async def editor() -> None:
                while time.monotonic() < ends:
                    await self.edit(http)
                    if load.noise and random.random() < 0.3:
                        await self.purge(http, pattern("other"))
                    if load.noise and random.random() < 0.1:
                        some = pattern(f"cat_p_{random.randrange(PRODUCTS)}")
                        await self.purge(http, some, soft=True)
                    if load.noise and random.random() < 0.02:
                        await self.purge(http, ".*")
                    await asyncio.sleep(random.uniform(0, load.pause))

            tasks = [reader() for _ in range(load.readers)]
            await asyncio.gather(*tasks, *(editor() for _ in range(load.editors)))


def pattern(tag: str) -> str:
    """How Magento names a tag in a purge."""
    return f"((^|,){tag}(,|$))"


@contextlib.asynccontextmanager
async def hunting(directory: Path, *, controller: bool) -> AsyncIterator[Hunt]:
    """A hunt before which nothing has been read, with everything that it needs."""
    found, port = Hunt(), free_port()
    app = web.Application()
    app.router.add_get("/graphql", found.answer)
    app.router.add_get("/{number:\\d+}.html", found.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    config = {
        "originUrl": f"http://127.0.0.1:{port}/graphql",
        "profile": "magento",
        "schema": False,
        "direct": {
            "controller": controller,
            "purgers": ["127.0.0.1"],
            "health": {"enabled": False},
        },
    }
    stack = running_stack(config, directory=directory)
    running = await asyncio.to_thread(stack.__enter__)
    try:
        found.url = running.url.removesuffix("/graphql")
        yield found
    finally:
        await asyncio.to_thread(stack.__exit__, None, None, None)
        await runner.cleanup()


async def hunt(load: Load, *, controller: bool) -> Hunt:
    """One hunt from beginning to end."""
    with tempfile.TemporaryDirectory(prefix="shellac-hunt-") as name:
        async with hunting(Path(name), controller=controller) as found:
            await found.run(load)
            return found


def main() -> int:
    """The command: prints what was seen; 1 if something was stale."""
    parser = argparse.ArgumentParser(description="hunt for a stale read behind a direct profile")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--readers", type=int, default=12)
    parser.add_argument("--editors", type=int, default=2)
    parser.add_argument("--pause", type=float, default=0.5)
    parser.add_argument("--controller", action="store_true")
    given = parser.parse_args()
    load = Load(given.readers, given.editors, given.pause, seconds=given.seconds)
    found = asyncio.run(hunt(load, controller=given.controller))
    print(dict(found.seen), f"stale: {len(found.stale)}", *found.stale[:10], sep="\n")
    return 1 if found.stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
