"""What the demo origins have in common that tag their answers and purge caches: HTTP both ways.

``magento.py``, ``wordpress.py`` and ``tagged.py`` each stand for a system that knows of caches in
front of it. An origin is a function from a request to an answer; every request has a thread.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from demo.arguments import address

PURGE_SECONDS = 10
"""How long an origin waits for a cache's answer: Magento's own time-out."""

Cache = tuple[str, int]
"""Host and port of a cache that is purged."""


@dataclass(frozen=True)
class Request:
    """Names of headers are lowercase."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    def json(self) -> Any:
        """The body; raises ValueError if it is no JSON."""
        return json.loads(self.body)

    def graphql(self) -> dict[str, Any]:
        """``query``, ``variables`` and ``operationName`` of the URL or of a JSON body."""
        if self.method == "POST":
            return dict(self.json())
        given: dict[str, Any] = dict(parse_qsl(urlsplit(self.target).query))
        if "variables" in given:
            given["variables"] = json.loads(given["variables"])
        return given


@dataclass(frozen=True)
class Answer:
    """``text`` is the body."""

    text: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


NOT_FOUND = Answer("not found\n", status=404)
Origin = Callable[[Request], Answer]


@contextlib.contextmanager
def serving(origin: Origin, listen: tuple[str, int] = ("127.0.0.1", 0)) -> Iterator[str]:
    """Serve on a thread until the end; gives the base URL. Port 0 is a free one."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = origin(Request(self.command, self.path, headers, body))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.text.encode())))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.text.encode())

        def __getattr__(self, name: str) -> Any:
            """The base class asks for ``do_GET`` and so on: every method is the origin's."""
            if name.startswith("do_"):
                return self.respond
            raise AttributeError(name)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(listen, Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://{listen[0]}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def purge(
    caches: Sequence[Cache], method: str, headers: Mapping[str, str], target: str = "/"
) -> list[int]:
    """Send one purge to each cache in turn; the statuses of their answers.

    A cache that cannot be reached is told on stderr and left out, as Magento does it.
    """
    statuses = []
    for host, port in caches:
        connection = http.client.HTTPConnection(host, port, timeout=PURGE_SECONDS)
        with contextlib.closing(connection):
            try:
                connection.request(method, target, headers={"Host": f"{host}:{port}", **headers})
                statuses.append(connection.getresponse().status)
            except OSError as error:
                print(f"{method} at {host}:{port}: {error}", file=sys.stderr)
    return statuses


def arguments(about: str, *, port: int) -> argparse.ArgumentParser:
    """``--listen`` and ``--purges``."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        "--listen",
        type=address,
        default=f"127.0.0.1:{port}",
        metavar="HOST:PORT",
        help="%(default)s",
    )
    parser.add_argument(
        "--purges",
        type=address,
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="a Varnish that is purged after an edit; may be repeated",
    )
    return parser


def run(origin: Origin, listen: tuple[str, int]) -> None:
    """Serve until SIGINT or SIGTERM."""
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with serving(origin, listen) as url:
        print(f"listening {url}", flush=True)
        signal.sigwait(ends)
