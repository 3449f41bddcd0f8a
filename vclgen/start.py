"""How varnishd must be started for the generated VCL: listeners, storages, parameters.

Each value fits what the VCL and the controller rely on (``../docs/varnish.md``): a VCL without
these parameters loses tags or runs out of restarts, so both come from the same config.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from vclgen.config import Config
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
    "nuke_limit": "1000000",
    "vsl_reclen": "4k",
}
"""16 ``xkey`` lines of 7.5 kB in an answer, 3 in a PURGE, and room to work on them.
``nuke_limit``: a large answer pushes out as many small ones as it takes, or it would break off."""


def varnishd_arguments(config: Config, vcl: Path) -> list[str]:
    """The arguments after ``varnishd`` for this config, without ``-n`` and ``-F``."""
    arguments = [
        "-a",
        f"public={config.varnish.listen},HTTP",
        "-a",
        f"admin={config.varnish.admin_listen},HTTP",
        "-f",
        str(vcl),
        "-s",
        f"data=malloc,{config.varnish.storage}b",
        "-s",
        f"verdict=malloc,{config.varnish.verdict_storage}b",
    ]
    for name, value in PARAMETERS.items():
        arguments += ["-p", f"{name}={value}"]
    return arguments
