"""A real varnishd with the rendered VCL; its gateway tags answers as it is asked to."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import signal
import subprocess
import tempfile
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import yaml

from controller.core.tags import wire
from demo.tagging import Answer, Request, serving
from tests.support.net import free_port, wait_for
from tests.support.process import Process, running
from vclgen.config import Config, load_config_text
from vclgen.plan import gateway_plan
from vclgen.render import render
from vclgen.start import varnishd_arguments

SECRET = "secret-of-the-tests"
SERVICE = "demo"


def _gateway(request: Request) -> Answer:
    """The two rounds of docs/protocol.md: every request is a query, tagged with each ``?tag=``."""
    url = urllib.parse.urlsplit(request.target)
    if url.path == "/verdict":
        key = hashlib.sha256(url.query.encode()).hexdigest()
        said = {"X-Shellac-Kind": "query", "X-Shellac-Key": key, "X-Shellac-Scopes": ","}
    else:
        tags = urllib.parse.parse_qs(url.query).get("tag", [])
        said = {"xkey": " ".join(wire(SERVICE, tag) for tag in tags), "X-Shellac-Swr": "3600"}
    return Answer("", {**said, "X-Shellac-Max-Age": "3600"})


@contextlib.contextmanager
def running_gateway() -> Iterator[int]:
    """The port of a gateway that answers every query."""
    with serving(_gateway) as url:
        yield int(url.rpartition(":")[2])


@dataclass
class Varnish:
    """One varnishd: started, stopped, killed, on ports that stay the same."""

    gateway_port: int
    directory: Path
    port: int = field(default_factory=free_port)
    admin_port: int = field(default_factory=free_port)
    process: Process | None = None

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def workdir(self) -> Path:
        return self.directory / f"varnish-{self.port}"

    def config(self) -> Config:
        settings = {
            "name": SERVICE,
            "originUrl": "http://127.0.0.1:1/graphql",
            "stateDir": str(self.directory),
            "varnish": {
                "listen": f"127.0.0.1:{self.port}",
                "adminListen": f"127.0.0.1:{self.admin_port}",
            },
            "controller": {"gatewayListen": f"127.0.0.1:{self.gateway_port}"},
        }
        return load_config_text(yaml.safe_dump(settings)).config

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        """Run it; at the end it is stopped and its cache gone."""
        config = self.config()
        config.secret_file.write_text(SECRET)
        vcl = self.directory / f"{self.port}.vcl"
        vcl.write_text(render(gateway_plan(config)))
        command = ["varnishd", "-F", "-j", "none", "-n", str(self.workdir)]
        command += varnishd_arguments(config, vcl)
        with running(command, log=self.directory / f"{self.port}.log") as process:
            self.process = process

            def serving() -> bool:
                process.check_alive()
                return self.answers()

            wait_for(serving, what="varnishd to listen")
            yield

    @property
    def child(self) -> int | None:
        assert self.process is not None
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[0]) if children else None

    def kill_child(self) -> None:
        """kill -9 of the child; varnishd starts another with an empty cache."""
        old = self.child
        assert old is not None
        os.kill(old, signal.SIGKILL)
        wait_for(lambda: self.child not in (None, old) and self.answers(), what="a new child")

    def answers(self) -> bool:
        try:
            self.node()
        except httpx.TransportError:
            return False
        return True

    def node(self) -> dict[str, str]:
        """What the node says of itself."""
        answer = httpx.get(
            f"{self.admin}/_shellac/node", headers={"Shellac-Secret": SECRET}, timeout=60
        )
        found: dict[str, str] = answer.raise_for_status().json()
        return found

    def purges_received(self) -> list[str]:
        """One line per PURGE since it started: its seq, flush and plan, ``-`` for none."""
        headers = " ".join(f"%{{Shellac-{name}}}i" for name in ("Seq", "Flush", "Plan"))
        command = ["varnishncsa", "-d", "-n", str(self.workdir), "-F", headers]
        command += ["-q", 'ReqMethod eq "PURGE"']
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    def read(self, path: str, *tags: str) -> str:
        """HIT, MISS or STALE of a query whose answer is tagged so."""
        asked = {"query": path, "tag": list(tags)}
        answer = httpx.get(f"http://127.0.0.1:{self.port}/graphql", params=asked, timeout=60)
        status = answer.headers["Cache-Status"]
        if re.search(r"hit; ttl=(-|0$)", status):
            return "STALE"
        verdict: str = answer.headers["gcdn-cache"]
        return verdict


@contextlib.contextmanager
def varnish_directory() -> Iterator[Path]:
    """A directory with a name short enough for varnishd's socket."""
    with tempfile.TemporaryDirectory(prefix="shellac-") as folder:
        yield Path(folder)
