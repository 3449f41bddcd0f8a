"""``cors``: which pages of other origins may use the API.

Origins and header names stand in VCL (``templates/features/cors.vcl.j2``): what passes here cannot
end a string or a regular expression there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from vclgen.config.refusal import refusal, shown
from vclgen.config.sections import Section
from vclgen.config.tokens import HeaderName
from vclgen.config.values import DurationOrZero, Flag

_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_ORIGIN: Final = re.compile(
    rf"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<any>\*\.)?(?P<host>{_LABEL}(?:\.{_LABEL})*"
    r"|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
)
"""The serialization of an origin (RFC 6454, section 6.2), with ``*.`` for any names before."""
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
_TEXT: Final = WithJsonSchema({"type": "string"})


def _origin(value: Any) -> str:
    if value == "*":
        return "*"
    if value in ("null", None):
        raise refusal("null is the origin of every sandboxed page", "name the real origins")
    found = _ORIGIN.fullmatch(value) if isinstance(value, str) else None
    if found is None or (found["any"] and ("." not in found["host"] or "[" in found["host"])):
        raise refusal(
            f"{shown(value)} is no origin",
            "write it as browsers do, in lower case and without a path: https://shop.example, "
            "https://*.example.com or '*'",
        )
    if found["port"] is not None and found["port"] == _DEFAULT_PORTS.get(found["scheme"]):
        raise refusal(f"browsers leave out port {found['port']}", "remove the port")
    return str(value)


def _without_repeats(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _not_empty(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise refusal("is empty", "name at least one")
    return _without_repeats(values)


_Once = AfterValidator(_without_repeats)
_Some = AfterValidator(_not_empty)


class Cors(Section):
    """Which pages of other origins may use the API. Varnish answers preflights and writes the
    `Access-Control-*` headers of every answer; the GraphQL server's own are dropped, and `Origin`
    does not split the cache any more. [edge.md](edge.md#cors) has the details."""

    origins: Annotated[tuple[Annotated[str, BeforeValidator(_origin), _TEXT], ...], _Some]
    """Origins as browsers write them (`https://shop.example`), with `*.` for any names before a
    domain (`https://*.example.com`), or `'*'` for every page there is."""

    methods: Annotated[tuple[Annotated[Literal["GET", "HEAD", "POST"], _TEXT], ...], _Some] = Field(
        default=("GET", "POST"), json_schema_extra={"shown": "`GET`, `POST`"}
    )
    """Methods that pages may use."""

    headers: Annotated[tuple[HeaderName, ...], _Once] | None = Field(
        default=None, json_schema_extra={"shown": "whatever is asked for"}
    )
    """Request headers that pages may set, besides those that are always allowed."""

    expose_headers: Annotated[tuple[HeaderName, ...], _Once] = ()
    """Headers of answers that scripts may read, besides those that always can be."""

    credentials: Flag = False
    """Pages may send cookies. Not with `'*'`."""

    max_age: DurationOrZero = 7_200.0
    """How long browsers may remember the answer to a preflight."""

    @model_validator(mode="after")
    def _somebodys_credentials(self) -> Cors:
        if self.credentials and "*" in self.origins:
            raise refusal(
                "allows every page there is to act as its visitor",
                "name the origins, or remove credentials",
            )
        return self


def off_or_a_section(value: Any) -> Any:
    """``cors: false``, and ``{enabled: false, …}`` with whatever beside it."""
    if value is False or (isinstance(value, Mapping) and value.get("enabled") is False):
        return None
    if isinstance(value, Mapping) and "enabled" in value:
        return {key: each for key, each in value.items() if key != "enabled"}
    return value
