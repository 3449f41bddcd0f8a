"""What the VCL of a direct profile has to do, decided from the config and the profile's data."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from vclgen import __version__
from vclgen.config import Config
from vclgen.config.direct import DesignException, Health
from vclgen.config.proxies import Network
from vclgen.config.values import Address, is_loopback
from vclgen.direct.patterns import (
    PATTERN_TAG,
    PLAIN_GROUPS,
    anywhere,
    odd_tag,
    parameters,
)
from vclgen.direct.profiles import (
    KNOWN_SEPARATORS,
    PROFILES,
    STATIC,
    STEERING_HEADERS,
    Profile,
    TagList,
)
from vclgen.direct.servers import Server, servers_of
from vclgen.edge import (
    EdgePlan,
    alternatives,
    cors_plan,
    ignored_cookies,
    limit_plans,
    lowered,
    unkeyed_headers,
)
from vclgen.include import listener_ports
from vclgen.names import ALWAYS_KEYED, FORWARDED_HEADERS
from vclgen.plan import PLAIN_HEADERS, longer
from vclgen.versions import words_of

PATIENCE: Final = 600.0
"""Seconds for the first byte of a page where the config says nothing: pages of a shop's back office
take minutes."""
PURGE_METHODS: Final = ("PURGE", "BAN", "REFRESH", "PURGEKEYS", "PURGE_GRAPHQL")
"""Methods that ask a cache to forget something, with any origin."""


@dataclass(frozen=True, slots=True)
class DirectPlan(EdgePlan):
    """A direct profile. Sizes are bytes, times seconds.

    ``controller`` is the pass listener, None where the VCL works alone. ``pass_paths``,
    ``marketing`` are regular expressions. ``esi`` and what is about pages only counts where the
    whole ``site`` is served.
    """

    pattern_tag: ClassVar[str] = PATTERN_TAG
    plain_groups: ClassVar[str] = PLAIN_GROUPS
    static_pattern: ClassVar[str] = STATIC
    purge_methods: ClassVar[str] = f"^({'|'.join(PURGE_METHODS)})$"

    known: Profile
    shape: str
    servers: tuple[Server, ...]
    controller: Address | None
    constants: tuple[tuple[str, str], ...]
    site: bool
    tags: TagList
    max_tag_header: int
    purgers: tuple[Network, ...]
    harmless_vary: str
    vary_cookies: tuple[str, ...]
    tls_header: str
    pass_paths: str | None
    marketing: str | None
    static_cached: bool
    esi: bool
    swr: float
    grace: float | None
    health: Health | None
    design_exceptions: tuple[DesignException, ...]
    connect: float
    first_byte: float
    between_bytes: float
    passes_first_byte: int
    passes_between_bytes: int

    @property
    def profile(self) -> str:
        """The name of the profile."""
        return self.known.name

    @property
    def several(self) -> bool:
        """Whether a director chooses among servers."""
        return len(self.servers) > 1

    @property
    def known_methods(self) -> str:
        """A regular expression for the methods of purges that this origin uses."""
        return f"^({'|'.join(self.known.purge_methods)})$"

    @property
    def tls_header_follows(self) -> bool:
        """Whether ``tls_header`` is a header apart that X-Forwarded-Proto gives its value to."""
        return self.forwarded and self.tls_header != "x-forwarded-proto"

    @property
    def page_headers(self) -> tuple[str, ...]:
        """What splits all but the GraphQL path: CORS of pages and files is the origin's."""
        return ALWAYS_KEYED if self.site and self.cors else ()

    @property
    def refreshes(self) -> bool:
        """Whether whoever may purge can have an answer fetched anew."""
        return self.known.refresh and bool(self.purgers)

    @property
    def single_headers(self) -> tuple[str, ...]:
        """Headers whose value is hashed: a second line of one makes the request pass."""
        names = (*self.keyed_headers, *self.page_headers, self.tls_header, "authorization")
        return tuple(dict.fromkeys(names))

    @property
    def fetch_headers(self) -> str:
        """The allow-list of a GraphQL fetch, as the alternatives of a regular expression."""
        besides = {"content-type", *self.page_headers} - set(self.keyed_headers)
        names = {*PLAIN_HEADERS, *self.single_headers, "cookie"} - besides
        return "|".join(re.escape(name) for name in sorted(names))

    @property
    def steering_headers(self) -> str:
        """What a page's fetch leaves out, as the alternatives of a regular expression. A CGI reads
        ``x_forwarded_host`` and ``content_currency`` as if hyphens stood there.
        """
        told = self.told_by if self.forwarded else ()
        names = sorted({*STEERING_HEADERS, *told} - set(self.single_headers))
        keyed = "|".join(map(re.escape, self.single_headers))
        return "|".join((*map(re.escape, names), f"(?!({keyed}):)[^:_]*_[^:]*"))

    @property
    def vary(self) -> str:
        """What a client's own cache has to know of a GraphQL answer."""
        names = dict.fromkeys(
            ("accept", "accept-encoding", *self.keyed_headers, "authorization", "cookie")
        )
        return ", ".join(names)

    @property
    def page_cookies(self) -> tuple[str, ...]:
        """Cookies that split pages."""
        own = self.known.page_cookie
        return (*((own,) if own else ()), *self.vary_cookies)

    @property
    def long_list(self) -> str:
        """A regular expression for a list that is not read tag by tag: longer than
        ``max_tag_header``, rounded up to kilobytes. VCL cannot measure strings.
        """
        return f"^(?s:.{{1024}}){{{-(-self.max_tag_header // 1024)}}}."

    @property
    def odd_tag(self) -> str:
        """Finds a tag which is not purged by name in a list whose separators are tidy."""
        return odd_tag(self.tags.separator)

    @property
    def service_key(self) -> str:
        """The key by which the controller purges everything softly: that of the service's tag
        (``controller.core.tags.wire``, which this must agree with).
        """
        digest = hashlib.sha256(f"{self.service}\0app:{self.service}".encode()).digest()[:12]
        return base64.urlsafe_b64encode(digest).decode()


def direct_plan(config: Config, *, include: bool = False) -> DirectPlan:
    """Decide everything a direct profile's VCL does from the config. Pure; raises nothing."""
    direct, known = config.direct, PROFILES[config.profile]
    timeouts, given = config.origin_timeouts, "origin_timeouts" in config.model_fields_set
    listen = config.varnish.proxy_listen
    site = not include and (known.site if direct.serve is None else direct.serve == "site")
    keyed = lowered((*known.keyed_headers, *config.vary_headers, *config.always_keyed))
    ignored = lowered((*known.ignored_headers, *config.ignore_headers))
    excepted = {*keyed, *ignored, direct.tls_header}
    tags = _tags(config, known)
    swr = known.swr if direct.swr is None else direct.swr
    grace = known.grace if direct.grace is None else direct.grace
    if direct.swr is not None:
        grace = max(swr, grace or 0)
    pass_paths = known.pass_paths if direct.pass_paths is None else direct.pass_paths
    marketing = direct.marketing_parameters
    shape = (known.name, tags, keyed, direct.vary_cookies, direct.tls_header, config.path, site)
    return DirectPlan(
        version=__version__,
        known=known,
        service=config.name,
        digest=config.digest,
        shape=hashlib.sha256(repr(shape).encode()).hexdigest()[:8],
        path=config.path,
        servers=servers_of(config),
        controller=config.controller.pass_address if direct.controller else None,
        secret_file=str(config.secret_file),
        leased=config.leased and direct.controller,
        hits_need_lease=config.purge.wait == "all",
        debug=config.debug,
        max_request_size=config.request_limit,
        bypass_headers=lowered(h.name for h in config.bypass_cache_headers),
        constants=tuple(sorted(config.fetch_headers.items())),
        site=site,
        tags=tags,
        max_tag_header=direct.max_tag_header,
        purgers=direct.purgers,
        keyed_headers=keyed,
        unkeyed_headers=unkeyed_headers(config, excepted),
        harmless_vary=alternatives({*excepted, *ALWAYS_KEYED, "accept", "accept-encoding"}),
        ignored_cookies=ignored_cookies(config),
        vary_cookies=direct.vary_cookies,
        tls_header=direct.tls_header,
        pass_paths=anywhere(pass_paths) if site else None,
        marketing=parameters(known.marketing_parameters if marketing is None else marketing),
        static_cached=direct.static == "cache",
        esi=site and (known.esi if direct.esi is None else direct.esi),
        swr=swr,
        grace=grace,
        health=_health(direct.health, known),
        design_exceptions=direct.design_exceptions,
        trusted_proxies=config.varnish.trusted_proxies,
        proxy_listener=listen is not None,
        proxy_peers=listen is not None and not is_loopback(listen.host),
        told_by=lowered((*FORWARDED_HEADERS, direct.tls_header)),
        cors=cors_plan(config.cors),
        limits=limit_plans(config),
        client_max_age=config.client_max_age,
        client_bypass=config.client_bypass,
        words=words_of(config.varnish.version),
        connect=timeouts.connect,
        first_byte=timeouts.first_byte if given else max(PATIENCE, timeouts.first_byte),
        between_bytes=timeouts.between_bytes,
        passes_first_byte=longer(config, timeouts.answer),
        passes_between_bytes=longer(config, timeouts.between_bytes),
        include=include,
        ports=listener_ports(config),
    )


def tag_templates(config: Config) -> Mapping[str, tuple[str, ...]]:
    """By type, the origin's tags of an entity of it, with key fields in braces; without one a
    template is the tag of all of the type. The profile's own, and the config's in their place.
    """
    known = PROFILES[config.profile].tag_templates if config.profile in PROFILES else {}
    return {**known, **config.tag_templates}


def _tags(config: Config, known: Profile) -> TagList:
    given = config.direct.tags
    if given is None:
        assert known.tags is not None
        return known.tags
    separator = KNOWN_SEPARATORS.get(given.header, "space")
    if given.separator is not None and separator != "structured":
        separator = given.separator
    return TagList(given.header, separator)


def _health(given: Health, known: Profile) -> Health | None:
    path = given.path or known.health_path
    return given.model_copy(update={"path": path}) if path and given.enabled else None
