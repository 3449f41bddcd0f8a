"""A varnishd with somebody's own VCL, which includes what ``shellac render --as include`` wrote."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.net import free_port
from tests.support.process import running
from tests.support.stack import SHELLAC, with_ports
from vclgen.varnishd import find_varnishd

HOSTS: Final = Path(__file__).parent.parent / "vtc" / "include"
INCLUDE: Final = 'include "shellac.vcl";\n'


@dataclass(frozen=True)
class Hosted:
    """A running varnishd: its folder with ``shellac.yaml``, the config, and its public port."""

    folder: Path
    settings: Mapping[str, Any]
    port: int

    @property
    def workdir(self) -> Path:
        return self.folder / "varnish"


def host_vcl(name: str, port: int) -> str:
    """One of the hosts of the VTCs, in front of a server on this port; never probed."""
    vcl = (HOSTS / f"{name}.vcl").read_text()
    vcl = re.sub(r"\.probe = \{[^}]*\}", "", vcl)
    return vcl.replace('"host.test"', '"127.0.0.1"').replace('"80"', f'"{port}"')


def shellac(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A command of Shellac in the folder with its config."""
    return subprocess.run(
        [SHELLAC, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


@contextlib.contextmanager
def varnish_before(
    port: int, folder: Path, *, host: str, config: Mapping[str, Any] | None
) -> Iterator[Hosted]:
    """varnishd with a host's VCL in front of a server; without a config it includes nothing."""
    folder.mkdir(exist_ok=True)
    vcl = host_vcl(host, port)
    settings: Mapping[str, Any] = {}
    arguments: list[str] = []
    if config is None:
        vcl = vcl.replace(INCLUDE, "")
    else:
        settings = with_ports(config, state_dir=folder / "state")
        (folder / "shellac.yaml").write_text(yaml.safe_dump(settings))
        done = shellac(folder, "render", "--as", "include", "--output", folder)
        assert done.returncode == 0, done.stderr
        arguments = (folder / "varnishd.args").read_text().splitlines()
    file = folder / "default.vcl"
    file.write_text(vcl)
    public = free_port()
    command = [find_varnishd(), "-F", "-j", "none", "-n", folder / "varnish"]
    command += ["-a", f"127.0.0.1:{public}", "-f", file, "-p", f"vcl_path={folder}"]
    command += ["-s", "malloc,50m"]
    with running([*command, *arguments], log=folder / "varnish.log") as process:
        process.wait_until_listening(public)
        yield Hosted(folder, settings, public)
