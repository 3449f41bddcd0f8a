"""Names that later stand in VCL, in a regular expression or in a header line.

``templates/`` writes header names bare (``req.http.<name>``), cookie names, scope names and the
path as quoted strings and as escaped regular expressions. What passes here cannot end any of them,
and ``vclgen.escape`` refuses what slips through.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from vclgen.config.refusal import refusal, shown

_HEADER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")
"""Narrower than RFC 9110's token: Varnish 7.1 cannot write ``req.http.a.b`` or ``req.http.a!``."""
_COOKIE: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_GRAPHQL: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
_SEGMENT: Final = r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*"
_PATH: Final = re.compile(rf"/(?:{_SEGMENT}(?:/{_SEGMENT})*/?)?")

_HOP_BY_HOP: Final = (
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
)
"""RFC 9110, section 7.6.1, and what went with it before."""
_FRAMING: Final = ("host", "content-length", "expect")
_VARNISH: Final = ("x-varnish", "via", "x-forwarded-for")
_INTERNAL: Final = ("x-shellac-", "shellac-", "xkey")

_NEGOTIATED: Final = ("accept", "accept-encoding", "content-type")
_CONDITIONAL: Final = (
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "if-range",
    "range",
)
_NEVER_MEANT: Final = (
    *("authorization", "cookie", "user-agent"),
    *_INTERNAL,
    *_HOP_BY_HOP,
    *_FRAMING,
    *_VARNISH,
    *_NEGOTIATED,
    *_CONDITIONAL,
)
"""Headers that a prefix must not reach: they stand in nearly every request, or we write them."""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise refusal(f"{shown(value)} is not text", "write it in quotes")
    return value


def _header_name(value: Any) -> str:
    name = _text(value).lower()
    if not _HEADER.fullmatch(name):
        raise refusal(
            f"{shown(value)} is no header name that VCL can write",
            "use letters, digits, - and _, beginning with a letter",
        )
    if name in _HOP_BY_HOP:
        raise refusal(f"{name} belongs to one connection and never reaches the origin", _REMOVE)
    if name in _FRAMING or name in _VARNISH:
        raise refusal(f"{name} is written by Shellac itself", _REMOVE)
    if name.startswith(_INTERNAL):
        raise refusal(f"{name} is internal to Shellac", "choose another header")
    return name


def _tag_header(value: Any) -> str:
    """Of a request ``xkey`` is internal; origins for Varnish write their tags into it.

    ``X-HashTwo`` is cut from answers, since xkey reads it by itself (``templates/direct/trust``).
    """
    name = _text(value).lower()
    if name == "x-hashtwo":
        raise refusal(f"{name} is internal to Shellac", "choose another header, like xkey")
    return "xkey" if name == "xkey" else _header_name(value)


_REMOVE: Final = "remove it"


def _pattern(value: Any) -> str:
    text = _text(value)
    if not text.endswith("*"):
        return _header_name(text)
    prefix = text[:-1].lower()
    for name in _NEVER_MEANT:
        if name.startswith(prefix):
            raise refusal(
                f"{shown(value)} would also mean {name}", "name the headers, or a longer beginning"
            )
    return _header_name(prefix) + "*"


def _keyed(name: str) -> str:
    if name in ("authorization", "cookie"):
        raise refusal(
            f"{name} is a credential",
            f"declare a scope instead (scopes: {{USER: {_SCOPE_HINT[name]}}}) and use it in rules",
        )
    return _shared(name)


def _shared(name: str) -> str:
    if name in _NEGOTIATED:
        raise refusal(f"{name} is already part of every key in its negotiated form", _REMOVE)
    if name in _CONDITIONAL:
        raise refusal(f"{name} asks about a stored answer and never reaches the origin", _REMOVE)
    return name


def scope_header(value: Any) -> str:
    """A header that a scope may read, in lowercase."""
    return _shared(_header_name(value))


_SCOPE_HINT: Final = {"authorization": "'header:authorization'", "cookie": "'cookie:NAME'"}


def _no_credential(name: str) -> str:
    if name == "cookie":
        raise refusal("cookie is a credential", "name single cookies in ignoreCookies")
    if name == "authorization":
        raise refusal(
            "authorization is a credential",
            "share answers in spite of it with `scope: PUBLIC` on the rules that allow it",
        )
    return name


def _constant(name: str) -> str:
    if name == "cookie" or name in _NEGOTIATED:
        raise refusal(f"{name} is built by Shellac for every fetch", "remove it")
    return name


def _header_value(value: Any) -> str:
    if not isinstance(value, str):  # without showing it: it may be a secret
        raise refusal("the value is not text", "write it in quotes")
    if not value or value != value.strip() or not all(" " <= c <= "~" for c in value):
        raise refusal(
            "the value is empty, padded, or not printable ASCII (RFC 9110, section 5.5)",
            "write it on one line without blanks around it",
        )
    return value


def _cookie_token(value: Any) -> str:
    name = _text(value)
    if not _COOKIE.fullmatch(name):
        raise refusal(f"{shown(value)} is no cookie name (RFC 6265)", "use its exact name")
    return name


def cookie_name(value: Any) -> str:
    """The exact name of one cookie."""
    name = _cookie_token(value)
    if "*" in name:
        raise refusal(f"{shown(value)} holds a *", "name one cookie exactly")
    return name


def _cookie_pattern(value: Any) -> str:
    name = _cookie_token(value)
    if "*" in name[:-1]:
        raise refusal(f"{shown(value)} holds a * before its end", "end the name with the *")
    if name == "*":
        raise refusal("* alone would ignore every credential", "name the cookies")
    return name


def _graphql_name(value: Any) -> str:
    name = _text(value)
    if not _GRAPHQL.fullmatch(name):
        raise refusal(f"{shown(value)} is no GraphQL name", "use letters, digits and _")
    return name


def _type_or_field(value: Any) -> str:
    type_name, dot, field = _text(value).partition(".")
    if not _GRAPHQL.fullmatch(type_name) or (dot and not _GRAPHQL.fullmatch(field)):
        raise refusal(f"{shown(value)} names no type or field", "write `Type` or `Type.field`")
    return str(value)


def _field_coordinate(value: Any) -> str:
    if "." not in _text(value):
        raise refusal(f"{shown(value)} names no field", "write `Type.field`")
    return _type_or_field(value)


def _scope_name(value: Any) -> str:
    name = _graphql_name(value)
    if name in ("PUBLIC", "ANONYMOUS"):
        raise refusal(f"{name} is built in", "give the scope another name")
    if len(name) > 64:
        raise refusal("is longer than 64 characters", "shorten it")
    return name


def _service_name(value: Any) -> str:
    name = _text(value)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        raise refusal(
            f"{shown(value)} is no service name",
            "use at most 64 letters, digits, - and _, beginning with a letter or digit",
        )
    if name in _ADMIN_PATHS:
        raise refusal(f"{name} is a page of the admin listener", "give the service another name")
    return name


_ADMIN_PATHS: Final = (
    *("api", "docs", "events", "healthz", "metrics", "nodes", "openapi", "origins", "playground"),
    *("purge", "redoc", "readyz", "reload", "schema"),
)
"""The Purging API is ``POST /<service>``, beside these."""


def _public_path(value: Any) -> str:
    path = _text(value)
    if len(path) > 200 or not _PATH.fullmatch(path) or path.startswith("/_shellac"):
        raise refusal(
            f"{shown(value)} is no path that Shellac can serve",
            "write it like /graphql: letters, digits, . _ ~ - between slashes, no query string",
        )
    return path


def _json(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


_ANY_HEADER: Final = _json(_HEADER.pattern)
_HEADER_OR_PREFIX: Final = _json(r"[A-Za-z][A-Za-z0-9_-]{0,99}\*?")

HeaderName = Annotated[str, BeforeValidator(_header_name), _ANY_HEADER]
"""Any header of a request, in lowercase."""
TagHeader = Annotated[str, BeforeValidator(_tag_header), _ANY_HEADER]
"""A header of an answer that lists tags, in lowercase."""
KeyedHeader = Annotated[HeaderName, AfterValidator(_keyed), _ANY_HEADER]
"""A header that may split the cache."""
ConstantHeader = Annotated[HeaderName, AfterValidator(_constant), _ANY_HEADER]
"""A header that the owner may set on every origin request."""
HeaderPattern = Annotated[
    str, BeforeValidator(_pattern), AfterValidator(_no_credential), _HEADER_OR_PREFIX
]
"""A header that is no credential, or a prefix with ``*``."""
HeaderValue = Annotated[str, BeforeValidator(_header_value), WithJsonSchema({"type": "string"})]
CookieName = Annotated[str, BeforeValidator(cookie_name), WithJsonSchema({"type": "string"})]
CookiePattern = Annotated[str, BeforeValidator(_cookie_pattern), WithJsonSchema({"type": "string"})]
GraphQLName = Annotated[str, BeforeValidator(_graphql_name), _json(_GRAPHQL.pattern)]
TypeOrField = Annotated[
    str, BeforeValidator(_type_or_field), _json(r"[_A-Za-z]\w*(?:\.[_A-Za-z]\w*)?")
]
FieldCoordinate = Annotated[
    str, BeforeValidator(_field_coordinate), _json(r"[_A-Za-z]\w*\.[_A-Za-z]\w*")
]
ScopeName = Annotated[str, BeforeValidator(_scope_name), _json(_GRAPHQL.pattern)]
ServiceName = Annotated[
    str, BeforeValidator(_service_name), _json(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
]
PublicPath = Annotated[str, BeforeValidator(_public_path), WithJsonSchema({"type": "string"})]
Text = Annotated[str, Field(strict=True)]
"""Free text that stands in no VCL."""
