"""The admin listener of one Varnish, as docs/protocol.md describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import aiohttp
from pydantic import BaseModel, ConfigDict, ValidationError

from controller.errors import NodeMisbehaved, NodeRefused, NodeUnreachable
from controller.purge.batch import PurgeRequest

CONNECT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 5.0
"""A purge of 59,000 objects takes 0.05 s; a Varnish silent for this long is stopped or overrun."""

_Headers = list[tuple[str, str]]


class _Word(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    boot: str
    seq: str
    digest: str
    plan: str
    lease: str
    now: str


class _Purged(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    purged: int
    boot: str


class _Leased(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    lease: str


@dataclass(frozen=True, slots=True)
class NodeWord:
    """What a Varnish says of itself: ``log`` and ``seq`` are its cursor, None on a fresh node.

    ``now`` is its clock, seconds since the epoch; by that, ``lease`` is when its lease ends.
    """

    boot: str
    log: str | None
    seq: int | None
    digest: str
    plan: str
    lease: float
    now: float


class NodeConnection:
    """One keep-alive connection, so that PURGEs arrive in order."""

    def __init__(self, address: str, *, secret: str) -> None:
        self._address = address.rstrip("/")
        self._secret = secret
        self._boot: str | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=1, ttl_dns_cache=10),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS),
            skip_auto_headers=("User-Agent", "Accept-Encoding"),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()

    async def ask(self) -> NodeWord:
        """What the node says of itself.

        Raises:
            NodeError: as every method here.
        """
        body = await self._request("GET", "/_shellac/node", [])
        try:
            word = _Word.model_validate_json(body)
            now, lease = float(word.now), float(word.lease)
        except ValueError as error:  # pydantic's is one
            raise self._misbehaved(body) from error
        self._boot = word.boot
        log, _, seq = word.seq.rpartition(":")
        known = bool(log) and seq.isascii() and seq.isdecimal()
        return NodeWord(
            boot=word.boot,
            log=log if known else None,
            seq=int(seq) if known else None,
            digest=word.digest,
            plan=word.plan,
            lease=lease,
            now=now,
        )

    async def purge(self, request: PurgeRequest, *, log_id: str = "") -> int:
        """Send one PURGE; returns how many matches Varnish counted.

        ``log_id`` names the log of the request's seqs, where it has any.
        """
        name = "xkey-softpurge" if request.soft else "xkey-purge"
        headers = [(name, line) for line in request.lines]
        if request.flush is not None:
            headers.append(("Shellac-Flush", f"{log_id}:{request.flush}"))
        if request.seq is not None:
            headers.append(("Shellac-Seq", f"{log_id}:{request.seq}"))
        return await self._purge(headers)

    async def lease(self, until: float) -> None:
        """Let the node count as up to date until then, by its own clock; 0 ends that."""
        headers = [("Shellac-Lease", f"{until:.3f}")]
        body = await self._request("POST", "/_shellac/lease", headers)
        try:
            _Leased.model_validate_json(body)
        except ValidationError as error:
            raise self._misbehaved(body) from error

    async def set_plan(self, digest: str) -> None:
        """Begin a new verdict generation."""
        await self._purge([("Shellac-Plan", digest)])

    async def _purge(self, headers: _Headers) -> int:
        body = await self._request("PURGE", "/", headers)
        try:
            purged = _Purged.model_validate_json(body)
        except ValidationError as error:
            raise self._misbehaved(body) from error
        if self._boot not in (None, purged.boot):
            raise NodeUnreachable(f"Varnish at {self._address} has just started anew")
        return purged.purged

    async def _request(self, method: str, path: str, headers: _Headers) -> bytes:
        assert self._session is not None
        sent = [("Shellac-Secret", self._secret), *headers]
        try:
            async with self._session.request(
                method, self._address + path, headers=sent, allow_redirects=False
            ) as response:
                body = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise NodeUnreachable(
                f"Varnish at {self._address} cannot be reached: {error or type(error).__name__}"
            ) from error
        if response.status == 403:
            raise NodeRefused(
                f"Varnish at {self._address} refuses the secret: it and the controller must read "
                "the same secret file"
            )
        if response.status != 200:
            raise self._misbehaved(f"{response.status} {response.reason}".encode())
        return body

    def _misbehaved(self, answer: bytes) -> NodeMisbehaved:
        return NodeMisbehaved(
            f"{self._address} does not answer as Shellac's VCL does ({answer[:100]!r}): is this "
            "the admin listener, with a VCL of `shellac render`?"
        )
