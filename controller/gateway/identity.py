"""Claim scopes: ``/identity``, and the same check again on each fetch.

Varnish keeps the answer to a token for at most 5 minutes, never longer than the token counts, and
makes the data key of it. The fetch itself is checked anew, so that neither alone has to be right.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from controller.core.claims import (
    EXPIRED,
    UNVERIFIED,
    ClaimRule,
    Unverified,
    VerifyKey,
    key_named,
    read_claim,
)
from controller.core.identity import Presented, Source, presented, scope_text
from controller.gateway.asgi import Request, Response
from controller.gateway.headers import Headers, lookup_all
from controller.jwks import KeySet
from vclgen.config import Config, Jwt
from vclgen.config.jwt_keys import BadKey, key_of
from vclgen.errors import ConfigError, Problem

REMEMBERED: Final = 300
"""Seconds for which Varnish keeps an identity at most (DESIGN, The one idea)."""


class Keys(Protocol):
    """Where the keys of a scope come from."""

    async def named(self, kid: str | None) -> Sequence[VerifyKey]:
        """Those that may have signed a token that names ``kid``."""
        ...


@dataclass(frozen=True, slots=True)
class FixedKeys:
    """The one key that the config gives."""

    keys: tuple[VerifyKey, ...]

    async def named(self, kid: str | None) -> Sequence[VerifyKey]:  # noqa: ARG002
        """That key; what a token calls it does not matter."""
        return self.keys


@dataclass(frozen=True, slots=True)
class ClaimScope:
    """A scope whose value is a claim."""

    sources: tuple[Source, ...]
    rule: ClaimRule
    keys: Keys


@dataclass(frozen=True, slots=True)
class Identified:
    """Whose request it is. ``text``: what keys hold of it, None if it carries no token.

    ``until``: when the first of its tokens ends (seconds since the epoch).
    """

    text: str | None
    until: float
    shown: tuple[Presented, ...]

    def as_keyed(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """The headers of a fetch with its tokens in one spelling."""
        values = {p.source[1]: p.value for p in self.shown if p.source[0] == "header"}
        return [(name, values.get(name, value)) for name, value in headers]


async def identify(
    headers: Headers, names: Iterable[str], scopes: Mapping[str, ClaimScope]
) -> Identified | Unverified:
    """Whose request it is, in the claim scopes among ``names``."""
    texts = []
    shown = []
    until = math.inf
    for name in sorted(scopes.keys() & set(names)):
        scope = scopes[name]
        token = presented(scope.sources, lambda source: _values(headers, source))
        if token is None:
            texts.append(scope_text(name, None, None))
            continue
        keys = await scope.keys.named(key_named(token.token))
        claim = read_claim(token.token, scope.rule, keys, time.time())
        if isinstance(claim, Unverified):
            return claim
        texts.append(scope_text(name, token, claim))
        shown.append(token)
        until = min(until, claim.until)
    return Identified(",".join(texts) if shown else None, until, tuple(shown))


async def identity_response(request: Request, scopes: Mapping[str, ClaimScope]) -> Response:
    """The identity behind a request's tokens as Varnish stores it (docs/protocol.md)."""
    names = (request.header(b"x-shellac-scopes") or "").split(",")
    found = await identify(request.headers, names, scopes)
    if isinstance(found, Identified):
        seconds = min(REMEMBERED, found.until - time.time())
        if found.text is not None and seconds >= 1:
            headers = [
                (b"x-shellac-claims", found.text.encode()),
                (b"x-shellac-max-age", str(int(seconds)).encode()),
            ]
            return Response(200, headers)
        detail = UNVERIFIED if found.text is None else EXPIRED
    else:
        detail = found.detail
    return Response(200, [(b"x-shellac-detail", detail.encode())])


def claim_scopes(config: Config, known: Iterable[KeySet] = ()) -> dict[str, ClaimScope]:
    """The scopes with ``jwt``, by name. Scopes of one issuer share its key set; of ``known`` ones
    those that fit are used, with the keys that they have.

    Raises:
        ConfigError: each ``secretFile`` that cannot be read or holds no usable key.
    """
    sets = {(keys.url, keys.algorithms): keys for keys in known}
    found = {}
    problems: list[Problem] = []
    for name, scope in config.scopes.items():
        if scope.jwt is not None:
            rule = ClaimRule(scope.jwt.claim, scope.jwt.issuer, frozenset(scope.jwt.audience))
            sources = tuple((source.kind, source.name) for source in scope.sources)
            keys: Keys
            if scope.jwt.jwks_url is not None:
                place = (scope.jwt.jwks_url, frozenset(scope.jwt.algorithm))
                keys = sets.setdefault(place, KeySet(*place))
            else:
                try:
                    keys = FixedKeys((_fixed(name, scope.jwt),))
                except ConfigError as error:
                    problems += error.problems
                    continue
            found[name] = ClaimScope(sources, rule, keys)
    if problems:
        raise ConfigError(problems)
    return found


def key_sets(scopes: Mapping[str, ClaimScope]) -> tuple[KeySet, ...]:
    """The key sets that have to be kept up to date."""
    found = (scope.keys for scope in scopes.values())
    return tuple(dict.fromkeys(keys for keys in found if isinstance(keys, KeySet)))


def _fixed(name: str, jwt: Jwt) -> VerifyKey:
    text = jwt.secret or jwt.public_key
    if text is None:
        assert jwt.secret_file is not None
        text = _file(name, jwt.secret_file)
    try:
        return VerifyKey(key_of(text, jwt.algorithm), frozenset(jwt.algorithm))
    except BadKey as error:
        place = str(jwt.secret_file or "shellac.yaml")
        problem = Problem(place, None, f"scopes.{name}.jwt", f"the key {error.what}", error.fix)
        raise ConfigError([problem]) from error


def _file(name: str, path: Path) -> str:
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        what = f"the key cannot be read ({error})"
        fix = "name a file that the controller can read"
        problem = Problem(str(path), None, f"scopes.{name}.jwt.secretFile", what, fix)
        raise ConfigError([problem]) from error


def _values(headers: Headers, source: Source) -> list[str]:
    kind, name = source
    if kind == "header":
        return lookup_all(headers, name.encode())
    pairs = "; ".join(lookup_all(headers, b"cookie")).split(";")
    split = (pair.strip(" \t").partition("=") for pair in pairs)
    return [value for cookie, _, value in split if cookie == name]
