"""The origin as the gateway asks it: buffered and decoded, or streamed as it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Self

import aiohttp
from yarl import URL

from controller.encodings import ASKED, left_encoded, not_decoded
from controller.errors import OriginRefused, OriginTimeout, OriginUnreachable, OriginUnreadable
from controller.gateway.headers import Header, Headers, lookup, lookup_all

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 60.0
"""The longest silence of an origin, before its headers or between two chunks."""
HEARTBEAT_SECONDS: Final = 30.0
"""Between pings on a WebSocket; a pong that does not come within half of it ends the connection."""
CONNECTIONS: Final = 1_000
MOST_BYTES: Final = 128 * 1024 * 1024
"""Of an answer that is read whole; an endless one must not take the controller's memory."""
_JSON: Final = frozenset({"application/json", "application/graphql-response+json"})
_NO_DEFAULTS: Final = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


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


class WebSocketRefused(OriginUnreachable):
    """The origin opens no WebSocket. ``status`` is what the client is answered with."""

    def __init__(self, status: int) -> None:
        super().__init__(
            f"the origin refuses the WebSocket with status {status}"
            if status >= 400
            else "the origin opens no WebSocket that speaks a subprotocol of GraphQL"
        )
        self.status = status if status >= 400 else 502


class OriginStream:
    """An answer whose headers are here and whose body is still to come, in its encoding."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers = tuple(response.raw_headers)
        self._response = response

    @property
    def is_json(self) -> bool:
        """Whether it says that it is a GraphQL answer in JSON."""
        return _says_json(self.headers)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body in pieces as they arrive.

        Raises:
            OriginUnreachable, OriginTimeout: the origin broke off.
        """
        with _named_errors():
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def whole(self) -> bytes:
        """The rest of the body, in its encoding.

        Raises:
            OriginUnreachable, OriginTimeout: the origin broke off, or sent too much.
        """
        with _named_errors():
            return await _whole(self._response)

    async def answer(self) -> OriginAnswer:
        """All of an answer that comes decoded.

        Raises:
            OriginUnreachable, OriginTimeout: the origin broke off, or sent too much.
            OriginUnreadable: the answer cannot be decoded.
        """
        answer = OriginAnswer(self.status, self.headers, await self.whole())
        self.check_decoded()
        return answer

    def check_decoded(self) -> None:
        """Raises OriginUnreadable if the body still is in an encoding."""
        problem = left_encoded(", ".join(lookup_all(self.headers, b"content-encoding")))
        if problem is not None:
            raise OriginUnreadable(f"the origin's answer cannot be read: {problem}")


class Origin:
    """One GraphQL endpoint. ``constants`` are sent with every request (``originHeaders``)."""

    def __init__(self, url: str, *, constants: Mapping[str, str]) -> None:
        self._url = URL(url)
        self._constants = dict(constants)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=CONNECTIONS, ttl_dns_cache=30, keepalive_timeout=4
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_NO_DEFAULTS,
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS
            ),
        )
        # It would repeat a GET whose connection broke, and a GET can be a mutation.
        self._session._retry_connection = False
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()

    async def post(self, body: bytes, headers: list[tuple[str, str]]) -> OriginAnswer:
        """Send a JSON body and read the whole answer, decoded.

        Raises:
            OriginUnreachable, OriginTimeout: there is no whole answer. Whether the origin acted on
                the request is unknown.
            OriginUnreadable: the answer cannot be decoded.
        """
        async with self.posted(body, headers) as stream:
            return await stream.answer()

    @asynccontextmanager
    async def posted(
        self, body: bytes, headers: list[tuple[str, str]]
    ) -> AsyncIterator[OriginStream]:
        """Send a JSON body; the answer comes decoded.

        Raises:
            OriginUnreachable, OriginTimeout: no answer came.
        """
        sent = [*headers, ("Content-Type", "application/json"), ("Accept-Encoding", ASKED)]
        async with _opened(self._request("POST", self._url, body, sent, decompress=True)) as stream:
            yield stream

    @asynccontextmanager
    async def forward(
        self, method: str, query_string: bytes, headers: list[tuple[str, str]], body: bytes
    ) -> AsyncIterator[OriginStream]:
        """Send a request as the client sent it; the answer comes as the origin encodes it.

        Raises:
            OriginUnreachable, OriginTimeout: no answer came.
        """
        url = self._with_query(query_string)
        request = self._request(method, url, body or None, headers, decompress=False)
        async with _opened(request) as stream:
            yield stream

    @asynccontextmanager
    async def websocket(
        self, query_string: bytes, headers: list[tuple[str, str]], subprotocols: Sequence[str]
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open a WebSocket that speaks one of ``subprotocols``.

        Raises:
            WebSocketRefused: the origin answered the handshake with another status, or has none
                of the subprotocols.
            OriginUnreachable, OriginTimeout: no answer came.
        """
        assert self._session is not None
        constants = {name.lower() for name in self._constants}
        merged = [h for h in headers if h[0].lower() not in constants]
        try:
            with _named_errors():
                socket = await self._session.ws_connect(
                    self._with_query(query_string),
                    headers=[*merged, *self._constants.items()],
                    protocols=subprotocols,
                    heartbeat=HEARTBEAT_SECONDS,
                    max_msg_size=MOST_BYTES,
                )
        except OriginUnreachable as error:
            if isinstance(error.__cause__, aiohttp.WSServerHandshakeError):
                raise WebSocketRefused(error.__cause__.status) from error
            raise
        async with socket:
            if socket.protocol is None:
                raise WebSocketRefused(200)
            yield socket

    def _with_query(self, query_string: bytes) -> URL:
        if not query_string:
            return self._url
        own = f"{self._url.raw_query_string}&" if self._url.raw_query_string else ""
        base = str(self._url.with_query(None))
        return URL(f"{base}?{own}{query_string.decode('latin-1')}", encoded=True)

    def _request(
        self,
        method: str,
        url: URL,
        body: bytes | None,
        headers: list[tuple[str, str]],
        *,
        decompress: bool,
    ) -> aiohttp.client._RequestContextManager:
        assert self._session is not None
        constants = {name.lower() for name in self._constants}
        merged = [h for h in headers if h[0].lower() not in constants]
        return self._session.request(
            method,
            url,
            data=body,
            headers=[*merged, *self._constants.items()],
            allow_redirects=False,
            auto_decompress=decompress,
        )


def _says_json(headers: Headers) -> bool:
    value = lookup(headers, b"content-type") or ""
    return value.partition(";")[0].strip().lower() in _JSON


@asynccontextmanager
async def _opened(request: aiohttp.client._RequestContextManager) -> AsyncIterator[OriginStream]:
    with _named_errors():
        response = await request.__aenter__()
    try:
        yield OriginStream(response)
    finally:
        await request.__aexit__(None, None, None)


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            response.close()
            raise OriginUnreachable(f"the origin's answer has more than {MOST_BYTES} bytes")
    return bytes(body)


class _named_errors:
    """Turns the HTTP client's exceptions into this package's."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            raise OriginRefused(f"the origin cannot be reached: {error}") from error
        if isinstance(error, asyncio.TimeoutError):
            raise OriginTimeout(f"the origin was silent for {READ_SECONDS:g} s") from error
        problem = not_decoded(error) if isinstance(error, aiohttp.ClientError) else None
        if problem is not None:
            raise OriginUnreadable(f"the origin's answer cannot be read: {problem}") from error
        if isinstance(error, aiohttp.ClientError | OSError):
            raise OriginUnreachable(f"the origin cannot be reached: {error}") from error
