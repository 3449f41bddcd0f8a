"""The origin as the gateway asks it: buffered and decoded, or streamed as it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, Self, TypeVar

import aiohttp
from yarl import URL

from controller.encodings import ASKED
from controller.errors import OriginRefused, OriginTimeout, OriginUnreachable
from controller.gateway.origin_answer import MOST_BYTES, OriginAnswer, OriginStream, named_errors
from controller.gateway.origins import Director, Server, director_of
from vclgen.config import Config
from vclgen.config.origins import OriginTimeouts

HEARTBEAT_SECONDS: Final = 30.0
"""Between pings on a WebSocket; a pong that does not come within half of it ends the connection."""
CONNECTIONS: Final = 1_000
_NO_DEFAULTS: Final = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")

T = TypeVar("T")


class WebSocketRefused(OriginUnreachable):
    """The origin opens no WebSocket. ``status`` is what the client is answered with."""

    def __init__(self, status: int) -> None:
        super().__init__(
            f"the origin refuses the WebSocket with status {status}"
            if status >= 400
            else "the origin opens no WebSocket that speaks a subprotocol of GraphQL"
        )
        self.status = status if status >= 400 else 502


class Origin:
    """One GraphQL API, on one server or several. ``constants`` are sent with every request
    (``originHeaders``).

    A request goes on to the next server while no connection can be made: nothing was sent then, so
    that a mutation is still executed once at most. ``asked`` takes in where it went; the same list
    with another attempt makes that go elsewhere if it can.
    """

    def __init__(
        self,
        servers: str | Director,
        *,
        constants: Mapping[str, str],
        timeouts: OriginTimeouts | None = None,
    ) -> None:
        self.director = Director([Server(servers)]) if isinstance(servers, str) else servers
        self._constants = dict(constants)
        self._timeouts = timeouts or OriginTimeouts()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        times = self._timeouts
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=CONNECTIONS, ttl_dns_cache=30, keepalive_timeout=4
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_NO_DEFAULTS,
            timeout=aiohttp.ClientTimeout(
                total=None,
                connect=times.connect,
                sock_read=times.first_byte,
                ceil_threshold=times.answer,
            ),
        )
        # It would repeat a GET whose connection broke, and a GET can be a mutation.
        self._session._retry_connection = False
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()

    @asynccontextmanager
    async def in_time(self) -> AsyncIterator[None]:
        """Bounds what is done for one request until its answer is there: further servers, further
        attempts, an origin that never ends its answer.

        Raises:
            OriginTimeout: it took too long.
        """
        try:
            async with asyncio.timeout(self._timeouts.answer):
                yield
        except TimeoutError:
            seconds = self._timeouts.answer
            raise OriginTimeout(f"the origin took longer than {seconds:g} s in all") from None

    async def post(
        self, body: bytes, headers: list[tuple[str, str]], asked: list[Server] | None = None
    ) -> OriginAnswer:
        """Send a JSON body and read the whole answer, decoded.

        Raises:
            OriginUnreachable, OriginTimeout: there is no whole answer. Whether the origin acted on
                the request is unknown.
            OriginUnreadable: the answer cannot be decoded.
        """
        async with self.posted(body, headers, asked) as stream:
            return await stream.answer()

    @asynccontextmanager
    async def posted(
        self, body: bytes, headers: list[tuple[str, str]], asked: list[Server] | None = None
    ) -> AsyncIterator[OriginStream]:
        """Send a JSON body; the answer comes decoded.

        Raises:
            OriginUnreachable, OriginTimeout: no answer came.
        """
        sent = [*headers, ("Content-Type", "application/json"), ("Accept-Encoding", ASKED)]

        async def send(server: Server) -> aiohttp.ClientResponse:
            return await self._send("POST", server.url, body, sent, decompress=True)

        async with await self._connected(send, asked) as response:
            yield OriginStream(response, self._timeouts.between_bytes)

    @asynccontextmanager
    async def forward(
        self,
        method: str,
        query_string: bytes,
        headers: list[tuple[str, str]],
        body: bytes,
        asked: list[Server] | None = None,
    ) -> AsyncIterator[OriginStream]:
        """Send a request as the client sent it; the answer comes as the origin encodes it.

        Raises:
            OriginUnreachable, OriginTimeout: no answer came.
        """

        async def send(server: Server) -> aiohttp.ClientResponse:
            url = _with_query(server.url, query_string)
            return await self._send(method, url, body or None, headers, decompress=False)

        async with await self._connected(send, asked) as response:
            yield OriginStream(response, self._timeouts.between_bytes)

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

        async def connect(server: Server) -> aiohttp.ClientWebSocketResponse:
            assert self._session is not None
            with self._until_headers():
                return await self._session.ws_connect(
                    _with_query(server.url, query_string),
                    headers=self._merged(headers),
                    protocols=subprotocols,
                    heartbeat=HEARTBEAT_SECONDS,
                    max_msg_size=MOST_BYTES,
                )

        try:
            socket = await self._connected(connect, None)
        except OriginUnreachable as error:
            if isinstance(error.__cause__, aiohttp.WSServerHandshakeError):
                raise WebSocketRefused(error.__cause__.status) from error
            raise
        async with socket:
            if socket.protocol is None:
                raise WebSocketRefused(200)
            yield socket

    async def _connected(
        self, attempt: Callable[[Server], Awaitable[T]], asked: list[Server] | None
    ) -> T:
        """What an attempt gives at the first server that a connection can be made to.

        Raises:
            OriginRefused: to none.
        """
        asked = [] if asked is None else asked
        problem = OriginRefused("there is no origin")
        for server in self.director.order(asked):
            asked.append(server)
            server.asked += 1
            try:
                return await attempt(server)
            except OriginRefused as error:
                server.refuse(str(error))
                problem = error
        raise problem

    async def _send(
        self,
        method: str,
        url: URL,
        body: bytes | None,
        headers: list[tuple[str, str]],
        *,
        decompress: bool,
    ) -> aiohttp.ClientResponse:
        assert self._session is not None
        with self._until_headers():
            return await self._session.request(
                method,
                url,
                data=body,
                headers=self._merged(headers),
                allow_redirects=False,
                auto_decompress=decompress,
            )

    def _merged(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        constants = {name.lower() for name in self._constants}
        return [*(h for h in headers if h[0].lower() not in constants), *self._constants.items()]

    def _until_headers(self) -> named_errors:
        return named_errors(f"sent no answer for {self._timeouts.first_byte:g} s")


def _with_query(url: URL, query_string: bytes) -> URL:
    if not query_string:
        return url
    own = f"{url.raw_query_string}&" if url.raw_query_string else ""
    base = str(url.with_query(None))
    return URL(f"{base}?{own}{query_string.decode('latin-1')}", encoded=True)


def origin_of(config: Config) -> Origin:
    """The origin that the config names, not opened yet."""
    return Origin(
        director_of(config), constants=config.fetch_headers, timeouts=config.origin_timeouts
    )
