"""Varnish and controller started apart, as in production; each can be ended and started again."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.demo.origin import Demo, running_demo
from tests.e2e.conftest import CONFIG
from tests.support.net import wait_for
from tests.support.process import Process, running
from tests.support.stack import SHELLAC, TOKEN, send, with_ports

ENTRYPOINT = Path(__file__).parent.parent.parent / "varnish" / "entrypoint.sh"


@dataclass
class Apart:
    """The parts of a pair, each a process of its own."""

    folder: Path
    url: str
    admin_url: str
    node_url: str
    demo: Demo
    http: httpx.Client
    varnish: Process

    @contextmanager
    def controller(self, changed: str | None = None) -> Iterator[Process]:
        """A controller, ready; killed at the end if a test has not stopped it.

        ``changed`` is Python that runs first, for a time-out no test can wait for.
        """
        program: list[str | Path] = [SHELLAC]
        if changed is not None:
            main = "from controller.cli.main import main; main()"
            program = [sys.executable, "-c", f"{changed}; {main}"]
        command = [*program, "serve", "--config", self.folder / "shellac.yaml"]
        with running(
            command, log=self.folder / "controller.log", env={"SHELLAC_ADMIN_TOKEN": TOKEN}
        ) as process:

            def ready() -> bool:
                process.check_alive()
                try:
                    return self.http.get(f"{self.admin_url}/readyz").status_code == 200
                except httpx.TransportError:
                    return False

            wait_for(ready, what="the controller to be ready")
            yield process

    def query(self, document: str) -> httpx.Response:
        return send(self.http, self.url, document)

    def sent(self, document: str) -> "Future[httpx.Response]":
        """Send a query without waiting for its answer."""
        return self.demo.threads.submit(self.query, document)

    def health(self) -> int:
        """The status of the node's health endpoint, 0 while nothing listens."""
        try:
            return self.http.get(f"{self.node_url}/_shellac/health").status_code
        except httpx.TransportError:
            return 0


@contextmanager
def running_apart(tmp_path: Path, config: Mapping[str, Any] | None = None) -> Iterator[Apart]:
    """A demo origin that can be held, and Varnish before it; the controller is the test's."""
    with (
        running_demo(tmp_path, "--control") as demo,
        running_before(demo, tmp_path, config) as pair,
    ):
        yield pair


@contextmanager
def running_before(
    demo: Demo, tmp_path: Path, config: Mapping[str, Any] | None = None
) -> Iterator[Apart]:
    """A Varnish before an origin; the controller is the test's."""
    config = with_ports(
        {**CONFIG, **(config or {}), "originUrl": demo.url}, state_dir=tmp_path / "state"
    )
    (tmp_path / "shellac.yaml").write_text(yaml.safe_dump(config))
    rendered = tmp_path / "rendered"
    subprocess.run(
        [SHELLAC, "render", "--config", tmp_path / "shellac.yaml", "--output", rendered],
        check=True,
    )
    environment = {"SHELLAC_RENDERED": str(rendered), "SHELLAC_WORKDIR": str(tmp_path / "work")}
    with (
        running(
            [ENTRYPOINT, "-j", "none"], log=tmp_path / "varnishd.log", env=environment
        ) as varnish,
        httpx.Client(timeout=60) as http,
    ):
        yield Apart(
            folder=tmp_path,
            url=f"http://{config['varnish']['listen']}/graphql",
            admin_url=f"http://{config['controller']['adminListen']}",
            node_url=f"http://{config['varnish']['adminListen']}",
            demo=demo,
            http=http,
            varnish=varnish,
        )
