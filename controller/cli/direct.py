"""What the commands do otherwise in a direct profile."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from urllib.parse import urlencode

from controller.cli.findings import Finding
from vclgen.config import Config
from vclgen.config.proxies import Network
from vclgen.direct.plan import DirectPlan, direct_plan
from vclgen.errors import ConfigError, Problem


def is_alone(config: Config) -> bool:
    """Whether the VCL works without a controller."""
    return config.profile != "gateway" and not config.direct.controller


def require_controller(config: Config, *, fix: str = "set it to true") -> None:
    """Raises ConfigError where the config says that there is none; ``fix`` is the way out."""
    if is_alone(config):
        what = "the VCL works alone: there is no controller"
        raise ConfigError([Problem("the config", None, "direct.controller", what, fix)])


def check_direct(config: Config, *, include: bool = False) -> Iterator[Finding]:
    """What a direct profile's owner should know before the first request."""
    plan = direct_plan(config)
    if not plan.purgers:
        said = (
            "names nobody: the origin can purge through varnish.adminListen alone "
            f"({config.varnish.admin_listen})"
        )
        said += (
            ": a purge on another listener reaches the pages of the other VCL and no GraphQL answer"
            if include
            else ", and gets 405 on the public listener"
        )
        yield Finding("note", "direct.purgers", said)
    if both := [str(network) for network in plan.purgers if _overlaps(network, plan)]:
        said = (
            f"{', '.join(both)} holds trusted proxies: what one of them sends without an address "
            "in X-Forwarded-For, whoever asked for it, may purge"
        )
        yield Finding("note", "direct.purgers", said)
    if is_alone(config):
        said = "is false: mutations purge nothing, and a purge reaches this Varnish alone"
        yield Finding("note", "direct.controller", said)


def _overlaps(network: Network, plan: DirectPlan) -> bool:
    """Whether a trusted proxy is in the network."""
    return any(
        network.version == proxies.version and network.overlaps(proxies)
        for proxies in plan.trusted_proxies
    )


def direct_tour(config: Config) -> str:
    """Commands that show a miss and a hit."""
    public = f"http://{config.varnish.listen.reachable}{config.path}"
    query = f"{public}?{urlencode({'query': '{ __typename }'})}"
    text = "# a query by GET: Cache-Status says what was done with it; send it twice"
    return f"{text}\n{shlex.join(['curl', '-si', query])}"
