"""A token → one claim of it, if the token is valid. Pure: keys and the time are handed in.

PyJWT checks the signature; which algorithms and which key count is decided by the config alone,
never by the token. Tokens in another form than RFC 7515's compact serialization, to the bit, are
refused: what an origin would take for garbage must not name a user here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt

from controller.core.canonical import canonical_json
from controller.core.lexemes import Json, Lexeme, read_json

EXPIRED: Final = "expired-token"
CLAIMLESS: Final = "claimless-token"
UNVERIFIED: Final = "unverified-token"

MARGIN: Final = 5.0
"""Seconds before ``exp`` from which a token counts as expired: the origin reads it a moment later,
and by its own clock."""
_FORM: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""Without padding. That spare bits are zero (RFC 4648, 3.5) is PyJWT's check, from 2.15 on."""
_JWS: Final = jwt.PyJWS()


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A key with the algorithms it serves: those of the config that fit its kind.

    ``material`` is a shared secret or a public key; ``kid`` its name in a key set.
    """

    material: Any
    algorithms: frozenset[str]
    kid: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """What a token must be for its claim to count. No audience: it is not looked at."""

    claim: str
    issuer: str | None = None
    audience: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as canonical JSON, and until when it counts (seconds since the epoch)."""

    text: str
    until: float


@dataclass(frozen=True, slots=True)
class Unverified:
    """Why a token gives no claim; ``detail`` stands in ``Cache-Status`` (docs/passes.md)."""

    detail: str
    message: str


def read_claim(
    token: str, rule: ClaimRule, keys: Sequence[VerifyKey], now: float
) -> Claim | Unverified:
    """The claim that ``rule`` names, if one of ``keys`` has signed the token.

    A token without ``exp`` counts for ever. Raises nothing.
    """
    payload = _signed(token, keys)
    if payload is None:
        return Unverified(UNVERIFIED, "its form or its signature is not valid")
    try:
        parsed = read_json(payload.decode())
    except ValueError:
        return Unverified(UNVERIFIED, "its claims are no JSON")
    claims = parsed.value
    if not isinstance(claims, dict) or parsed.repeated:
        return Unverified(UNVERIFIED, "its claims are no object, or one stands there twice")
    refused = _not_for_us(claims, rule)
    if refused is not None:
        return Unverified(UNVERIFIED, refused)
    until = _date(claims, "exp", math.inf) - MARGIN
    since = _date(claims, "nbf", -math.inf)
    if math.isnan(until) or math.isnan(since):
        return Unverified(UNVERIFIED, "exp or nbf is no number")
    if not since <= now < until:
        return Unverified(EXPIRED, "it has expired, or does not count yet")
    return _named(claims, rule.claim, until)


def key_named(token: str) -> str | None:
    """The ``kid`` of a token, None if it names none or cannot be read. Not to be trusted."""
    if not _FORM.fullmatch(token):
        return None
    try:
        kid = _JWS.get_unverified_header(token).get("kid")
    except jwt.PyJWTError:
        return None
    return kid if isinstance(kid, str) else None


def _signed(token: str, keys: Sequence[VerifyKey]) -> bytes | None:
    """The payload of a token that one of the keys has signed."""
    if not _FORM.fullmatch(token):
        return None
    kid = key_named(token)
    for key in keys:
        if kid is not None and key.kid is not None and key.kid != kid:
            continue
        try:
            found = _JWS.decode_complete(token, key.material, algorithms=sorted(key.algorithms))
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        payload: bytes = found["payload"]
        return payload
    return None


def _not_for_us(claims: Mapping[str, Json], rule: ClaimRule) -> str | None:
    if rule.issuer is not None and claims.get("iss") != rule.issuer:
        return "it is of another issuer"
    if rule.audience:
        said = claims.get("aud")
        audience = said if isinstance(said, list) else [said]
        if not any(isinstance(one, str) and one in rule.audience for one in audience):
            return "it is for another audience"
    return None


def _date(claims: Mapping[str, Json], name: str, absent: float) -> float:
    """A NumericDate (RFC 7519, section 2); NaN if it is none."""
    if name not in claims:
        return absent
    value = claims[name]
    seconds = float(value.text) if isinstance(value, Lexeme) else math.nan
    return seconds if math.isfinite(seconds) else math.nan


def _named(claims: dict[str, Json], name: str, until: float) -> Claim | Unverified:
    value = next(_found(claims, name), None)
    if isinstance(value, str | bool | Lexeme):
        return Claim(canonical_json(value), until)
    return Unverified(CLAIMLESS, f"it has no claim {name}, or that is no text, number or flag")


def _found(claims: dict[str, Json], path: str) -> Iterator[Json]:
    """What a path may mean, the likeliest first: the whole is a name, else the longest beginning
    before a dot that is one leads into an object."""
    if path in claims:
        yield claims[path]
    end = path.rfind(".")
    while end > 0:
        inner = claims.get(path[:end])
        if isinstance(inner, dict):
            yield from _found(inner, path[end + 1 :])
        end = path.rfind(".", 0, end)
