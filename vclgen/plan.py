"""What the VCL has to do, decided: the templates only loop and branch over this.

config → **plan** → VCL. Every text in a plan was checked by ``vclgen.config`` (names, header
tokens, paths) and is quoted by ``vclgen.escape`` where a template prints it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import ClassVar, Final

from vclgen import __version__
from vclgen.config import Config
from vclgen.config.origins import SPARE_SECONDS
from vclgen.config.scopes import ScopeSource
from vclgen.config.values import Address, is_loopback
from vclgen.config.waiting import purge_wait
from vclgen.edge import (
    EdgePlan,
    cors_plan,
    ignored_cookies,
    limit_plans,
    lowered,
    unkeyed_headers,
)
from vclgen.include import listener_ports
from vclgen.names import FORWARDED_HEADERS
from vclgen.versions import words_of

PLAIN_HEADERS: Final = (
    "accept",
    "accept-encoding",
    "content-length",
    "content-type",
    "host",
    "traceparent",
    "transfer-encoding",
)
"""What a cacheable fetch may carry to the controller besides keyed and internal headers."""

ROUNDS: Final = 6
"""``max_restarts``: verdict, identity, past swr, error make four; two to spare."""


@dataclass(frozen=True, slots=True)
class ScopePlan:
    """One named scope; the first source that is present gives the value, or with ``claim`` the
    token that holds it.
    """

    number: int
    name: str
    sources: tuple[ScopeSource, ...]
    claim: bool


@dataclass(frozen=True, slots=True)
class GatewayPlan(EdgePlan):
    """The gateway profile. Sizes are bytes, times whole seconds; no ``stale_if_error`` is 0."""

    profile: ClassVar[str] = "gateway"

    controller: Address
    passes: Address
    first_byte: int
    between_bytes: int
    scopes: tuple[ScopePlan, ...]
    lookup_body_size: int
    stale_if_error: int

    @property
    def scope_headers(self) -> tuple[str, ...]:
        """Headers that only scopes key: forwarded where a scope of the query reads them."""
        return tuple(sorted(self._scope_names("header") - set(self.keyed_headers)))

    @property
    def scope_cookies(self) -> tuple[str, ...]:
        """Cookies that scopes read."""
        return tuple(sorted(self._scope_names("cookie")))

    @property
    def claim_scopes(self) -> tuple[ScopePlan, ...]:
        """The scopes that need an identity lookup."""
        return tuple(scope for scope in self.scopes if scope.claim)

    @property
    def identity_headers(self) -> str:
        """The allow-list of an identity fetch, as the alternatives of a regular expression."""
        read = {s.name for scope in self.claim_scopes for s in scope.sources if s.kind == "header"}
        framing = ("host", "cookie", "content-type", "content-length")
        return "|".join(re.escape(name) for name in sorted({*read, *framing}))

    @property
    def fetch_headers(self) -> str:
        """The allow-list of a cacheable fetch, as the alternatives of a regular expression."""
        names = {*PLAIN_HEADERS, *self.keyed_headers, *self.scope_headers}
        return "|".join(re.escape(name) for name in sorted(names))

    @property
    def single_headers(self) -> tuple[str, ...]:
        """Headers whose value is hashed: a second line of one makes the request pass."""
        return (*self.keyed_headers, *self.scope_headers)

    @property
    def vary(self) -> str:
        """What a client's own cache has to know: everything that splits the objects."""
        credentials = ("authorization", "cookie")
        names = dict.fromkeys(
            ("accept", "accept-encoding", *self.keyed_headers, *self.scope_headers, *credentials)
        )
        return ", ".join(names)

    def _scope_names(self, kind: str) -> set[str]:
        return {s.name for scope in self.scopes for s in scope.sources if s.kind == kind}


def gateway_plan(config: Config, *, include: bool = False) -> GatewayPlan:
    """Decide everything the gateway's VCL does from the config. Pure; raises nothing."""
    keyed = lowered((*config.vary_headers, *config.always_keyed))
    scopes = tuple(
        ScopePlan(number, name, scope.sources, scope.jwt is not None)
        for number, (name, scope) in enumerate(sorted(config.scopes.items()), start=1)
    )
    read_by_scopes = {s.name for scope in scopes for s in scope.sources if s.kind == "header"}
    excepted = {*keyed, *read_by_scopes, *lowered(config.ignore_headers)}
    proxy_listen = config.varnish.proxy_listen
    return GatewayPlan(
        version=__version__,
        service=config.name,
        digest=config.digest,
        path=config.path,
        controller=config.controller.gateway_address,
        passes=config.controller.pass_address,
        first_byte=longer(config, config.origin_timeouts.answer),
        between_bytes=longer(config, config.origin_timeouts.between_bytes),
        secret_file=str(config.secret_file),
        bypass_headers=lowered(h.name for h in config.bypass_cache_headers),
        keyed_headers=keyed,
        unkeyed_headers=unkeyed_headers(config, excepted),
        ignored_cookies=ignored_cookies(config),
        scopes=scopes,
        lookup_body_size=min(config.lookup_body_size, config.request_limit),
        max_request_size=config.request_limit,
        leased=config.leased,
        hits_need_lease=config.purge.wait == "all",
        trusted_proxies=config.varnish.trusted_proxies,
        proxy_listener=proxy_listen is not None,
        proxy_peers=proxy_listen is not None and not is_loopback(proxy_listen.host),
        told_by=FORWARDED_HEADERS,
        stale_if_error=config.stale_if_error,
        client_max_age=config.client_max_age,
        client_bypass=config.client_bypass,
        debug=config.debug,
        cors=cors_plan(config.cors),
        limits=limit_plans(config),
        words=words_of(config.varnish.version),
        include=include,
        ports=listener_ports(config),
    )


def longer(config: Config, seconds: float) -> int:
    """What Varnish waits where the controller waits so long for the origin, and then for purges."""
    return math.ceil(seconds + purge_wait(config) + SPARE_SECONDS)
