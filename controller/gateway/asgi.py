"""The little of ASGI that the gateway needs: one request with a bounded body, one response."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from controller.gateway.headers import Header, Headers, lookup
from controller.gateway.media import error_media

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


DRAINED: Final = 64 * 1024 * 1024
"""Bytes of a body over the limit that are read and thrown away: whoever is still sending hears no
answer. More of it ends the connection.
"""


class BodyTooLarge(Exception):
    """The request's body is over the limit; ``limit`` is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Request:
    """A client's request as Varnish handed it on. ``raw_path`` is the path as it was written."""

    method: str
    path: str
    query_string: bytes
    headers: Headers
    body: bytes
    raw_path: bytes = b""

    def header(self, name: bytes) -> str | None:
        """The first value of a header; ``name`` is lower case."""
        return lookup(self.headers, name)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer for Varnish; ``body`` is bytes, or chunks that are still to come."""

    status: int
    headers: list[Header]
    body: bytes | AsyncGenerator[bytes, None] = b""


async def read_request(scope: Scope, receive: Receive, limit: int) -> Request:
    """The whole request.

    Raises:
        BodyTooLarge: more than ``limit`` bytes came; they were not kept.
        ConnectionResetError: the client went away before the body was complete.
    """
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client went away")
        part = message.get("body", b"")
        size += len(part)
        if size > limit + DRAINED:
            raise BodyTooLarge(limit)
        if size <= limit:
            parts.append(part)
        else:
            parts.clear()
        more = message.get("more_body", False)
    if size > limit:
        raise BodyTooLarge(limit)
    return Request(
        scope["method"],
        scope["path"],
        scope["query_string"],
        scope["headers"],
        b"".join(parts),
        scope["raw_path"],
    )


async def send_response(response: Response, receive: Receive, send: Send) -> None:
    """Write a response; a stream is written as it comes, until it ends or the client goes away."""
    body = response.body
    headers = response.headers
    if isinstance(body, bytes):
        if lookup(headers, b"content-length") is None:
            headers = [*headers, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    gone = asyncio.ensure_future(_disconnect(receive))
    try:
        async with aclosing(body):
            while (chunk := await _next_chunk(body, gone)) is not None:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()


async def _next_chunk(
    body: AsyncGenerator[bytes, None], gone: asyncio.Future[None]
) -> bytes | None:
    """The next chunk; None at the end, or when the client has gone away while it was waited for."""
    chunk = asyncio.ensure_future(anext(body, None))
    await asyncio.wait((chunk, gone), return_when=asyncio.FIRST_COMPLETED)
    if not chunk.done():
        chunk.cancel()
        await asyncio.wait((chunk,))
        return None
    return chunk.result()


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def graphql_error(status: int, message: str, code: str, *, accept: str | None) -> Response:
    """An error of ours in GraphQL's form and in the media type the client asked for.

    The status is chosen by the caller (GraphQL-over-HTTP, section "Status Codes").
    """
    media = error_media(accept)
    body = json.dumps({"errors": [{"message": message, "extensions": {"code": code}}]})
    headers = [
        (b"content-type", f"{media}; charset=utf-8".encode()),
        (b"cache-control", b"no-store"),
        (b"x-shellac-detail", code.lower().replace("_", "-").encode()),
    ]
    return Response(status, headers, body.encode())
