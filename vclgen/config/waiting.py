"""How long an answer waits for the nodes to apply its purge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from vclgen.config.model import Config

GATEWAY_SECONDS: Final = 0.15
DIRECT_SECONDS: Final = 3.0
"""A node of a direct profile has its runs of purges a second apart in a burst, so an answer waits
up to a second for the run that takes its purge, and for that run."""


def purge_wait(config: Config) -> float:
    """``purge.waitTimeout`` in seconds, or the profile's."""
    if config.purge.wait_timeout is not None:
        return config.purge.wait_timeout
    return GATEWAY_SECONDS if config.profile == "gateway" else DIRECT_SECONDS
