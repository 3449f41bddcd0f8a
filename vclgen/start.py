"""How varnishd must be started for the generated VCL: listeners, storages, parameters.

Each value fits what the VCL and the controller rely on: a VCL without these parameters loses tags
or runs out of restarts, so both come from the same config.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from vclgen.config import Config
from vclgen.direct.plan import direct_plan
from vclgen.plan import ROUNDS

PARAMETERS: Final = {
    "http_resp_hdr_len": "8k",
    "http_resp_size": "192k",
    "http_req_hdr_len": "8k",
    "http_req_size": "64k",
    "http_max_hdr": "128",
    "workspace_backend": "320k",
    "workspace_client": "256k",
    "max_restarts": str(ROUNDS),
    "rush_exponent": "32",
    "nuke_limit": "1000000",
    "vsl_reclen": "4k",
}
"""16 ``xkey`` lines of 7.5 kB in an answer, 3 in a PURGE, and room to work on them.
``nuke_limit``: a large answer pushes out as many small ones as it takes, or it would break off.
``rush_exponent``: so many of those who wait for an answer go on as soon as it is known not to be
stored, and as many more for each of them; with Varnish's 3 the last of 20 waits for three fetches
before its own."""


ESI_FEATURES: Final = "+esi_disable_xml_check,+esi_ignore_https,+esi_ignore_other_elements"
"""Pages begin without XML, and behind a TLS proxy their includes name https: what Magento's own
guide for Varnish sets."""
TAG_LINES: Final = 4
"""A header line of the origin may be this many times ``direct.maxTagHeader``: lists between the two
are tagged ``some``."""


def varnishd_parameters(config: Config, *, include: bool = False) -> Mapping[str, str]:
    """The parameters of varnishd for this config, by name.

    For a direct profile the workspace of a fetch holds the origin's headers, one copy of its tags
    where they came in several lines, and three as the VCL rewrites them.
    """
    if config.profile == "gateway":
        return PARAMETERS
    line = TAG_LINES * config.direct.max_tag_header
    headers = line + 64 * 1024
    workspace = 2 * headers + 4 * config.direct.max_tag_header + 64 * 1024
    found = {
        **PARAMETERS,
        "http_resp_hdr_len": str(line),
        "http_resp_size": str(headers),
        "workspace_backend": str(max(workspace, 320 * 1024)),
    }
    return {**found, "feature": ESI_FEATURES} if direct_plan(config, include=include).esi else found


def varnishd_arguments(config: Config, vcl: Path) -> list[str]:
    """The arguments after ``varnishd`` for this config, without ``-n`` and ``-F``."""
    arguments = [
        "-a",
        f"public={config.varnish.listen},HTTP",
        "-a",
        f"admin={config.varnish.admin_listen},HTTP",
        *_proxy_listener(config),
        "-f",
        str(vcl),
        "-s",
        f"data=malloc,{config.varnish.storage}b",
    ]
    if config.profile == "gateway":
        arguments += ["-s", f"verdict=malloc,{config.varnish.verdict_storage}b"]
    return [*arguments, *_parameters(config)]


def include_arguments(config: Config) -> list[str]:
    """What the varnishd of another VCL needs besides its own arguments for ``shellac.vcl``."""
    listeners = ["-a", f"admin={config.varnish.admin_listen},HTTP", *_proxy_listener(config)]
    return [*listeners, *_parameters(config, include=True)]


def _parameters(config: Config, *, include: bool = False) -> Iterator[str]:
    for name, value in varnishd_parameters(config, include=include).items():
        yield "-p"
        yield f"{name}={value}"


def _proxy_listener(config: Config) -> list[str]:
    """Its name stands in ``templates/features/client.vcl.j2``."""
    listen = config.varnish.proxy_listen
    return [] if listen is None else ["-a", f"proxy={listen},PROXY"]
