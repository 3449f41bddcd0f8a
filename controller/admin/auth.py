"""Who may use the admin API: whoever holds a token."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from controller.errors import RequestRefused

ENVIRONMENT: Final = "SHELLAC_ADMIN_TOKEN"
HEADERS: Final = ("stellate-token", "graphcdn-token")


def environment_token() -> str | None:
    """The token that is always valid, None if none is set."""
    return os.environ.get(ENVIRONMENT) or None


def authenticate(headers: Mapping[str, str], tokens: Iterable[str]) -> None:
    """Let a request with one of ``tokens`` through.

    Raises:
        RequestRefused: 401, with what to send.
    """
    valid = [token.encode() for token in tokens if token]
    given = [token.encode("latin-1", "replace") for token in _given(headers)]
    # Every pair is compared, so the time tells neither which token nor how much of it was right.
    matches = [hmac.compare_digest(one, other) for one in given for other in valid]
    if any(matches):
        return
    if not valid:
        message = f"No token is set up: start the controller with {ENVIRONMENT}"
    elif given:
        message = "The token is not valid"
    else:
        message = f"A token is needed, in {', '.join(HEADERS)} or Authorization: Bearer"
    raise RequestRefused(401, message, "UNAUTHENTICATED")


def _given(headers: Mapping[str, str]) -> Iterator[str]:
    for name in HEADERS:
        if name in headers:
            yield headers[name]
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        yield token.strip()
