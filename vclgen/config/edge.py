"""What the edge answers, counts and refuses itself: CORS, rate limits, introspection, sizes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from vclgen.config.cors import Cors, off_or_a_section
from vclgen.config.rate_limits import RateLimit, in_force, named_once
from vclgen.config.sections import Section
from vclgen.config.values import Flag, Size
from vclgen.names import ALWAYS_KEYED


class RequestSize(Section):
    """Stellate's form of `maxRequestSize`."""

    max_bytes: Size
    """Largest request body."""

    enabled: Flag
    """Whether it counts."""


class Security(Section):
    """What is refused before it reaches the origin. The other members of Stellate's `security` are
    refused by name."""

    request_size: RequestSize | None = None
    """Largest request body, as Stellate writes it. Of this and `maxRequestSize` the smaller
    counts."""


def _none_if_off(value: Any) -> Any:
    return {} if value is False else value


class Edge(Section):
    """What the edge answers itself"""

    cors: Annotated[Cors | None, BeforeValidator(off_or_a_section)] = None
    """Answer CORS at the edge. Without it the origin answers it, and `Origin` splits the cache."""

    rate_limits: Annotated[
        tuple[RateLimit, ...], BeforeValidator(in_force), AfterValidator(named_once)
    ] = ()
    """How many requests a client may send. What is over it gets 429."""

    block_introspection: Flag = False
    """Refuse what asks for `__schema` or `__type`; `__typename` stays allowed. Shellac's own
    introspection of the origin goes on."""

    max_request_size: Size = 10 * 1024**2
    """Largest request body; a larger one is answered with 413."""

    security: Annotated[Security, BeforeValidator(_none_if_off)] = Security()
    """Stellate's place for the largest request body."""

    @property
    def always_keyed(self) -> tuple[str, ...]:
        """The headers that split the cache whatever `varyHeaders` says. `Origin` does not where the
        edge answers CORS: it is not sent to the origin with what may be cached then.
        """
        return () if self.cors else ALWAYS_KEYED

    @property
    def request_limit(self) -> int:
        """Bytes of the largest request body: the smaller one of the two keys for it."""
        said = self.security.request_size
        if said is None or not said.enabled:
            return self.max_request_size
        return min(self.max_request_size, said.max_bytes)
