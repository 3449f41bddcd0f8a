"""``direct``: what the direct profiles (magento, wpgraphql, tagged) have beside the other keys.

Most keys have no default of their own: the profile gives it (``vclgen.direct.profiles``), so that
`profile: magento` alone is what Magento needs.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic.config import JsonDict

from vclgen.config.proxies import Cidr
from vclgen.config.refusal import refusal, shown
from vclgen.config.sections import Section
from vclgen.config.tokens import CookieName, HeaderName, PublicPath, TagHeader
from vclgen.config.values import Duration, DurationOrZero, Flag, Size
from vclgen.escape import fits

Profile = Literal["gateway", "magento", "wpgraphql", "tagged"]
SMALLEST_TAG_HEADER: Final = 8 * 1024
LARGEST_TAG_HEADER: Final = 1024**2
_PARAMETER: Final = re.compile(r"[A-Za-z0-9_.~-]{1,60}\*?")
_PLACE: Final = r"\{[_A-Za-z][_0-9A-Za-z]*\}"
_TEMPLATE: Final = re.compile(rf"(?:[!-+.-z|~-]|{_PLACE}){{1,200}}")
"""What can stand in a tag (``templates/direct/tags.vcl.j2``), and names of key fields in braces."""


def _parameter(value: Any) -> str:
    if not isinstance(value, str) or not _PARAMETER.fullmatch(value):
        raise refusal(f"{shown(value)} is no URL parameter", "write it like gclid or utm_*")
    return value


def _pattern(value: Any) -> str:
    if not isinstance(value, str) or not fits(value):
        raise refusal(
            f"{shown(value)} cannot stand in VCL", "use printable ASCII without double quotes"
        )
    try:
        found = re.compile(value)
    except re.error as error:
        fix = "write a regular expression, like (?i)iphone|android"
        raise refusal(f"{shown(value)} is no regular expression ({error})", fix) from error
    if found.fullmatch(""):
        raise refusal(f"{shown(value)} matches everything", "name what the User-Agent holds")
    return value


def _template(value: Any) -> str:
    if not isinstance(value, str) or not _TEMPLATE.fullmatch(value):
        raise refusal(
            f"{shown(value)} is no template of a tag",
            "write the tag with key fields in braces, like cat_p_{id}, without blanks and commas",
        )
    return value


def _tag_header_size(size: int) -> int:
    if not SMALLEST_TAG_HEADER <= size <= LARGEST_TAG_HEADER:
        raise refusal(f"{size} bytes is out of range", "use 8kb to 1mb")
    return size


def _some(templates: tuple[str, ...]) -> tuple[str, ...]:
    if not templates:
        raise refusal("is empty", "name at least one, or remove the type")
    return tuple(dict.fromkeys(templates))


def _without_end(paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path.rstrip("/") or "/" for path in paths))


Parameter = Annotated[
    str,
    BeforeValidator(_parameter),
    WithJsonSchema({"type": "string", "pattern": f"^{_PARAMETER.pattern}$"}),
]
Pattern = Annotated[str, BeforeValidator(_pattern), WithJsonSchema({"type": "string"})]
TagTemplate = Annotated[str, BeforeValidator(_template), WithJsonSchema({"type": "string"})]
_OF_PROFILE: Final[JsonDict] = {"shown": "the profile's"}


class DirectTags(Section):
    """Where the origin writes its tags."""

    header: TagHeader
    """The response header that holds them, like `Surrogate-Key`, `xkey`, `Cache-Tags` or
    `Cache-Groups`."""

    separator: Literal["space", "comma"] | None = Field(
        default=None, json_schema_extra={"shown": "by the header: `space` for `Surrogate-Key` …"}
    )
    """What stands between two of them. `Cache-Groups` is always read as RFC 9875 defines it."""


class Health(Section):
    """How Varnish learns whether the origin is well. While it is not, stale answers are served for
    as long as `grace` says."""

    enabled: Flag = True
    """Probe the origin at all."""

    path: PublicPath | None = Field(default=None, json_schema_extra=_OF_PROFILE)
    """The path that is asked. `magento` has `/health_check.php`; without one nothing is probed."""

    timeout: Duration = 2.0
    """How long an answer may take."""

    interval: Duration = 5.0
    """Time between two probes."""

    window: int = Field(default=10, ge=1, le=64, strict=True)
    """How many of the last probes count."""

    threshold: int = Field(default=5, ge=1, le=64, strict=True)
    """How many of them must have succeeded."""


class DesignException(Section):
    """Browsers that get pages of their own, as Magento's design exceptions define them."""

    user_agent: Pattern
    """A regular expression over the User-Agent. The first entry that matches counts."""

    value: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")]
    """What stands in the key of these pages, like `mobile`. Two entries may share one."""


class Direct(Section):
    """The direct profiles: Varnish fetches from the origin itself and believes its Cache-Control,
    its tags and its purges."""

    controller: Flag = True
    """`true`: mutations and the origin's purges go through the controller, so that mutations purge,
    purges reach every node, and none is lost. `false`: the VCL works alone."""

    serve: Literal["site", "graphql"] | None = Field(default=None, json_schema_extra=_OF_PROFILE)
    """`site`: every path of the origin. `graphql`: `path` alone."""

    purgers: tuple[Cidr, ...] = ()
    """Networks whose purges are accepted on the public listener, by the client's address: who
    connects, or whom `varnish.trustedProxies` and the PROXY protocol name. Never a proxy's:
    everybody behind it could purge. The admin listener accepts them anyway."""

    tags: DirectTags | None = None
    """Where the tags stand. For `tagged` alone, and needed there."""

    max_tag_header: Annotated[Size, AfterValidator(_tag_header_size)] = 64 * 1024
    """Longest list of tags that is read tag by tag. An answer with a longer one is purged by every
    purge of a tag; one over four times this size is an error of the origin (503)."""

    vary_cookies: tuple[CookieName, ...] = ()
    """Cookies that split the cache, besides the profile's."""

    tls_header: HeaderName = "x-forwarded-proto"
    """The header by which a TLS proxy in front says that the client came over HTTPS: part of every
    key. Magento calls it the offloader header. With `varnish.trustedProxies` or
    `varnish.proxyListen` nobody else's counts, and it has the value of `X-Forwarded-Proto` where
    no proxy sets it."""

    pass_paths: Annotated[tuple[PublicPath, ...], AfterValidator(_without_end)] | None = Field(
        default=None, json_schema_extra=_OF_PROFILE
    )
    """Paths that are never cached, wherever they stand in the URL: `/checkout` is also
    `/fr/checkout/cart`."""

    marketing_parameters: tuple[Parameter, ...] | None = Field(
        default=None, json_schema_extra=_OF_PROFILE
    )
    """URL parameters of pages that neither the key nor the origin sees; a trailing `*` stands for
    any ending. The GraphQL path is never touched."""

    static: Literal["pass", "cache"] = "pass"
    """What happens to static files and media (`/static/`, `/media/`). `cache`: for as long as the
    origin's Cache-Control says, without cookies."""

    esi: Flag | None = Field(default=None, json_schema_extra=_OF_PROFILE)
    """Process Edge Side Includes in pages."""

    swr: DurationOrZero | None = Field(default=None, json_schema_extra=_OF_PROFILE)
    """How long after its time an answer is served while it is fetched anew."""

    grace: DurationOrZero | None = Field(default=None, json_schema_extra=_OF_PROFILE)
    """How long after its time an answer is served while the origin is not well."""

    health: Health = Health()
    """Whether the origin is well."""

    design_exceptions: tuple[DesignException, ...] = ()
    """Browsers that get pages of their own."""


TemplateList = Annotated[tuple[TagTemplate, ...], AfterValidator(_some)]
