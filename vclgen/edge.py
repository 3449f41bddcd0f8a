"""What the plans of all profiles share, and of it what the edge does itself: who the client is,
CORS, rate limits. Texts were checked by ``vclgen.config`` and are quoted by ``vclgen.escape`` where
a template prints them.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from vclgen.config import Config
from vclgen.config.cors import Cors
from vclgen.config.proxies import Network
from vclgen.config.rate_limits import RateLimit
from vclgen.names import IGNORED_COOKIES, PASS_HEADERS
from vclgen.versions import Words

PROXIES_IN_A_ROW: Final = 5
"""So many entries of X-Forwarded-For are looked at, as VCL has no loops. With more of them the
client is the farthest that was reached: a proxy, never an invention."""
_NAMES_BEFORE: Final = r"([a-z0-9_-]+\.)+"


@dataclass(frozen=True, slots=True)
class CorsPlan:
    """``origins`` is a regular expression for a whole Origin header, None: every one. ``headers``
    None: what is asked for. ``max_age`` is in seconds. Lists are as a header holds them.
    """

    origins: str | None
    methods: str
    headers: str | None
    expose: str
    credentials: bool
    max_age: int


@dataclass(frozen=True, slots=True)
class LimitPlan:
    """``kind`` says whose requests count together, ``source`` the header or cookie by name.
    ``networks`` are pairs of address and prefix length that are not limited, ``values`` the values.
    ``window`` and ``retry`` are seconds: ``retry`` is the time in which one request comes back.
    ``warning``: how many of ``budget`` are left when the log says so.
    """

    number: int
    name: str
    dry_run: bool
    kind: Literal["ip", "header", "cookie"]
    source: str
    networks: tuple[tuple[str, int], ...]
    values: tuple[str, ...]
    budget: int
    window: str
    retry: int
    warning: int | None

    @property
    def refused(self) -> str:
        """The message of the answer with status 429."""
        counted = "request" if self.budget == 1 else "requests"
        return f"Rate limit {self.name}: {self.budget} {counted} in {self.window} s are used up"

    @property
    def mark(self) -> str:
        """The member of ``Shellac-RateLimit``: a list of strings (RFC 9651, section 3.1)."""
        return f'"{self.name}"{";dry-run" if self.dry_run else ""}'


@dataclass(frozen=True, slots=True)
class EdgePlan:
    """What the plans of all profiles hold, and the templates that serve them all read.

    ``unkeyed_headers`` and ``ignored_cookies`` are regular expressions over names: the headers that
    make a request pass, and the cookies that are no credentials. ``leased``: the node's health
    depends on its lease; ``hits_need_lease``: so do its hits. ``words``: those of its Varnish.
    ``include``: it stands in somebody else's VCL, which serves every path but this one and where a
    listener is known by its port (``ports``). ``proxy_peers``: the PROXY listener has to check who
    connects. ``told_by``: the headers, by lowercase name, by which proxies tell of the client. A
    ``client_max_age`` of 0 seconds is none.
    """

    proxies_in_a_row: ClassVar[int] = PROXIES_IN_A_ROW

    version: str
    service: str
    digest: str
    path: str
    secret_file: str
    bypass_headers: tuple[str, ...]
    keyed_headers: tuple[str, ...]
    unkeyed_headers: str
    ignored_cookies: str
    max_request_size: int
    leased: bool
    hits_need_lease: bool
    debug: bool
    words: Words
    include: bool
    ports: Mapping[str, int]
    trusted_proxies: tuple[Network, ...]
    proxy_listener: bool
    proxy_peers: bool
    told_by: tuple[str, ...]
    cors: CorsPlan | None
    limits: tuple[LimitPlan, ...]
    client_max_age: int
    client_bypass: bool

    @property
    def path_pattern(self) -> str:
        """A regular expression for exactly the GraphQL path, with or without a query string."""
        return f"^{re.escape(self.path)}(\\?|$)"

    @property
    def client_address(self) -> bool:
        """Whether the VCL finds out who the client is: rate limits count by it."""
        return self.forwarded or bool(self.limits)

    @property
    def forwarded(self) -> bool:
        """Whether what stands in for proxies is replaced where no proxy sent it."""
        return bool(self.trusted_proxies) or self.proxy_listener

    @property
    def forwarded_headers(self) -> str:
        """``told_by``, as the alternatives of a regular expression. To an origin behind CGI, WSGI
        or PHP `_` in a header's name is `-`.
        """
        return "|".join(re.escape(name).replace(r"\-", "[-_]") for name in self.told_by)


def unkeyed_headers(config: Config, excepted: Collection[str]) -> str:
    """The headers that make a request pass but for ``excepted``, names and ``prefix*`` patterns in
    lowercase, as a regular expression over names.
    """
    known = lowered((*PASS_HEADERS, *config.pass_headers))
    unkeyed = alternatives(name for name in known if not _covered(name, excepted))
    return f"(?!({alternatives(excepted)}):)({unkeyed})"


def ignored_cookies(config: Config) -> str:
    """The cookies that are no credentials, as a regular expression over names."""
    return f"^({alternatives((*IGNORED_COOKIES, *config.ignore_cookies))})$"


def lowered(names: Iterable[str]) -> tuple[str, ...]:
    """Names in lowercase, each once, in their order."""
    return tuple(dict.fromkeys(name.lower() for name in names))


def alternatives(names: Iterable[str]) -> str:
    """Names as the alternatives of a regular expression; a trailing ``*`` is a wildcard.

    Sorted, so that the same config always gives the same VCL.
    """
    return "|".join(
        re.escape(name.removesuffix("*")) + ("[^:]*" if name.endswith("*") else "")
        for name in sorted(set(names))
    )


def cors_plan(cors: Cors | None) -> CorsPlan | None:
    """How CORS is answered; None: by the origin."""
    if cors is None:
        return None
    return CorsPlan(
        origins=None if "*" in cors.origins else "|".join(map(_pattern, sorted(cors.origins))),
        methods=", ".join(cors.methods),
        headers=None if cors.headers is None else ", ".join(cors.headers),
        expose=", ".join(cors.expose_headers),
        credentials=cors.credentials,
        max_age=int(cors.max_age),
    )


def limit_plans(config: Config) -> tuple[LimitPlan, ...]:
    """The limits in the order of the config."""
    return tuple(_limit(number, each) for number, each in enumerate(config.rate_limits, start=1))


def _covered(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of the names or ``prefix*`` patterns takes in this whole name or pattern."""
    return any(
        name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
        for pattern in patterns
    )


def _limit(number: int, limit: RateLimit) -> LimitPlan:
    group, counted = limit.group_by, limit.limit
    by_address = group.kind == "ip"
    networks = map(ipaddress.ip_network, limit.allow_list if by_address else ())
    return LimitPlan(
        number=number,
        name=limit.name,
        dry_run=limit.state == "dryRun",
        kind=group.kind,
        source=group.header or group.cookie or "",
        networks=tuple((str(each.network_address), each.prefixlen) for each in networks),
        values=() if by_address else limit.allow_list,
        budget=counted.budget,
        window=f"{counted.window:g}",
        retry=max(1, math.ceil(counted.window / counted.budget)),
        warning=None if counted.warning is None else max(0, counted.budget - counted.warning),
    )


def _pattern(origin: str) -> str:
    scheme, _, host = origin.partition("://")
    names = _NAMES_BEFORE if host.startswith("*.") else ""
    return f"{re.escape(scheme)}://{names}{re.escape(host.removeprefix('*.'))}"
