"""``python -m tests.soak.origin``: a GraphQL origin whose old answers arrive late.

Each answer takes a random time; what it says is read, or written, at the beginning, in the middle
or at the end of it. Besides ``/graphql``: ``/_change?id=`` changes an item behind the cache's back,
``/_state`` tells every version, and which writes were executed twice.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import orjson
import uvicorn
from starlette.types import Receive, Scope, Send

from tests.soak.plans import Executor, Plan, Request
from tests.soak.world import World


class Origin:
    """An ASGI application. ``latency`` is the longest time of an answer, in seconds."""

    def __init__(self, world: World, *, latency: float, seed: str) -> None:
        self._world = world
        self._executor = Executor(world)
        self._latency = latency
        self._random = random.Random(seed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["path"]:
            case "/graphql":
                await self._graphql(scope, receive, send)
            case "/_change":
                (item,) = parse_qs(scope["query_string"].decode())["id"]
                await _respond(send, {"version": self._world.change(item).version}, 0.0)
            case _:
                await _respond(send, self._world.state(), 0.0)

    async def _graphql(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        request = _request(scope, await _body(receive))
        plan = self._executor.plan(request)
        if not isinstance(plan, Plan):
            await _respond(send, plan, time.perf_counter() - began)
            return
        takes = self._random.random() * self._latency
        before = takes * self._random.choice((0.0, 0.5, 1.0))
        await asyncio.sleep(before)
        answer = self._executor.run(plan, request)
        await asyncio.sleep(takes - before)
        await _respond(send, answer, time.perf_counter() - began)


def _request(scope: Scope, body: bytes) -> Request:
    """A POST with JSON, or a GET: what Shellac passes comes as the client wrote it."""
    if scope["method"] == "GET":
        sent: dict[str, Any] = dict(parse_qsl(scope["query_string"].decode()))
        sent["variables"] = orjson.loads(sent.get("variables", "{}"))
    else:
        sent = orjson.loads(body)
    owner = dict(scope["headers"]).get(b"authorization", b"nobody").decode()
    return Request(sent["query"], sent.get("variables") or {}, sent.get("operationName"), owner)


async def _body(receive: Receive) -> bytes:
    parts = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _respond(send: Send, answer: dict[str, Any], took: float) -> None:
    body = orjson.dumps(answer)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"x-origin-took", b"%.6f" % took),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.origin", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--groups", type=int, required=True)
    parser.add_argument("--latency", type=float, required=True, help="seconds")
    parser.add_argument("--seed", required=True)
    given = parser.parse_args()
    world = World(items=given.items, groups=given.groups)
    uvicorn.run(
        Origin(world, latency=given.latency, seed=given.seed),
        host="127.0.0.1",
        port=given.port,
        lifespan="off",
        access_log=False,
        log_level="warning",
        # Longer than the controller keeps an idle connection, so that the controller closes it.
        timeout_keep_alive=600,
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
