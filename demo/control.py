"""What a test may see and change of a running demo.

The endpoints under ``/_demo`` need no credentials and show those of others, so they exist
only with ``--control``.
"""

import asyncio
import re
from collections import deque
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

REMEMBERED = 100
BODY_LIMIT = 64 * 1024
SECONDS = {"ms": 0.001, "s": 1.0}


class Control:
    """The requests seen, the latency, and a gate that holds answers back.

    An answer is complete before it waits: neither latency nor gate lets it see a later
    write. So a held query is the fetch that began before a mutation and arrives after it.
    """

    def __init__(self, latency: float) -> None:
        self.initial_latency = self.latency = latency
        self.count = 0
        self.held = 0
        self.requests: deque[dict[str, Any]] = deque(maxlen=REMEMBERED)
        self._to_hold = 0
        self._gate = asyncio.Event()

    async def arrived(self, request: Request) -> asyncio.Event | None:
        """Note a request. The gate that its answer has to wait for, if it is to be held."""
        body = await request.body()
        self.count += 1
        self.requests.append(
            {
                "method": request.method,
                "url": f"{request.url.path}{'?' * bool(request.url.query)}{request.url.query}",
                "headers": [
                    (name.decode("latin-1"), value.decode("latin-1"))
                    for name, value in request.headers.raw
                ],
                "body": body[:BODY_LIMIT].decode(errors="replace"),
            }
        )
        if not self._to_hold:
            return None
        self._to_hold -= 1
        return self._gate

    async def delay(self, gate: asyncio.Event | None) -> None:
        """Wait out the latency and the gate that `arrived` returned."""
        await asyncio.sleep(self.latency)
        if gate:
            self.held += 1
            try:
                await gate.wait()
            finally:
                self.held -= 1

    def hold(self, requests: int) -> None:
        """Hold the answers of the next `requests` requests, and of no later one."""
        self._to_hold = requests

    def release(self) -> None:
        self._to_hold = 0
        self._gate.set()
        self._gate = asyncio.Event()

    def reset(self) -> None:
        """Forget the requests, release what is held, restore the latency; keep the data."""
        self.release()
        self.count = 0
        self.requests.clear()
        self.latency = self.initial_latency

    def state(self) -> dict[str, Any]:
        return {"count": self.count, "held": self.held, "latency": self.latency}

    def routes(self) -> list[Route]:
        """`/_demo/…`, each answering with the state it leaves."""

        async def seen(request: Request) -> JSONResponse:
            last = number(request, "last", REMEMBERED)
            listed = list(self.requests)[-last:] if last else []
            return JSONResponse({**self.state(), "requests": listed})

        async def reset(_request: Request) -> JSONResponse:
            self.reset()
            return JSONResponse(self.state())

        async def latency(request: Request) -> JSONResponse:
            try:
                self.latency = duration(request.query_params.get("value", ""))
            except ValueError as problem:
                raise HTTPException(400, str(problem)) from problem
            return JSONResponse(self.state())

        async def hold(request: Request) -> JSONResponse:
            self.hold(number(request, "requests", 1))
            return JSONResponse(self.state())

        async def release(_request: Request) -> JSONResponse:
            self.release()
            return JSONResponse(self.state())

        changes = (reset, latency, hold, release)
        return [
            Route("/_demo/requests", seen),
            *(Route(f"/_demo/{change.__name__}", change, methods=["POST"]) for change in changes),
        ]


def number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not re.fullmatch(r"\d{1,6}", text):
        raise HTTPException(400, f"{name} must be a number, not {text!r}")
    return int(text)


def duration(text: str) -> float:
    """Seconds in a text like `200ms`, `1.5s` or `0`. Raises ValueError."""
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?)(ms|s)|0", text)
    if not match:
        raise ValueError(f"{text!r} is no duration: write it like 200ms or 1.5s")
    return float(match[1]) * SECONDS[match[2]] if match[1] else 0.0
