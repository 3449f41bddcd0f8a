"""What no key can know alone: contradictions between keys. Pure; reads a typed config."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vclgen.config.graphql import NoSchema
from vclgen.config.source import KeyPath
from vclgen.config.values import Address, is_loopback
from vclgen.escape import fits

if TYPE_CHECKING:
    from vclgen.config.model import Config

BUILT_IN_SCOPES = ("PUBLIC", "ANONYMOUS")
_ON_EVERY_REQUEST = ("accept", "accept-encoding", "content-type", "user-agent")
"""As a reason to pass or bypass these would mean that nothing is cached."""
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction. ``reads``: the top-level keys it depends on."""

    path: KeyPath
    what: str
    fix: str
    reads: frozenset[str]


def contradictions(config: Config) -> tuple[Finding, ...]:
    """Everything in ``config`` that cannot hold at once."""
    return (
        *_undeclared_scopes(config),
        *_private_scope(config),
        *_schemaless(config),
        *_header_roles(config),
        *_scope_cookies(config),
        *_ports(config),
        *_proxy_listen(config),
        *_loop(config),
        *_same_origins(config),
        *_sizes(config),
        *_secret_file(config),
    )


def _undeclared_scopes(config: Config) -> Iterator[Finding]:
    known = (*BUILT_IN_SCOPES, *config.scopes)
    for index, rule in enumerate(config.rules):
        if rule.scope is not None and rule.scope not in known:
            yield Finding(
                ("rules", index, "scope"),
                f"{rule.scope} is not declared",
                f"declare it under scopes, or use one of {', '.join(known)}",
                frozenset(("rules", "scopes")),
            )


def _private_scope(config: Config) -> Iterator[Finding]:
    """Not a built-in scope: those share answers, and PRIVATE means that nobody may."""
    scope = config.cache_control.private_scope
    if scope is not None and scope not in config.scopes:
        yield Finding(
            ("cacheControl", "privateScope"),
            f"{scope} is not declared",
            "name one of `scopes`: what separates users",
            frozenset(("cacheControl", "scopes")),
        )


def _schemaless(config: Config) -> Iterator[Finding]:
    """Nothing would end what depends on a schema."""
    if isinstance(config.schema_source, NoSchema) and config.cache_introspection:
        yield Finding(
            ("cacheIntrospection",),
            "needs a schema: without one nothing ends the answers when the origin's changes",
            "remove it, or give a schema",
            frozenset(("cacheIntrospection", "schema")),
        )


def _header_roles(config: Config) -> Iterator[Finding]:
    """A header has one role: part of the key, ignored, reason to pass, to bypass, or constant."""
    roles: dict[str, dict[str, KeyPath]] = defaultdict(dict)
    for name, role, path in _roles(config):
        roles[name].setdefault(role, path)
    for name, places in roles.items():
        if len(places) > 1 and set(places) != {"always part of the key", "part of the key"}:
            (first, _), (_, path) = list(places.items())[:2]
            others = " and ".join(str(place[0]) for place in list(places.values())[:2])
            yield Finding(
                path,
                f"{name} is already {first}",
                f"leave it in one of {others}",
                frozenset(str(place[0]) for place in places.values()),
            )


def _roles(config: Config) -> Iterator[tuple[str, str, KeyPath]]:
    for name in config.always_keyed:
        yield name, "always part of the key", ("varyHeaders",)
    for name in _ON_EVERY_REQUEST:
        yield name, "on every request", ("bypassCacheHeaders",)
    for index, name in enumerate(config.vary_headers):
        yield name, "part of the key", ("varyHeaders", index)
    for scope, definition in config.scopes.items():
        for source in definition.sources:
            if source.kind == "header":
                yield source.name, "part of the key", ("scopes", scope)
    for index, name in enumerate(config.ignore_headers):
        yield name, "ignored", ("ignoreHeaders", index)
    for index, name in enumerate(config.pass_headers):
        yield name, "a reason to pass", ("passHeaders", index)
    for index, header in enumerate(config.bypass_cache_headers):
        yield header.name, "a reason to bypass", ("bypassCacheHeaders", index, "name")
    for name in config.origin_headers:
        yield name, "a constant", ("originHeaders", name)
    for name in config.headers if config.inject_headers else ():
        yield name, "a constant that injectHeaders sends", ("headers", name)


def _scope_cookies(config: Config) -> Iterator[Finding]:
    for scope, definition in config.scopes.items():
        for source in definition.sources:
            for index, pattern in enumerate(config.ignore_cookies):
                if source.kind == "cookie" and _matches(source.name, pattern):
                    yield Finding(
                        ("ignoreCookies", index),
                        f"{pattern} ignores the cookie {source.name}, which {scope} reads",
                        "remove one of the two",
                        frozenset(("ignoreCookies", "scopes")),
                    )


def _matches(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _ports(config: Config) -> Iterator[Finding]:
    listeners: list[tuple[KeyPath, Address]] = [
        (("varnish", "listen"), config.varnish.listen),
        (("varnish", "adminListen"), config.varnish.admin_listen),
        (("controller", "gatewayListen"), config.controller.gateway_listen),
        (("controller", "adminListen"), config.controller.admin_listen),
        (("controller", "passListen"), config.controller.pass_listen),
    ]
    if config.varnish.proxy_listen is not None:
        listeners.append((("varnish", "proxyListen"), config.varnish.proxy_listen))
    for (first, one), (second, other) in combinations(listeners, 2):
        if _collide(one, other):
            yield Finding(
                second,
                f"{other} is taken by {'.'.join(map(str, first))}",
                "choose another port",
                frozenset(("varnish", "controller")),
            )


def _proxy_listen(config: Config) -> Iterator[Finding]:
    """Whoever connects there says which address it comes from."""
    listen = config.varnish.proxy_listen
    if listen is None or is_loopback(listen.host) or config.varnish.trusted_proxies:
        return
    yield Finding(
        ("varnish", "proxyListen"),
        f"at {listen} anybody who connects could claim any address",
        "name the proxies in varnish.trustedProxies, or listen on 127.0.0.1",
        frozenset(("varnish",)),
    )


def _collide(one: Address, other: Address) -> bool:
    everywhere = {"0.0.0.0", "::"} & {one.host, other.host}  # noqa: S104
    return one.port == other.port and (one.host == other.host or bool(everywhere))


def _loop(config: Config) -> Iterator[Finding]:
    listen = config.varnish.listen
    for path, url in origin_places(config):
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = "127.0.0.1" if parts.hostname in _THIS_MACHINE else parts.hostname or ""
        if port == listen.port and host in (listen.host, listen.reachable.host):
            yield Finding(
                path,
                f"{url} is Shellac's own public address",
                "give the GraphQL server's address, or another port as varnish.listen",
                frozenset((str(path[0]), "varnish")),
            )


def origin_places(config: Config) -> Iterator[tuple[KeyPath, str]]:
    """Where a server of the origin is named, and its URL."""
    yield ("originUrl",), config.origin_url
    for index, server in enumerate(config.origins):
        yield ("origins", index, "url"), server.url


def _same_origins(config: Config) -> Iterator[Finding]:
    urls = [server.url for server in config.origins]
    for index, url in enumerate(urls):
        if url in urls[:index]:
            yield Finding(
                ("origins", index, "url"),
                f"{url} is listed twice",
                "keep one of the two; weight says how many requests it gets",
                frozenset(("origins",)),
            )


def _sizes(config: Config) -> Iterator[Finding]:
    said = "lookup_body_size" in config.model_fields_set
    if said and config.lookup_body_size > config.max_request_size:
        yield Finding(
            ("lookupBodySize",),
            "is larger than maxRequestSize",
            "lower it, or raise maxRequestSize",
            frozenset(("lookupBodySize", "maxRequestSize")),
        )


def _secret_file(config: Config) -> Iterator[Finding]:
    """``templates/features/admin.vcl.j2`` reads the file, so its path stands in VCL as a string."""
    path = str(config.secret_file)
    if not fits(path):
        yield Finding(
            ("varnish", "secretFile"),
            f"{path} cannot stand in VCL",
            "choose a path of printable ASCII without quotes",
            frozenset(("varnish", "stateDir")),
        )
