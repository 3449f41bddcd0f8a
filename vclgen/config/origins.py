"""The servers of the origin, how long they may take, and how their health is found out."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from vclgen.config.refusal import refusal, shown
from vclgen.config.sections import Section
from vclgen.config.values import Duration, Url, duration_text

SPARE_SECONDS: Final = 5.0
"""By which whoever waits for somebody waits longer, so that the nearer one names the fault."""
_PATH: Final = re.compile(r"/[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]*")


class OriginServer(Section):
    """One more server of the API at `originUrl`: same schema, same data. `originUrl` itself is one
    of weight 1, unless it is listed here with another."""

    url: Url
    """Its GraphQL endpoint. Without a scheme: https."""

    weight: int = Field(default=1, ge=1, le=1_000, strict=True)
    """Its share of the requests, against the weights of the others."""


def _timeout(seconds: float) -> float:
    if seconds > 3_600:
        raise refusal(f"{duration_text(seconds)} is longer than clients wait", "use at most 1h")
    return seconds


_Timeout = Annotated[Duration, AfterValidator(_timeout)]


class OriginTimeouts(Section):
    """How long the origin may take: `150ms`, `30s`, or seconds. The client gets 504 after that,
    and a mutation counts as one that may have been done. Varnish waits a little longer."""

    connect: _Timeout = 5.0
    """For a connection: name, TCP and TLS."""

    first_byte: _Timeout = 60.0
    """From the request to the answer's headers."""

    between_bytes: _Timeout = 60.0
    """The longest silence within an answer. A stream lives as long as something comes."""

    @property
    def answer(self) -> float:
        """Seconds until an answer that is read whole must be there, or the headers of one that is
        streamed; further servers and attempts count."""
        return self.connect + max(self.first_byte, self.between_bytes) + SPARE_SECONDS


def _probe_path(value: Any) -> str:
    if not isinstance(value, str) or not _PATH.fullmatch(value):
        raise refusal(f"{shown(value)} is no path", "write it like /healthz, or leave it out")
    return value


class OriginProbe(Section):
    """How the health of origins is found out, in the words of Varnish's probes. Origins are probed
    where there are several, or where this section is there."""

    path: Annotated[str, BeforeValidator(_probe_path)] | None = Field(
        default=None, json_schema_extra={"shown": "none: POST `{__typename}`"}
    )
    """Asked by GET on each origin's host: a status of 200 to 299 is good. Without it the endpoint
    is asked for `{__typename}`, and an answer with data is good."""

    interval: Duration = 5.0
    """Time between two probes of an origin."""

    timeout: Duration = 2.0
    """How long a probe may take in all."""

    window: int = Field(default=8, ge=1, le=64, strict=True)
    """How many of the last probes count."""

    threshold: int = Field(default=3, ge=1, le=64, strict=True)
    """How many of them must be good for an origin to be healthy."""

    initial: int | None = Field(
        default=None, ge=0, le=64, strict=True, json_schema_extra={"shown": "`threshold`"}
    )
    """How many count as good at the start. Less than `threshold`: sick until probed."""

    @model_validator(mode="after")
    def _fits(self) -> OriginProbe:
        if self.threshold > self.window:
            raise refusal("can never be healthy", "set threshold to at most window")
        return self


class Origins(Section):
    """The origin"""

    origin_url: Url
    """The GraphQL server. Without a scheme: https."""

    origins: tuple[OriginServer, ...] = ()
    """Further servers of the same API: requests are spread over those that are healthy, `originUrl`
    among them (docs/origins.md). The schema is that of `originUrl`."""

    origin_timeouts: OriginTimeouts = OriginTimeouts()
    """How long the origin may take."""

    origin_probe: OriginProbe | None = Field(
        default=None, json_schema_extra={"shown": "where there are several origins: see there"}
    )
    """How the health of origins is found out."""

    @property
    def servers(self) -> tuple[OriginServer, ...]:
        """All servers of the origin, each once; `originUrl` first where it is not listed."""
        listed = any(server.url == self.origin_url for server in self.origins)
        return self.origins if listed else (OriginServer(url=self.origin_url), *self.origins)

    @property
    def probe(self) -> OriginProbe | None:
        """How origins are probed; None: they are not."""
        return self.origin_probe or (OriginProbe() if len(self.servers) > 1 else None)
