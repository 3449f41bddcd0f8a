"""What the VCL has to do, decided: the templates only loop and branch over this.

config → **plan** → VCL. Every text in a plan was checked by ``vclgen.config`` (names, header
tokens, paths) and is quoted by ``vclgen.escape`` where a template prints it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from vclgen import __version__
from vclgen.config import Config
from vclgen.config.scopes import ScopeSource
from vclgen.config.values import Address
from vclgen.names import ALWAYS_KEYED, IGNORED_COOKIES, PASS_HEADERS

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
class GatewayPlan:
    """The gateway profile. Sizes are bytes.

    ``unkeyed_headers`` and ``ignored_cookies`` are regular expressions over names: the headers that
    make a request pass, and the cookies that are no credentials. ``leased``: the node's health
    depends on its lease; ``hits_need_lease``: so do its hits.
    """

    version: str
    service: str
    digest: str
    path: str
    controller: Address
    passes: Address
    secret_file: str
    bypass_headers: tuple[str, ...]
    keyed_headers: tuple[str, ...]
    unkeyed_headers: str
    ignored_cookies: str
    scopes: tuple[ScopePlan, ...]
    lookup_body_size: int
    max_request_size: int
    leased: bool
    hits_need_lease: bool
    debug: bool

    @property
    def path_pattern(self) -> str:
        """A regular expression for exactly the GraphQL path, with or without a query string."""
        return f"^{re.escape(self.path)}(\\?|$)"

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


def gateway_plan(config: Config) -> GatewayPlan:
    """Decide everything the gateway's VCL does from the config. Pure; raises nothing."""
    keyed = _lowered((*config.vary_headers, *ALWAYS_KEYED))
    scopes = tuple(
        ScopePlan(number, name, scope.sources, scope.jwt is not None)
        for number, (name, scope) in enumerate(sorted(config.scopes.items()), start=1)
    )
    read_by_scopes = {s.name for scope in scopes for s in scope.sources if s.kind == "header"}
    known = _lowered((*PASS_HEADERS, *config.pass_headers))
    excepted = {*keyed, *read_by_scopes, *_lowered(config.ignore_headers)}
    unkeyed = _alternatives(name for name in known if not _covered(name, excepted))
    return GatewayPlan(
        version=__version__,
        service=config.name,
        digest=config.digest,
        path=config.path,
        controller=config.controller.gateway_address,
        passes=config.controller.pass_address,
        secret_file=str(config.secret_file),
        bypass_headers=_lowered(h.name for h in config.bypass_cache_headers),
        keyed_headers=keyed,
        unkeyed_headers=f"(?!({_alternatives(excepted)}):)({unkeyed})",
        ignored_cookies=f"^({_alternatives((*IGNORED_COOKIES, *config.ignore_cookies))})$",
        scopes=scopes,
        lookup_body_size=config.lookup_body_size,
        max_request_size=config.max_request_size,
        leased=config.leased,
        hits_need_lease=config.purge.wait == "all",
        debug=config.debug,
    )


def _covered(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of the names or ``prefix*`` patterns takes in this whole name or pattern."""
    return any(
        name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
        for pattern in patterns
    )


def _lowered(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.lower() for name in names))


def _alternatives(names: Iterable[str]) -> str:
    """Names as the alternatives of a regular expression; a trailing ``*`` is a wildcard.

    Sorted, so that the same config always gives the same VCL.
    """
    return "|".join(
        re.escape(name.removesuffix("*")) + ("[^:]*" if name.endswith("*") else "")
        for name in sorted(set(names))
    )
