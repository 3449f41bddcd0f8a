"""WebSockets: relayed message by message, so that no mutation in one passes unseen.

Messages go on as they are; nothing is instrumented. A mutation is recorded before it goes on, and
its answer waits for its purge.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import orjson

from controller.brain import Brain
from controller.core.request import HttpRequest
from controller.core.verdict import Verdict, is_blocked
from controller.core.websocket import (
    SUBPROTOCOLS,
    Answered,
    Ended,
    Started,
    Subprotocol,
    read_client_message,
    read_origin_message,
)
from controller.errors import BadHeader, LogUnavailable, OriginError
from controller.gateway.asgi import Receive, Response, Scope, Send, graphql_error
from controller.gateway.blocked import CODE, MESSAGE
from controller.gateway.headers import Headers, to_origin
from controller.gateway.mutation_purges import MutationPurger, root_fields
from controller.gateway.origin import Origin, WebSocketRefused
from controller.gateway.origin_answer import OriginAnswer
from controller.gateway.passes import found_writes, may_write, purge_for
from controller.purge.purger import Intended

logger = logging.getLogger(__name__)

INVALID_MESSAGE: Final = 4400
"""The close code of graphql-transport-ws for what is no message of it."""
DRAIN_SECONDS: Final = 60.0
"""For which answers to mutations are waited for after the client has gone."""


class NotSent(Exception):
    """An operation that must not go out; ``code`` is that of the error which the client gets."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


async def relay(
    scope: Scope,
    receive: Receive,
    send: Send,
    brain: Callable[[], Brain],
    origin: Origin,
    purger: MutationPurger,
) -> None:
    """Serve one WebSocket of a client until either side closes it.

    ``brain`` gives the present one: a connection outlives schemas.
    """
    assert (await receive())["type"] == "websocket.connect"
    offered = [name for name in scope["subprotocols"] if name in SUBPROTOCOLS]
    if not offered:
        known = " or ".join(SUBPROTOCOLS)
        message = f"Sec-WebSocket-Protocol must offer {known}: others cannot be read for mutations"
        await _deny(send, graphql_error(400, message, "UNKNOWN_SUBPROTOCOL", accept=None))
        return
    async with AsyncExitStack() as stack:
        try:
            far = await stack.enter_async_context(
                origin.websocket(scope["query_string"], _headers(scope["headers"]), offered)
            )
        except BadHeader as error:
            await _deny(send, graphql_error(400, str(error), "BAD_HEADER", accept=None))
            return
        except WebSocketRefused as error:
            refused = graphql_error(error.status, str(error), "ORIGIN_REFUSED", accept=None)
            await _deny(send, refused)
            return
        except OriginError as error:
            await _deny(send, graphql_error(502, str(error), "ORIGIN_UNREACHABLE", accept=None))
            return
        await send({"type": "websocket.accept", "subprotocol": far.protocol})
        writes = await stack.enter_async_context(_Writes(brain, purger))
        subprotocol = SUBPROTOCOLS[far.protocol or offered[0]]
        await _Relay(receive, send, far, subprotocol, writes).run()


def _headers(headers: Headers) -> list[tuple[str, str]]:
    """The client's, without those of its own handshake."""
    return [
        (name, value)
        for name, value in to_origin(headers)
        if not name.lower().startswith("sec-websocket-")
    ]


async def _deny(send: Send, response: Response) -> None:
    """Answer the handshake with a response (ASGI, "WebSocket Denial Response")."""
    assert isinstance(response.body, bytes)
    start = {"status": response.status, "headers": response.headers}
    await send({"type": "websocket.http.response.start", **start})
    await send({"type": "websocket.http.response.body", "body": response.body})


@dataclass(slots=True)
class _Write:
    """A mutation on its way: ``answered`` once its purge is made."""

    brain: Brain
    verdict: Verdict
    intended: Intended
    recorded: AsyncExitStack
    answered: bool = False


@dataclass(slots=True)
class _Writes:
    """The mutations under way in one connection, by the id of their operation.

    What is left when it is closed is purged for as a mutation of unknown outcome.
    """

    brain: Callable[[], Brain]
    purger: MutationPurger
    _open: dict[str, _Write] = field(default_factory=dict)
    _none: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> _Writes:
        self._none.set()
        return self

    async def __aexit__(self, *_: object) -> None:
        for found in list(self._open):
            await self._end(found)

    def __bool__(self) -> bool:
        return bool(self._open)

    async def none_left(self) -> None:
        """Return when no mutation is under way."""
        await self._none.wait()

    async def start(self, started: Started) -> None:
        """Record what an operation could touch, if it may write.

        Raises:
            NotSent: it must not go out.
        """
        brain = self.brain()
        verdict = brain.decide(HttpRequest("POST", b"", "application/json", started.body))
        if is_blocked(verdict):
            raise NotSent(MESSAGE, CODE)
        if not may_write(verdict, brain):
            return
        await self._end(started.id)  # servers refuse a second operation of one id, but may run it
        recorded = AsyncExitStack()
        purge = purge_for(verdict, None, brain)
        try:
            intended = await recorded.enter_async_context(self.purger.intended(purge))
        except LogUnavailable as error:
            said = f"The mutation was not sent, for its purge could not be recorded: {error}"
            raise NotSent(said, "PURGE_LOG_UNAVAILABLE") from error
        self._open[started.id] = _Write(brain, verdict, intended, recorded)
        self._none.clear()

    async def answer(self, message: Answered | Ended | None) -> None:
        """Purge what a message of the origin shows to be changed.

        Of an answer in parts the first one settles; each later one purges all it could touch.
        """
        write = self._open.get(message.id) if message is not None else None
        if message is None or write is None:
            return
        if isinstance(message, Answered):
            if write.answered:
                await self.purger.purger.purge(write.intended.purge)
            else:
                answer = OriginAnswer(200, (), message.body)
                purge = purge_for(write.verdict, answer, write.brain, self.purger.metrics)
                found = found_writes(write.verdict)
                fields = [name for each in found for name in root_fields(write.brain, each)]
                write.answered = True
                await self.purger.settle(write.intended, purge, fields, write.brain)
        if isinstance(message, Ended) or message.ends:
            await self._end(message.id)

    async def _end(self, found: str) -> None:
        write = self._open.pop(found, None)
        if write is not None:
            await write.recorded.aclose()
        if not self._open:
            self._none.set()


@dataclass(slots=True)
class _Relay:
    """Two directions of one connection."""

    receive: Receive
    send: Send
    far: aiohttp.ClientWebSocketResponse
    subprotocol: Subprotocol
    writes: _Writes
    gone: bool = False

    async def run(self) -> None:
        """Hand messages on until a side closes; then close the other one with the same code."""
        back = asyncio.create_task(self._from_origin())
        forth = asyncio.create_task(self._from_client())
        try:
            done, _ = await asyncio.wait((back, forth), return_when=asyncio.FIRST_COMPLETED)
            if back in done:
                back.result()
                await self._close_client(*self._last_word())
                return
            code, reason = forth.result()
            self.gone = True
            drained = asyncio.create_task(self.writes.none_left())
            await asyncio.wait(
                (back, drained), timeout=DRAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            drained.cancel()
            await self.far.close(code=code, message=reason.encode()[:120])
        finally:
            back.cancel()
            forth.cancel()
            await asyncio.wait((back, forth))

    async def _from_client(self) -> tuple[int, str]:
        """Ends with the code and reason that the client closed with, or was closed with."""
        while True:
            message = await self.receive()
            if message["type"] == "websocket.disconnect":
                return _sendable(message.get("code")), message.get("reason") or ""
            text = message.get("text")
            try:
                if text is None:
                    raise ValueError("it is binary")
                started = read_client_message(self.subprotocol, text)
            except ValueError as error:
                reason = f"Invalid message: {error}"[:120]
                await self._close_client(INVALID_MESSAGE, reason)
                return INVALID_MESSAGE, reason
            if started is not None:
                try:
                    await self.writes.start(started)
                except NotSent as error:
                    await self._refuse(started.id, error)
                    continue
            await self.far.send_str(text)

    async def _refuse(self, found: str, error: NotSent) -> None:
        one = {"message": str(error), "extensions": {"code": error.code}}
        payload: Any = [one] if self.subprotocol.lists_errors else one
        text = orjson.dumps({"id": found, "type": "error", "payload": payload}).decode()
        await self.send({"type": "websocket.send", "text": text})

    async def _from_origin(self) -> None:
        async for message in self.far:
            if message.type is aiohttp.WSMsgType.TEXT:
                if self.writes:
                    await self.writes.answer(read_origin_message(self.subprotocol, message.data))
                if not self.gone:
                    await self.send({"type": "websocket.send", "text": message.data})
            elif message.type is aiohttp.WSMsgType.BINARY and not self.gone:
                await self.send({"type": "websocket.send", "bytes": message.data})

    def _last_word(self) -> tuple[int, str]:
        """What the origin closed with; 1011 where the connection broke."""
        return _sendable(self.far.close_code or 1011), ""

    async def _close_client(self, code: int, reason: str) -> None:
        await self.send({"type": "websocket.close", "code": code, "reason": reason})


def _sendable(code: int | None) -> int:
    """A close code that may stand in a frame (RFC 6455, 7.4.1): 1005, 1006 and 1015 may not."""
    return 1000 if code in (None, 1005) else 1011 if code in (1006, 1015) else code
