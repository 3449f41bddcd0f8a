"""GraphQL over SSE, "Single connection mode": operations are posted, results come on one stream.

A mutation is answered by 202 before anybody knows what it did; what acknowledges it is its event on
the stream. So it may go out only while its stream is open here, and its event waits for a purge of
all that it could touch.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs

import orjson

from controller.core.parts import Parts, Piece, parts_of
from controller.core.tags import Purge
from controller.errors import NoEventStream, OriginRefused
from controller.gateway.asgi import Request, Response
from controller.gateway.headers import from_origin, lookup, without
from controller.gateway.mutation_purges import PENDING
from controller.gateway.origin import Origin
from controller.gateway.origin_answer import OriginAnswer, OriginStream
from controller.gateway.read_here import answered, handed_back, readable
from controller.purge.purger import Intended, Purger

_ACCEPTED: Final = 202
_HEADER: Final = b"x-graphql-event-stream-token"


def stream_token(request: Request) -> str | None:
    """The token of the stream that a request may belong to, from its header or its URL, where
    other APIs have a ``token`` of their own.
    """
    found = request.header(_HEADER)
    if found is None:
        found = parse_qs(request.query_string.decode("latin-1")).get("token", [None])[0]
    return found


@dataclass(eq=False, slots=True)
class Waiting:
    """A mutation whose result is to come on a stream. ``recorded`` keeps its intent open."""

    operation: str | None
    purger: Purger
    intended: Intended
    recorded: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def purge(self) -> None:
        """Purge what it could touch; more can come."""
        await self.purger.purge(self.intended.purge)

    async def end(self) -> None:
        """Purge what it could touch, in the place of its intent."""
        if not self.intended.settled:
            await self.intended.settle(self.intended.purge)
        await self.recorded.aclose()


class EventStreams:
    """The streams that are open here, by token, with the mutations that wait for their events."""

    def __init__(self) -> None:
        self._open: dict[str, list[Waiting]] = {}

    def result_comes_on(self, request: Request) -> str | None:
        """The token of the stream on which a request's result comes; None: in its own answer.

        A token of the URL counts only while its stream is open here: it may be no such token.
        """
        token = stream_token(request)
        return token if request.header(_HEADER) is not None or token in self._open else None

    async def opened(self, request: Request, token: str, origin: Origin) -> Response:
        """The stream of a token, for as long as it lasts.

        Raises:
            OriginUnreachable, OriginTimeout: no answer came.
        """
        async with AsyncExitStack() as opening:
            async with origin.in_time():
                headers = readable(request)
                asking = origin.forward("GET", request.query_string, headers, request.body)
                stream = await opening.enter_async_context(asking)
            parts = parts_of(lookup(stream.headers, b"content-type"))
            back = from_origin(stream.headers)
            if parts is None:
                return Response(stream.status, back, await stream.whole())
            # Before its headers go out: then the client may send mutations.
            waiting = self._open.setdefault(token, [])
            if lookup(stream.headers, b"content-encoding") is not None:
                parts = None
            body = self._relay(token, waiting, stream, parts, opening.pop_all())
            return Response(stream.status, without(back, b"content-length"), body)

    async def _relay(
        self,
        token: str,
        waiting: list[Waiting],
        stream: OriginStream,
        parts: Parts | None,
        opened: AsyncExitStack,
    ) -> AsyncGenerator[bytes, None]:
        """The body, each event after its purges. What still waits at its end has no known outcome.

        Without ``parts`` it cannot be read: each chunk can be any event.
        """
        async with opened:
            try:
                async for chunk in stream.chunks():
                    for piece in [Piece(chunk, chunk)] if parts is None else parts.feed(chunk):
                        for found in _told(piece, waiting):
                            if _is_last(piece):
                                waiting.remove(found)
                                await found.end()
                            else:
                                await found.purge()
                        yield piece.raw
                if parts is not None:
                    yield parts.rest()
            finally:
                if self._open.get(token) is waiting:
                    del self._open[token]
                while waiting:
                    await waiting.pop().end()

    async def written(
        self,
        request: Request,
        token: str,
        origin: Origin,
        purger: Purger,
        purge_for: Callable[[OriginAnswer | None], Purge],
    ) -> Response:
        """The answer to a mutation whose result comes on the stream. Until then its intent stays
        open. ``purge_for`` an answer of its own; None: what it could touch.

        Raises:
            NoEventStream: the stream is not open here, so nobody could purge in time.
            OriginUnreachable, OriginTimeout: no answer came; what it could touch is purged.
            LogUnavailable: it was not sent, for its purge could not be recorded.
        """
        headers = readable(request)
        async with AsyncExitStack() as recorded:
            intended = await recorded.enter_async_context(purger.intended(purge_for(None)))
            streams = self._open.get(token)
            if streams is None:
                await intended.settle(None)
                raise NoEventStream(
                    "The mutation was not sent: the event stream of its token is not open here. "
                    "Open it first, and let all requests of a client reach the same Shellac"
                )
            found = Waiting(_operation_id(request.body), purger, intended)
            streams.append(found)  # its event can be here before its answer
            try:
                answer = await answered(request, headers, origin)
            except OriginRefused:
                streams.remove(found)
                await intended.settle(None)
                raise
            if answer.status == _ACCEPTED and found in streams:
                found.recorded = recorded.pop_all()
            elif answer.status != _ACCEPTED:
                if found in streams:
                    streams.remove(found)
                await intended.settle(purge_for(answer))
        return handed_back(answer, [PENDING])


def _told(piece: Piece, waiting: list[Waiting]) -> list[Waiting]:
    """Those that an event can be about: all, where it or they do not say which."""
    if piece.payload is None or not waiting:
        return []
    found = _member(piece.payload, "id")
    return [each for each in waiting if found is None or each.operation in (None, found)]


def _is_last(piece: Piece) -> bool:
    return any(
        line.partition(b":")[2].strip() == b"complete"
        for line in piece.raw.splitlines()
        if line.partition(b":")[0] == b"event"
    )


def _operation_id(body: bytes) -> str | None:
    """``extensions.operationId``, which the events of an operation carry as ``id``."""
    return _member(body, "extensions", "operationId")


def _member(text: bytes, *path: str) -> str | None:
    """A member of a JSON text; None where there is no such string."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None
