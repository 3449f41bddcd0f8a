"""A real haproxy or hitch, with the file of varnish/, before a running pair; clients by curl."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.certificates import certificate
from tests.support.net import free_port, wait_for
from tests.support.process import Process, running
from tests.support.stack import Stack

FILES = Path(__file__).parents[2] / "varnish"
CLIENT = "127.0.0.9"
"""Whom curl connects from: another address than that of haproxy itself."""


@dataclass(frozen=True)
class Answer:
    """``version`` is curl's: 2, 1.1."""

    status: int
    version: str
    headers: dict[str, str]
    body: str

    @property
    def cache(self) -> str:
        return self.headers.get("gcdn-cache", "none")


@dataclass(frozen=True)
class Front:
    """TLS on ``port`` of localhost, plain HTTP on ``plain_port``."""

    port: int
    plain_port: int
    trusted: Path
    process: Process

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/graphql"

    def query(self, document: str, *options: str) -> Answer:
        """Send one operation by POST over what ALPN chooses."""
        body = json.dumps({"query": document})
        typed = ("-H", "Content-Type: application/json", "-H", "Accept: application/json")
        return self.curl(self.url, *typed, "--data-binary", body, *options)

    def curl(self, url: str, *options: str) -> Answer:
        """One request, its certificate checked."""
        done = subprocess.run(
            [*self.command(url), "-i", "-w", "\n%{http_version}", *options],
            capture_output=True,
            text=True,
            check=False,
        )
        # 92: the answer came before the upload's end, and the stream was reset (RFC 9113, 8.1).
        assert done.returncode in (0, 92), done.stderr
        text, _, version = done.stdout.replace("\r\n", "\n").rpartition("\n")
        while True:  # HTTP/1.1 100 Continue stands before the answer
            head, _, text = text.partition("\n\n")
            status, *lines = head.split("\n")
            code = int(status.split()[1])
            if code >= 200:
                break
        headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines)}
        return Answer(code, version, headers, text)

    def command(self, url: str) -> list[str]:
        """curl, silent, from an address of its own."""
        # --resolve: without it localhost could be ::1.
        name = f"localhost:{self.port}:127.0.0.1"
        options = ["--cacert", str(self.trusted), "--interface", CLIENT, "--resolve", name]
        return ["curl", "-sS", "--compressed", "--max-time", "60", *options, url]

    def context(self) -> ssl.SSLContext:
        """For clients that are not curl; no ALPN, so HTTP/1.1."""
        return ssl.create_default_context(cafile=str(self.trusted))

    def raw(self, request: bytes) -> bytes:
        """All that comes back until the connection is closed, over HTTP/1.1."""
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=60) as plain,
            self.context().wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            secure.sendall(request)
            got = b""
            while chunk := secure.recv(65536):
                got += chunk
            return got


@contextmanager
def running_haproxy(
    stack: Stack, folder: Path, *, health: str | None = None, until: int = 404
) -> Iterator[Front]:
    """varnish/haproxy.cfg as it is, with what it reads from the environment.

    ``health`` is where it asks for Varnish's health, by default its admin listener. It is waited
    for until `/` is answered with status ``until``: a gateway does not serve it.
    """
    server, client = certificate(folder)
    port, plain = free_port(), free_port()
    varnish = settings(stack)["varnish"]
    environment = {
        "SHELLAC_TLS_LISTEN": f"127.0.0.1:{port}",
        "SHELLAC_HTTP_LISTEN": f"127.0.0.1:{plain}",
        "SHELLAC_CERTIFICATES": str(server),
        "SHELLAC_VARNISH": varnish["proxyListen"],
        "SHELLAC_HEALTH": varnish["adminListen"] if health is None else health,
    }
    # -db: one process, in the foreground
    command = ["haproxy", "-db", "-f", FILES / "haproxy.cfg"]
    with running(command, log=folder / "haproxy.log", env=environment) as process:
        front = Front(port, plain, client, process)
        wait_until_serving(front, until)
        yield front


@contextmanager
def running_hitch(stack: Stack, folder: Path, *, until: int = 404) -> Iterator[Front]:
    """varnish/hitch.conf with other addresses and certificate: hitch reads no environment."""
    server, client = certificate(folder)
    port = free_port()
    host, _, varnish = settings(stack)["varnish"]["proxyListen"].rpartition(":")
    text = (FILES / "hitch.conf").read_text()
    for old, new in {
        '"[*]:443"': f'"[127.0.0.1]:{port}"',
        '"[127.0.0.1]:8083"': f'"[{host}]:{varnish}"',
        '"/etc/hitch/shellac.pem"': f'"{server}"',
    }.items():
        assert len(re.findall(re.escape(old), text)) == 1
        text = text.replace(old, new)
    if os.geteuid() != 0:
        text = re.sub(r"^(user|group) = .*$", "", text, flags=re.MULTILINE)
    file = folder / "hitch.conf"
    file.write_text(text)
    command = ["hitch", "--config", file]
    with running(command, log=folder / "hitch.log") as process:
        front = Front(port, 0, client, process)
        wait_until_serving(front, until)
        yield front


def settings(stack: Stack) -> Any:
    """The config that the stack runs with."""
    return yaml.safe_load((stack.state_dir.parent / "shellac.yaml").read_text())


def wait_until_serving(front: Front, status: int) -> None:
    """Until a request is answered as it should be."""

    def serving() -> bool:
        front.process.check_alive()
        url = f"https://localhost:{front.port}/"
        command = [*front.command(url), "-o", "/dev/null", "-w", "%{http_code}"]
        return subprocess.run(command, capture_output=True, text=True).stdout == str(status)

    wait_for(serving, what=f"{front.url} to answer with {status}")
