"""What the config says to the gateway, ready for use on each request. Names are lower case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from controller.core.policy import ANONYMOUS
from controller.gateway.identity import ClaimScope, claim_scopes
from controller.gateway.retries import NEVER, Retries
from controller.jwks import KeySet
from vclgen.config import Config, ScopeSource

_NEGOTIATED: Final = frozenset({"accept", "accept-encoding", "content-type"})


@dataclass(frozen=True, slots=True)
class GatewayRules:
    """Sizes are bytes. ``scopes`` maps a scope's name to where its value is read.
    ``claims`` are those whose value is a claim of the token there.
    ``origin_cache_control``: the origin's Cache-Control counts as a rule. ``cors``: the edge
    answers CORS. ``stale_if_error`` is seconds.
    """

    keyed_headers: frozenset[str]
    scopes: Mapping[str, tuple[ScopeSource, ...]]
    remove_cookies: frozenset[str]
    cache_errors: bool
    max_body_size: int
    max_request_size: int
    debug: bool
    origin_cache_control: bool = False
    claims: Mapping[str, ClaimScope] = field(default_factory=dict)
    retries: Retries = NEVER
    cors: bool = False
    stale_if_error: int = 0

    def forwarded_headers(self, scopes: Iterable[str]) -> frozenset[str]:
        """The headers a cacheable fetch under these scopes may carry beside the fixed ones."""
        return self.keyed_headers | self._names("header", scopes)

    def forwarded_cookies(self, scopes: Iterable[str]) -> frozenset[str]:
        """The cookies such a fetch may carry."""
        return self._names("cookie", scopes)

    def may_vary_on(self, scopes: frozenset[str]) -> frozenset[str]:
        """The names an origin's Vary may hold: what the key holds under these scopes.

        An ANONYMOUS answer is for requests without credentials alone, so it may vary on those.
        """
        names = _NEGOTIATED | self.forwarded_headers(scopes)
        if self.cors:
            names |= {"origin"}  # the fetch had none, and what CORS needs is written at the edge
        if self.forwarded_cookies(scopes):
            names |= {"cookie"}
        if ANONYMOUS in scopes:
            names |= {"cookie", "authorization"}
        return names

    def _names(self, kind: str, scopes: Iterable[str]) -> frozenset[str]:
        sources = (source for scope in scopes for source in self.scopes.get(scope, ()))
        return frozenset(source.name for source in sources if source.kind == kind)


def gateway_rules(config: Config, known: Iterable[KeySet] = ()) -> GatewayRules:
    """The gateway's part of the config. ``known`` are key sets that may be used again.

    Raises:
        ConfigError: the file with the key of a scope cannot be used.
    """
    return GatewayRules(
        keyed_headers=frozenset({*map(str.lower, config.vary_headers), *config.always_keyed}),
        scopes={name: scope.sources for name, scope in config.scopes.items()},
        remove_cookies=frozenset(config.remove_cookies),
        cache_errors=config.cache_errors,
        max_body_size=config.max_body_size,
        max_request_size=config.request_limit,
        debug=config.debug,
        origin_cache_control=not config.ignore_origin_cache_control,
        claims=claim_scopes(config, known),
        retries=Retries(
            network_errors=config.retries.network_errors.is_enabled,
            server_errors=config.retries.server_errors.is_enabled,
            graphql_responses=config.retries.server_errors.when_graphql_response,
        ),
        cors=config.cors is not None,
        stale_if_error=config.stale_if_error,
    )
