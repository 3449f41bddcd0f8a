"""An HTTP connection that costs little: one request at a time, given as bytes."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass, field
from typing import Final, cast

import httptools

SILENT_SECONDS: Final = 20.0
"""Longer than any fault lasts; a request that takes longer failed."""
_GZIP: Final = 31


class Failed(Exception):
    """No whole answer came. ``reason`` is the kind of it."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.reason = type(error).__name__


@dataclass(slots=True)
class Answer:
    """``headers`` by lower-case name; ``body`` is decoded."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""


class Client:
    """Asks one address over one connection, made anew where it broke; for ``closing``."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._exchange: _Exchange | None = None

    async def ask(self, request: bytes, *, seconds: float = SILENT_SECONDS) -> Answer:
        """Send a request once and return the answer.

        Raises:
            Failed: refused, reset, cut off, or silent for ``seconds``.
        """
        try:
            async with asyncio.timeout(seconds):
                exchange = self._exchange
                if exchange is None or not exchange.usable:
                    loop = asyncio.get_running_loop()
                    _, exchange = await loop.create_connection(_Exchange, "127.0.0.1", self._port)
                    self._exchange = exchange
                answer = await exchange.ask(request)
        except (OSError, TimeoutError, httptools.HttpParserError) as error:
            self.close()
            raise Failed(error) from error
        except asyncio.CancelledError:
            self.close()
            raise
        if answer.headers.get(b"content-encoding") == b"gzip":
            try:
                answer.body = zlib.decompress(answer.body, _GZIP)
            except zlib.error as error:
                raise Failed(error) from error
        return answer

    def close(self) -> None:
        if self._exchange is not None:
            self._exchange.close()
            self._exchange = None


class _Exchange(asyncio.Protocol):
    """The connection, and a parser that calls it back."""

    def __init__(self) -> None:
        self.usable = False
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._answer = Answer()
        self._body: list[bytes] = []

    async def ask(self, request: bytes) -> Answer:
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._answer = Answer()
        self._body = []
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)
        self.usable = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._broke(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._broke(exc or ConnectionResetError("closed before the whole answer came"))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._answer.headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        answer = self._answer
        answer.status = self._parser.get_status_code()
        answer.body = b"".join(self._body)
        if not self._parser.should_keep_alive():
            self.close()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)

    def _broke(self, error: Exception) -> None:
        self.usable = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)
