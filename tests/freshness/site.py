"""Two Varnishes with the same rendered VCL, and the config that both and the controller have.

They run for all tests: each test begins with a log of its own, so that its worker flushes them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import yaml

from tests.support.net import free_port, wait_for
from tests.support.process import Process, child_of, running
from tests.support.stack import local
from vclgen.config import Address, Config, load_config_text
from vclgen.plan import gateway_plan
from vclgen.render import render
from vclgen.start import varnishd_arguments

SECRET: Final = "secret-of-the-tests"
_BARRIER: Final = """vcl 4.1;
import vtc;
sub vcl_backend_response {
    if (beresp.http.X-Test-Barrier) {
        vtc.barrier_sync(beresp.http.X-Test-Barrier, 60s);
        unset beresp.http.X-Test-Barrier;
    }
}
"""


@dataclass(frozen=True)
class Node:
    """One Varnish."""

    url: str
    admin_url: str
    workdir: Path
    process: Process

    def start_anew(self) -> None:
        """Kill the child; varnishd starts another, with an empty cache."""
        old = child_of(self.process.pid, "varnishd")
        os.kill(old, signal.SIGKILL)
        wait_for(lambda: self._child() not in (None, old) and self._answers(), what="a new child")

    def _child(self) -> int | None:
        try:
            return child_of(self.process.pid, "varnishd")
        except LookupError:
            return None

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.admin_url}/_shellac/alive", timeout=60).status_code == 200
        except httpx.TransportError:
            return False

    def waiting(self) -> int:
        """How many requests have ever been put to wait for another one's fetch."""
        command = ["varnishstat", "-1", "-n", str(self.workdir), "-f", "MAIN.busy_sleep"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(done.stdout.split()[1])


@dataclass(frozen=True)
class Site:
    """``config`` names the addresses at which a test starts the origin and the controller."""

    config: Config
    nodes: tuple[Node, ...]


@contextlib.contextmanager
def running_site() -> Iterator[Site]:
    """Start the Varnishes; their backends are not there yet."""
    with tempfile.TemporaryDirectory(prefix="shellac-") as folder, contextlib.ExitStack() as stack:
        directory = Path(folder)
        config = _config(directory)
        config.secret_file.write_text(SECRET)
        vcl = directory / "default.vcl"
        vcl.write_text(render(gateway_plan(config)).replace("vcl 4.1;\n", _BARRIER, 1))
        nodes = [stack.enter_context(_running_node(config, vcl, name)) for name in ("a", "b")]
        yield Site(config, tuple(nodes))


def _config(directory: Path) -> Config:
    settings = {
        "name": "demo",
        "originUrl": f"http://{local()}/graphql",
        "stateDir": str(directory),
        "varnish": {"listen": local(), "adminListen": local()},
        "controller": {key: local() for key in ("gatewayListen", "passListen", "adminListen")},
        "rules": [
            {"types": ["Query"], "maxAge": 3600, "swr": 3600},
            {"types": {"Query": ["brief"]}, "maxAge": 1},
        ],
    }
    return load_config_text(yaml.safe_dump(settings)).config


@contextlib.contextmanager
def _running_node(config: Config, vcl: Path, name: str) -> Iterator[Node]:
    public, admin = (Address("127.0.0.1", free_port()) for _ in range(2))
    addresses = {"listen": public, "admin_listen": admin}
    listening = config.model_copy(update={"varnish": config.varnish.model_copy(update=addresses)})
    workdir = vcl.parent / name
    command = ["varnishd", "-F", "-j", "none", "-n", str(workdir)]
    command += varnishd_arguments(listening, vcl)
    with running(command, log=vcl.parent / f"{name}.log") as process:
        process.wait_until_listening(admin.port)
        yield Node(f"http://{public}{config.path}", f"http://{admin}", workdir, process)
