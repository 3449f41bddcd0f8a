"""Stops the gateway's answers to Varnish where a test wants them to stand."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.support.barrier import Barrier

Moment = Literal["before the headers", "inside the body", "before the insert"]
"""Checked and not yet given; given and not yet complete; in ``vcl_backend_response``."""


@dataclass(frozen=True)
class _Armed:
    moment: Moment
    barrier: Barrier
    address: str


class Gates:
    """An ASGI application around the gateway. ``given`` counts the data answers that were given to
    Varnish whole."""

    def __init__(self, app: ASGIApp) -> None:
        self.given = 0
        self._app = app
        self._given_one = asyncio.Condition()
        self._armed: dict[str | None, _Armed] = {}

    def arm(self, moment: Moment, barrier: Barrier, *, address: str = "", boot: str | None) -> None:
        """Stop the next data answer (to the node ``boot``, None for any) at ``barrier``.

        ``address`` is where the barrier listens, for the moment that is inside Varnish.
        """
        self._armed[boot] = _Armed(moment, barrier, address)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        if headers.get(b"x-shellac-round") != b"data":
            await self._app(scope, receive, send)
            return
        boot = headers.get(b"x-shellac-boot", b"").decode()
        armed = self._armed.pop(boot, None) or self._armed.pop(None, None)
        stopping = send if armed is None else _stopping(armed, send)
        await self._app(scope, receive, stopping)
        async with self._given_one:
            self.given += 1
            self._given_one.notify_all()

    async def until_given(self, count: int) -> None:
        """Return when so many data answers were given."""
        async with self._given_one:
            await self._given_one.wait_for(lambda: self.given >= count)


def _stopping(armed: _Armed, send: Send) -> Send:
    async def stop(message: Message) -> None:
        starts = message["type"] == "http.response.start"
        match armed.moment:
            case "before the headers" if starts:
                await armed.barrier.wait()
            case "before the insert" if starts:
                address = (b"x-test-barrier", armed.address.encode())
                message = {**message, "headers": [*message["headers"], address]}
            case "inside the body" if not starts:
                body = message["body"]
                await send({**message, "body": body[:1], "more_body": True})
                await armed.barrier.wait()
                message = {**message, "body": body[1:]}
            case _:
                pass
        await send(message)

    return stop
