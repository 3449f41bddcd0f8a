"""A real varnishd with the stand-in VCL, and an origin whose answers carry the tags asked for."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from controller.core.tags import wire
from tests.support.net import free_port, wait_for
from tests.support.process import Process, running

SECRET = "secret-of-the-tests"
SERVICE = "demo"
VCL = Path(__file__).with_name("standin.vcl")
# As the start line that vclgen generates: room for three PURGE lines of 7.5 kB.
PARAMETERS = ("http_req_size=64k", "http_max_hdr=128", "workspace_client=256k")


class _Tagged(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        tags = [wire(SERVICE, tag) for tag in asked.get("tag", [])]
        self.send_response(200)
        self.send_header("X-Tags", " ".join(tags))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@contextlib.contextmanager
def running_origin() -> Iterator[int]:
    """The port of an origin that tags its answer with each ``?tag=``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Tagged)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Varnish:
    """One varnishd: started, stopped, killed, on ports that stay the same."""

    origin_port: int
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

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        """Run it; at the end it is stopped and its cache gone."""
        vcl = self.directory / f"{self.port}.vcl"
        text = VCL.read_text().replace("@ORIGIN_PORT@", str(self.origin_port))
        vcl.write_text(text.replace("@SECRET@", SECRET))
        command = ["varnishd", "-F", "-j", "none", "-n", str(self.workdir), "-f", str(vcl)]
        command += ["-a", f"public=127.0.0.1:{self.port}", "-s", "malloc,20m"]
        command += ["-a", f"admin=127.0.0.1:{self.admin_port}"]
        for parameter in PARAMETERS:
            command += ["-p", parameter]
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
        answer = httpx.get(f"{self.admin}/_shellac/node", headers={"Shellac-Secret": SECRET})
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
        """HIT, MISS or STALE of a page that the origin tags so."""
        answer = httpx.get(f"http://127.0.0.1:{self.port}{path}", params={"tag": list(tags)})
        verdict: str = answer.headers["X-Cache"]
        return verdict


@contextlib.contextmanager
def varnish_directory() -> Iterator[Path]:
    """A directory with a name short enough for varnishd's socket."""
    with tempfile.TemporaryDirectory(prefix="shellac-") as folder:
        yield Path(folder)
