"""What a profile does not go with: keys of the other profiles, and origins it cannot reach.

A key is refused where ignoring it would change what is cached, for whom, or what is purged. Those
of mutations and schemas stay: a direct profile's controller reads mutations, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from vclgen.config.checks import Finding, origin_places
from vclgen.escape import fits

if TYPE_CHECKING:
    from vclgen.config.model import Config

_ORIGIN_DECIDES: Final = "in a direct profile the origin's Cache-Control decides"
_ORIGIN_TAGS: Final = "in a direct profile the origin tags its answers"
_NO_LOOKUP: Final = "in a direct profile no POST is cached"
GATEWAY_ALONE: Final = {
    "pass_through_only": _ORIGIN_DECIDES,
    "rules": _ORIGIN_DECIDES,
    "default_scope": _ORIGIN_DECIDES,
    "scopes": "a direct profile knows no scopes: name what separates users in `varyHeaders` or "
    "`direct.varyCookies`",
    "non_cacheable": _ORIGIN_DECIDES,
    "cache_control": _ORIGIN_DECIDES,
    "cache_introspection": _ORIGIN_DECIDES,
    "cache_errors": _ORIGIN_DECIDES,
    "remove_cookies": _ORIGIN_DECIDES,
    "field_types": _ORIGIN_TAGS,
    "global_ids": _ORIGIN_TAGS,
    "max_tags": _ORIGIN_TAGS,
    "max_body_size": _ORIGIN_DECIDES,
    "lookup_body_size": _NO_LOOKUP,
    "block_introspection": "in a direct profile nobody reads what a GET asks for, nor what comes "
    "to other paths of the origin: switch introspection off there (Magento: "
    "`graphql/disable_introspection` in env.php)",
    "stale_if_error": "in a direct profile `direct.grace` covers an origin that is not well, "
    "and `direct.health` says when it is not",
    "origin_probe": "in a direct profile Varnish probes the servers, as `direct.health` says",
}
"""Fields that a direct profile refuses, each with why."""


def profile_findings(config: Config) -> Iterator[Finding]:
    """Everything in ``config`` that its profile does not go with."""
    if config.profile == "gateway":
        yield from _of_direct_profiles(config)
        return
    yield from _of_the_gateway(config)
    yield from _origin(config)
    yield from _tags(config)
    yield from _without_controller(config)
    yield from _probe(config)
    yield from _constants(config)
    yield from _varnish(config)


def _of_direct_profiles(config: Config) -> Iterator[Finding]:
    for field, key in (("direct", "direct"), ("tag_templates", "tagTemplates")):
        if getattr(config, field) != type(config).model_fields[field].default:
            yield _finding(key, "belongs to the direct profiles", "remove it, or set `profile`")


def _of_the_gateway(config: Config) -> Iterator[Finding]:
    for field, why in GATEWAY_ALONE.items():
        info = type(config).model_fields[field]
        if getattr(config, field) != info.default:
            yield _finding(str(info.alias), f"belongs to the gateway profile: {why}", "remove it")
    if config.ignore_origin_cache_control and "ignore_origin_cache_control" in (
        config.model_fields_set
    ):
        yield _finding("ignoreOriginCacheControl", f"cannot be: {_ORIGIN_DECIDES}", "remove it")


def _origin(config: Config) -> Iterator[Finding]:
    for place, url in origin_places(config):
        parts, key = urlsplit(url), str(place[0])
        if parts.scheme != "http":
            yield Finding(
                place,
                f"is {parts.scheme}, and Varnish speaks plain HTTP to origins",
                "put a TLS proxy between them (stunnel, haproxy, nginx) and name it: http://…",
                frozenset((key, "profile")),
            )
        if parts.path != config.path or parts.query:
            yield Finding(
                place,
                f"names {parts.path or '/'}{'?' if parts.query else ''}{parts.query}, and a direct "
                f"profile asks the origin for the path that clients ask for, {config.path}",
                f"end it with {config.path}, or change `path`",
                frozenset((key, "path", "profile")),
            )


def _tags(config: Config) -> Iterator[Finding]:
    if config.profile == "tagged" and config.direct.tags is None:
        fix = "add direct: {tags: {header: Surrogate-Key}}"
        yield Finding(("direct", "tags"), "is missing", fix, frozenset(("direct", "profile")))
    if config.profile != "tagged" and config.direct.tags is not None:
        what = f"belongs to the profile tagged: {config.profile} knows its own"
        fix = "remove it, or use profile: tagged"
        yield Finding(("direct", "tags"), what, fix, frozenset(("direct", "profile")))
    if config.profile != "magento" and config.direct.design_exceptions:
        yield Finding(
            ("direct", "designExceptions"),
            "are Magento's",
            "remove them, or use profile: magento",
            frozenset(("direct", "profile")),
        )


def _without_controller(config: Config) -> Iterator[Finding]:
    """Nothing reads mutations then, and purges reach this node alone."""
    if config.direct.controller:
        return
    reads = frozenset(("direct", "profile"))
    for field in ("tag_templates", "mutations"):
        if getattr(config, field):
            key = str(type(config).model_fields[field].alias)
            what = "needs the controller, which reads mutations"
            yield Finding((key,), what, "remove one of the two", reads | {key})
    if config.purge.wait == "all" or config.purge.log != "sqlite":
        what = "needs the controller, which brings purges to other nodes"
        yield Finding(("purge",), what, "remove one of the two", reads | {"purge"})


def _probe(config: Config) -> Iterator[Finding]:
    health = config.direct.health
    if health.threshold > health.window:
        what = f"{health.threshold} of {health.window} probes can never succeed"
        path = ("direct", "health", "threshold")
        yield Finding(path, what, "use at most `window`", frozenset(("direct",)))


def _constants(config: Config) -> Iterator[Finding]:
    """``templates/direct/fetch.vcl.j2`` writes them as strings, and VCL's know no quotes."""
    for name, value in config.fetch_headers.items():
        if not fits(value):
            key = "originHeaders" if name in config.origin_headers else "headers"
            what = "holds a double quote, which cannot stand in VCL"
            yield Finding((key, name), what, "choose another value", frozenset((key, "profile")))


def _varnish(config: Config) -> Iterator[Finding]:
    reads = frozenset(("varnish", "profile"))
    if config.varnish.version == "6.0":
        what = "is 6.0, and direct profiles need std.ban of a newer one"
        yield Finding(("varnish", "version"), what, "use 7.1 or newer", reads)


def _finding(key: str, what: str, fix: str) -> Finding:
    return Finding((key,), what, fix, frozenset((key, "profile")))
