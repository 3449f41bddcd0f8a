"""Who may use the admin API: whoever holds a token.

Two kinds. The fixed ones, ``SHELLAC_ADMIN_TOKEN`` or what ``shellac up`` keeps, may do everything.
Those of ``shellac token`` have a scope and an end, and are looked up for each request.

Wrong tokens are limited per address, and the limit holds back only what could be guessed. A token
of ours cannot, so a valid one passes whatever else comes from its address: somebody behind the same
NAT or proxy must not be able to stop the purges of others, for that leaves stale pages. A fixed
token of less than ``GUESSABLE_BELOW`` characters could be: over the limit it is not even compared.
"""

from __future__ import annotations

import hmac
import logging
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from starlette.requests import Request

from controller.errors import RequestRefused, TokensUnavailable
from controller.tokens.token import Scope, Token, digest, moment

if TYPE_CHECKING:
    from controller.admin.state import AdminState

logger = logging.getLogger(__name__)

ENVIRONMENT: Final = "SHELLAC_ADMIN_TOKEN"
HEADERS: Final = ("stellate-token", "graphcdn-token")
GUESSABLE_BELOW: Final = 32
"""Characters. As many hex digits are 128 bits; a shorter token may be somebody's password."""


def environment_token() -> str | None:
    """The token that is always valid, None if none is set."""
    return os.environ.get(ENVIRONMENT) or None


class Doorkeeper:
    """Lets requests through or says why not."""

    def __init__(self, state: AdminState, from_environment: str | None) -> None:
        self._state = state
        self._from_environment = from_environment
        if from_environment and len(from_environment) < GUESSABLE_BELOW:
            logger.warning(
                "%s has less than %d characters: it is refused from an address that has sent wrong "
                "tokens. Make one with `openssl rand -hex 24`",
                ENVIRONMENT,
                GUESSABLE_BELOW,
            )

    async def admit(self, request: Request, needed: Scope) -> str | None:
        """The name of the token that a request holds; None: a fixed token, which has none.

        Raises:
            RequestRefused: 401 it holds no token, a wrong one, one that is over; 403 its scope is
                not ``needed``; 429 wrong ones came too fast; 503 tokens cannot be looked up.
        """
        given = list(dict.fromkeys(token for token in _given(request.headers) if token))
        if not given:
            raise _unauthenticated(
                f"A token is needed, in {', '.join(HEADERS)} or Authorization: Bearer. "
                f"Make one with `shellac token create`, or use the controller's {ENVIRONMENT}"
            )
        host = request.client.host if request.client is not None else ""
        wait = self._state.failures.wait(host)
        if _matches(given, self._fixed(guessable=wait == 0)):
            return None
        found = [await self._find(text) for text in given]
        tokens = [token for token in found if token is not None]
        if not tokens:
            raise self._wrong(host, len(given), wait)
        return self._name_of_the_valid(tokens, needed)

    def _fixed(self, *, guessable: bool) -> list[str]:
        fixed = {*self._state.tokens, self._from_environment or ""}
        return [text for text in fixed if text and (guessable or len(text) >= GUESSABLE_BELOW)]

    async def _find(self, text: str) -> Token | None:
        if self._state.kept_tokens is None:
            return None
        try:
            return await self._state.kept_tokens.find(text)
        except TokensUnavailable as error:
            logger.warning("%s", error)
            message = "The token cannot be looked up: the controller's log says why"
            raise RequestRefused(503, message, "TOKENS_UNAVAILABLE") from error

    def _wrong(self, host: str, count: int, wait: float) -> RequestRefused:
        if wait > 0:
            seconds = math.ceil(wait)
            return RequestRefused(
                429,
                f"Too many wrong tokens came from this address: try again in {seconds} s",
                "TOO_MANY_REQUESTS",
                retry_after=seconds,
            )
        for _ in range(count):
            self._state.failures.record(host)
        return _unauthenticated("The token is not valid")

    def _name_of_the_valid(self, tokens: Iterable[Token], needed: Scope) -> str:
        """The name of the first that may. Why one may not is said to its holder alone."""
        assert self._state.kept_tokens is not None
        refused = None
        at = self._state.kept_tokens.clock()
        for token in tokens:
            refused = _refused(token, needed, at)
            if token.status(at) == "valid":
                self._state.kept_tokens.note_use(token)
            if refused is None:
                return token.name
        assert refused is not None
        raise refused


def _matches(given: Iterable[str], fixed: Iterable[str]) -> bool:
    # Every pair is compared, and digests are all of one length: the time tells neither which token,
    # nor how much of it was right, nor how long it is. Headers are bytes that were read as latin-1.
    expected = [digest(os.fsencode(text)) for text in fixed]
    sent = [digest(text.encode("latin-1")) for text in given]
    return any([hmac.compare_digest(one, other) for one in sent for other in expected])


def _refused(token: Token, needed: Scope, at: float) -> RequestRefused | None:
    known = f'The token "{token.name}" ({token.id})'
    if token.revoked is not None:
        return _unauthenticated(f"{known} was revoked at {moment(token.revoked)}")
    if token.expires is not None and token.status(at) == "expired":
        return _unauthenticated(
            f"{known} expired at {moment(token.expires)}: make another with `shellac token create`"
        )
    if not token.scope.allows(needed):
        message = f"{known} has the scope {token.scope}; this needs {needed}"
        return RequestRefused(403, message, "FORBIDDEN")
    return None


def _unauthenticated(message: str) -> RequestRefused:
    return RequestRefused(401, message, "UNAUTHENTICATED")


def _given(headers: Mapping[str, str]) -> Iterator[str]:
    for name in HEADERS:
        if name in headers:
            yield headers[name]
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        yield token.strip()
