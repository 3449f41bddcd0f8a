"""The keys that an issuer publishes (RFC 7517), kept up to date while the controller runs."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

import aiohttp
import jwt

from controller.core.claims import VerifyKey
from controller.errors import KeysUnavailable
from vclgen.config.jwt_keys import PublicKey, algorithms_of

logger = logging.getLogger(__name__)

EVERY_SECONDS: Final = 300.0
"""A key that the issuer has withdrawn counts for as long."""
AGAIN_SECONDS: Final = 30.0
"""At most this often for a key that is not known: whoever invents names of keys makes no load."""
RETRY_FIRST_SECONDS: Final = 0.2
RETRY_MOST_SECONDS: Final = 10.0
MOST_BYTES: Final = 1024 * 1024
MOST_KEYS: Final = 100
_TIMEOUT: Final = aiohttp.ClientTimeout(total=5)


class KeySet:
    """The keys behind one URL that fit ``algorithms``. Old keys stay when a fetch fails.

    ``error`` says what went wrong last, None if nothing did. ``clock`` counts seconds.
    """

    def __init__(
        self, url: str, algorithms: Collection[str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.url = url
        self.error: str | None = "not fetched yet"
        self.algorithms = frozenset(algorithms)
        self._clock = clock
        self._keys: tuple[VerifyKey, ...] = ()
        self._tried = -math.inf
        self._lock = asyncio.Lock()

    @property
    def loaded(self) -> bool:
        """Whether there are keys, be they old ones."""
        return bool(self._keys)

    async def named(self, kid: str | None) -> tuple[VerifyKey, ...]:
        """All keys, fetched again first if none has this name and that was not tried just now."""
        if not self._knows(kid):
            async with self._lock:
                if not self._knows(kid) and self._clock() - self._tried >= AGAIN_SECONDS:
                    await self._fetch()
        return self._keys

    async def run(self) -> None:
        """Fetch until there are keys, then again and again, until cancelled."""
        delay = RETRY_FIRST_SECONDS
        while True:
            async with self._lock:
                await self._fetch()
            if self.error is None:
                delay = RETRY_FIRST_SECONDS
                await asyncio.sleep(EVERY_SECONDS)
            else:
                await asyncio.sleep(delay)
                delay = min(2 * delay, RETRY_MOST_SECONDS)

    def _knows(self, kid: str | None) -> bool:
        return self.loaded and (kid is None or any(key.kid == kid for key in self._keys))

    async def _fetch(self) -> None:
        self._tried = self._clock()
        try:
            self._keys = read_keys(await _download(self.url), self.algorithms)
        except KeysUnavailable as error:
            if str(error) != self.error:
                logger.warning("%s", error)
            self.error = str(error)
        else:
            self.error = None


def read_keys(document: bytes, algorithms: Collection[str]) -> tuple[VerifyKey, ...]:
    """The keys of a key set that can verify a signature by one of the algorithms.

    Raises:
        KeysUnavailable: there is none.
    """
    try:
        listed = json.loads(document)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise KeysUnavailable("the key set is no JSON object with `keys`") from error
    entries = listed if isinstance(listed, list) else []
    keys = tuple(_usable(entries[:MOST_KEYS], frozenset(algorithms)))
    if not keys:
        wanted = ", ".join(sorted(algorithms))
        raise KeysUnavailable(f"the key set holds no key for {wanted}")
    return keys


def _usable(entries: list[Any], algorithms: frozenset[str]) -> Iterator[VerifyKey]:
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
            continue
        public = {name: value for name, value in entry.items() if name not in ("alg", "d")}
        try:
            key = jwt.PyJWK(public).key
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        if not isinstance(key, PublicKey):
            continue
        fitting = algorithms & algorithms_of(key)
        if "alg" in entry:
            fitting &= {entry["alg"]} if isinstance(entry["alg"], str) else frozenset()
        if fitting:
            kid = entry.get("kid")
            yield VerifyKey(key, fitting, kid if isinstance(kid, str) else None)


async def _download(url: str) -> bytes:
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session, session.get(url) as answer:
            if answer.status != 200:
                raise KeysUnavailable(f"{url} answers with status {answer.status}")
            document = await answer.content.read(MOST_BYTES + 1)
            while len(document) <= MOST_BYTES and (more := await answer.content.readany()):
                document += more
    except TimeoutError as error:
        raise KeysUnavailable(f"{url} takes longer than {_TIMEOUT.total:g} s") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise KeysUnavailable(f"{url} cannot be read: {error}") from error
    if len(document) > MOST_BYTES:
        raise KeysUnavailable(f"{url} has more than {MOST_BYTES} bytes")
    return document
