"""``rateLimits``: how many requests a client may send.

Names, addresses and values stand in VCL (``templates/features/limits.vcl.j2``): what passes here
cannot end a string or an ACL entry there, nor a string of JSON.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from vclgen.config.refusal import refusal, shown
from vclgen.config.sections import Section
from vclgen.config.tokens import CookieName, HeaderName, Text
from vclgen.config.values import LABEL, Duration, NotBuilt

_UNITS: Final = {"seconds": "s", "minutes": "m", "hours": "h"}
_TEXT: Final = WithJsonSchema({"type": "string"})


def _shown_in_json(value: Any) -> str:
    """``templates/features/errors.vcl.j2`` prints it in JSON, limits.vcl.j2 as a VCL string."""
    if not isinstance(value, str) or not re.fullmatch(r"[ !#-\[\]-z|~]{1,60}", value):
        raise refusal(
            f"{shown(value)} is no name",
            'use at most 60 printable ASCII characters, none of " \\ { }',
        )
    return value


class GroupBy(Section):
    """Whose requests count together: `ip`, or a header or cookie by its value."""

    header: HeaderName | None = None
    """By the value of this header."""

    cookie: CookieName | None = None
    """By the value of this cookie."""

    @property
    def kind(self) -> Literal["ip", "header", "cookie"]:
        """What is counted by."""
        return "header" if self.header else "cookie" if self.cookie else "ip"

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if value == "ip":
            return {}
        given = {k for k, v in value.items() if v is not None} if isinstance(value, Mapping) else ()
        for name in ("jwt", "consumerIdentifier"):
            if name in given:
                raise refusal(f"groupBy {name} is not built yet", "group by ip, header or cookie")
        if len(given) != 1:
            raise refusal(
                f"{shown(value)} is no way to group", "write ip, {header: NAME} or {cookie: NAME}"
            )
        return value


def _window(value: Any) -> Any:
    """Stellate's ``10s``, or its ``{value: 10, unit: seconds}``."""
    if isinstance(value, Mapping) and set(value) == {"value", "unit"} and value["unit"] in _UNITS:
        return f"{value['value']}{_UNITS[value['unit']]}"
    return value


def _a_day_at_most(seconds: float) -> float:
    if not 1 <= seconds <= 86_400:
        raise refusal(f"{seconds:g} seconds is no usable window", "use 1s to 24h")
    return seconds


Count = Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]


class Limit(Section):
    """How much is allowed in which time."""

    type: Annotated[
        Literal["RequestCount"],
        BeforeValidator(
            NotBuilt(("QueryComplexity",), "limits by complexity are", "count requests")
        ),
    ] = "RequestCount"
    """What is counted: requests."""

    budget: Count
    """How many requests there may be at once; as many come back in the course of `window`."""

    window: Annotated[
        Duration,
        BeforeValidator(_window),
        AfterValidator(_a_day_at_most),
        WithJsonSchema({"type": ["string", "integer", "object"], LABEL: "duration"}),
    ]
    """The time in which the budget comes back."""

    warning: Count | None = None
    """From how many on Varnish's log says so."""


def _allowed(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[ !#-~]{1,1000}", value):
        raise refusal(f"{shown(value)} is no value", 'use printable ASCII without "')
    return value


class RateLimit(Section):
    """One entry of `rateLimits`. Each node counts for itself. A request without the header or
    cookie counts by its address. [edge.md](edge.md#rate-limits) has the details."""

    name: Annotated[str, BeforeValidator(_shown_in_json), _TEXT]
    """What errors and logs call it."""

    description: Text | None = None
    """For people."""

    state: Literal["enabled", "disabled", "dryRun"] = "enabled"
    """`dryRun`: what it would refuse is logged and marked, and served. `disabled`: as if it were
    not there."""

    group_by: Annotated[
        GroupBy, WithJsonSchema({"type": ["string", "object"], LABEL: "`ip` or section"})
    ]
    """Whose requests count together: `ip`, `{header: NAME}` or `{cookie: NAME}`."""

    allow_list: tuple[Annotated[str, BeforeValidator(_allowed), _TEXT], ...] = ()
    """Who is not limited: addresses and networks (`10.0.0.0/8`) for `ip`, else exact values."""

    limit: Limit
    """How much is allowed."""

    @model_validator(mode="after")
    def _addresses(self) -> RateLimit:
        if self.group_by.kind == "ip":
            for value in self.allow_list:
                try:
                    ipaddress.ip_network(value)
                except ValueError as error:
                    raise refusal(
                        f"allowList: {error}", "write addresses, or networks like 10.0.0.0/8"
                    ) from error
        return self


def in_force(value: Any) -> Any:
    """Without what is disabled, whatever it holds, and Stellate's holes; ``false`` is none."""
    if not isinstance(value, list):
        return () if value is False else value
    return [
        each
        for each in value
        if each is not None and not (isinstance(each, Mapping) and each.get("state") == "disabled")
    ]


def named_once(limits: tuple[RateLimit, ...]) -> tuple[RateLimit, ...]:
    names = [limit.name for limit in limits]
    for name in names:
        if names.count(name) > 1:
            raise refusal(f"{shown(name)} names two limits", "give each a name of its own")
    return limits
