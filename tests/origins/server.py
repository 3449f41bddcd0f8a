"""An origin whose every byte a test decides: what it does with a request is a function."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

DATA = json.dumps({"data": {"n": 1, "set": 1, "__typename": "Query"}}).encode()


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Scripted:
    """``asked`` are the requests so far. What hangs goes on once ``released``."""

    url: str = ""
    port: int = 0
    script: Callable[[Scripted, socket.socket], None] = lambda _, wire: answer(wire)
    asked: list[Asked] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)

    @property
    def operations(self) -> list[str]:
        """The documents that were sent by POST, without those of probes."""
        found = [json.loads(each.body)["query"] for each in self.asked if each.body]
        return [each for each in found if each != "{__typename}"]


def answer(
    wire: socket.socket,
    body: bytes = DATA,
    status: int = 200,
    media: str = "application/json",
    headers: str = "",
) -> None:
    """A whole answer."""
    wire.sendall(head(f"Content-Length: {len(body)}\r\n{headers}", status, media) + body)


def head(headers: str, status: int = 200, media: str = "application/json") -> bytes:
    return f"HTTP/1.1 {status} x\r\nContent-Type: {media}\r\n{headers}\r\n".encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def silent(origin: Scripted, _: socket.socket) -> None:
    """No answer."""
    origin.released.wait(60)


def half(origin: Scripted, wire: socket.socket) -> None:
    """Headers and a few bytes of an answer."""
    wire.sendall(head("Content-Length: 1000\r\n") + b'{"data":')
    origin.released.wait(60)


def broken(_: Scripted, wire: socket.socket) -> None:
    """The request is read, and the connection ends without an answer."""
    wire.shutdown(socket.SHUT_RDWR)


@contextmanager
def scripted(port: int = 0) -> Iterator[Scripted]:
    """The origin on a free port, or on a given one."""
    origin = Scripted()
    connections: list[socket.socket] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            connections.append(self.connection)
            # However a client ends: that is what tests are about.
            with contextlib.suppress(OSError):
                while self.one():
                    pass

        def one(self) -> bool:
            line = self.rfile.readline().decode("latin-1")
            if not line:
                return False
            method, target, _ = line.split(" ")
            headers = {}
            while (header := self.rfile.readline().decode("latin-1").strip()) != "":
                name, _, value = header.partition(":")
                headers[name.lower()] = value.strip()
            body = self.rfile.read(int(headers.get("content-length", 0)))
            origin.asked.append(Asked(method, target, headers, body))
            origin.script(origin, self.connection)
            return True

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        request_queue_size = 50

    with Server(("127.0.0.1", port), Handler) as server:
        origin.port = server.server_address[1]
        origin.url = f"http://127.0.0.1:{origin.port}/graphql"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield origin
        finally:
            origin.released.set()
            server.shutdown()
            thread.join()
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def unconnectable() -> Iterator[str]:
    """The URL of a server to which no connection comes about: its queue is full."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield f"http://127.0.0.1:{full.getsockname()[1]}/graphql"
