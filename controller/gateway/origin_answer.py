"""What the origin answers: whole and decoded, or as a stream; and its failures by their names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import aiohttp

from controller.encodings import left_encoded, not_decoded
from controller.errors import (
    OriginNotReached,
    OriginRefused,
    OriginTimeout,
    OriginUnreachable,
    OriginUnreadable,
)
from controller.gateway.headers import Header, Headers, lookup, lookup_all

MOST_BYTES: Final = 128 * 1024 * 1024
"""Of an answer that is read whole; an endless one must not take the controller's memory."""
_JSON: Final = frozenset({"application/json", "application/graphql-response+json"})


@dataclass(frozen=True, slots=True)
class OriginAnswer:
    """A whole answer, its content encoding already undone."""

    status: int
    headers: tuple[Header, ...]
    body: bytes

    @property
    def is_json(self) -> bool:
        """Whether it says that it is a GraphQL answer in JSON."""
        return _says_json(self.headers)


class OriginStream:
    """An answer whose headers are here and whose body is still to come, in its encoding.

    ``silence``: seconds, the longest between two pieces of it.
    """

    def __init__(self, response: aiohttp.ClientResponse, silence: float) -> None:
        self.status = response.status
        self.headers = tuple(response.raw_headers)
        self._response = response
        self._errors = named_errors(f"sent nothing for {silence:g} s in the midst of its answer")
        connection = response.connection
        if connection is not None and connection.protocol is not None:  # None: all of it is here
            connection.protocol.read_timeout = silence
            connection.protocol.start_timeout()

    @property
    def is_json(self) -> bool:
        """Whether it says that it is a GraphQL answer in JSON."""
        return _says_json(self.headers)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body in pieces as they arrive.

        Raises:
            OriginUnreachable, OriginTimeout: the origin broke off.
        """
        with self._errors:
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def whole(self) -> bytes:
        """The rest of the body, in its encoding.

        Raises:
            OriginUnreachable, OriginTimeout: the origin broke off, or sent too much.
        """
        with self._errors:
            return await _whole(self._response)

    async def answer(self) -> OriginAnswer:
        """All of an answer that comes decoded.

        Raises:
            OriginUnreachable, OriginTimeout: the origin broke off, or sent too much.
            OriginUnreadable: the answer cannot be decoded.
        """
        answer = OriginAnswer(self.status, self.headers, await self.whole())
        self.check_decoded()
        encoded = lookup(self.headers, b"content-encoding")
        if encoded and self.is_json and answer.body.rstrip()[-1:] not in (b"}", b"]"):
            # The HTTP client takes gzip and br that end early for whole.
            raise OriginUnreadable(
                f"the origin's answer cannot be read: its Content-Encoding is {encoded}, and its "
                "body ends early"
            )
        return answer

    def check_decoded(self) -> None:
        """Raises OriginUnreadable if the body still is in an encoding."""
        problem = left_encoded(", ".join(lookup_all(self.headers, b"content-encoding")))
        if problem is not None:
            raise OriginUnreadable(f"the origin's answer cannot be read: {problem}")


def _says_json(headers: Headers) -> bool:
    value = lookup(headers, b"content-type") or ""
    return value.partition(";")[0].strip().lower() in _JSON


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            response.close()
            raise OriginUnreachable(f"the origin's answer has more than {MOST_BYTES} bytes")
    return bytes(body)


class named_errors:
    """Turns the HTTP client's exceptions into this package's: ``with named_errors("was silent"):``.

    ``silence`` says what took too long.
    """

    def __init__(self, silence: str) -> None:
        self._silence = silence

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            raise OriginNotReached("no connection to the origin came about in time") from error
        if isinstance(error, aiohttp.ClientConnectorError):
            raise OriginRefused(f"the origin cannot be reached: {error}") from error
        if isinstance(error, asyncio.TimeoutError):
            raise OriginTimeout(f"the origin {self._silence}") from error
        problem = not_decoded(error) if isinstance(error, aiohttp.ClientError) else None
        if problem is not None:
            raise OriginUnreadable(f"the origin's answer cannot be read: {problem}") from error
        if isinstance(error, aiohttp.ClientResponseError):
            # Not the whole text of it: that has the URL, and in it perhaps a key.
            raise OriginUnreachable(f"the origin cannot be reached: {error.message}") from error
        if isinstance(error, aiohttp.ClientError | OSError):
            raise OriginUnreachable(f"the origin cannot be reached: {error}") from error
