"""The scopes of a query with what a request holds for them: never a raw credential."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterable, Mapping

from controller.cli.explained import Reason, ShownScope
from controller.core.claims import Unverified, key_named, read_claim
from controller.core.identity import presented
from controller.core.policy import ANONYMOUS, PUBLIC
from controller.gateway.identity import ClaimScope, claim_scopes
from controller.jwks import KeySet
from vclgen.config import Config, ScopeSource


async def shown_scopes(
    config: Config, names: Collection[str], sources: Mapping[str, tuple[ScopeSource, str]]
) -> tuple[ShownScope, ...]:
    """Each scope among ``names``, and where ``sources`` has its value. Fetches an issuer's keys
    where a token has to be verified.

    Raises:
        ConfigError: the key of a scope whose token has to be verified cannot be used.
    """
    claims: Mapping[str, ClaimScope] = {}
    if any(config.scopes[name].jwt is not None for name in sources):
        claims = claim_scopes(config)
    if not names:
        return (ShownScope(PUBLIC, "shared by everybody; credentials are dropped"),)
    return tuple([await _shown(config, name, sources, claims) for name in sorted(names)])


def refused_token(scopes: Iterable[ShownScope]) -> Reason | None:
    """Why a request passes because of a token."""
    for scope in scopes:
        if scope.refused is not None:
            return Reason(scope.refused, f"the token of scope {scope.name}: {scope.words}")
    return None


async def _shown(
    config: Config,
    name: str,
    sources: Mapping[str, tuple[ScopeSource, str]],
    claims: Mapping[str, ClaimScope],
) -> ShownScope:
    if name == ANONYMOUS:
        return ShownScope(name, "shared among requests without credentials")
    scope = config.scopes[name]
    from_where = tuple(map(str, scope.sources))
    if name not in sources:
        words = "these headers hold none: shared among requests without one"
        return ShownScope(name, words, from_where)
    source, value = sources[name]
    if scope.jwt is None:
        masked = f"sha256:{hashlib.sha256(value.encode()).hexdigest()[:8]}…"
        words = "requests with another value have other answers"
        return ShownScope(name, words, from_where, str(source), masked)
    found = await _claim(claims[name], source, value)
    if isinstance(found, Unverified):
        return ShownScope(name, found.message, from_where, str(source), None, None, found.detail)
    words = f"claim {scope.jwt.claim}; tokens with another value have other answers"
    return ShownScope(name, words, from_where, str(source), None, found)


async def _claim(scope: ClaimScope, source: ScopeSource, value: str) -> str | Unverified:
    """The claim as JSON."""
    shown = presented([(source.kind, source.name)], lambda _: [value])
    assert shown is not None
    keys = await scope.keys.named(key_named(shown.token))
    if not keys and isinstance(scope.keys, KeySet):
        return Unverified("unverified-token", f"there is no key to verify it: {scope.keys.error}")
    claim = read_claim(shown.token, scope.rule, keys, time.time())
    return claim if isinstance(claim, Unverified) else claim.text
