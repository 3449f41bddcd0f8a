"""A server on a thread of the test that keeps every byte it gets, and answers by the path."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Mapping
from threading import Thread

CACHED = b"Cache-Control: public, max-age=600\r\n"
ANSWERS: Mapping[bytes, bytes] = {
    b"/page": CACHED + b"X-Magento-Tags: cat_p,cat_p_1\r\nContent-Type: text/html\r\n"
    b"Set-Cookie: a=b\r\nSet-Cookie: c=d\r\nX-Shellac-Detail: own\r\nShellac-Purge: own\r\n",
    b"/composed": CACHED + b"Content-Type: text/html\r\n",
    b"/part": CACHED + b"X-Powered-By: it\r\n",
    b"/private": b"Cache-Control: private\r\nVia: it\r\nServer: it\r\nxkey: its own\r\n",
    b"/cached": b'ETag: "1"\r\nVary: Accept-Language\r\n' + CACHED,
}
BODIES: Mapping[bytes, bytes] = {b"/composed": b'<p><esi:include src="/part?of=it"/></p>'}


class Recorder:
    """What came, one request after the other, and where it listens."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def serve(self) -> None:
        """Answer until the listener is closed, one connection after the other."""
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection, contextlib.suppress(ConnectionError):
                    self._answer(connection)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _answer(self, connection: socket.socket) -> None:
        """Read one request, answer it, close: no request waits behind an idle connection."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += (more := connection.recv(65536))
            if not more:
                return
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if is_length(line)), 0
        )
        while len(body) < length:
            body += connection.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        method, target, _ = head.split(b"\r\n")[0].split(b" ")
        path = target.partition(b"?")[0]
        text = BODIES.get(path, b"the answer to " + path)
        status = b"404 Not Found" if path == b"/missing" else b"200 OK"
        connection.sendall(
            b"HTTP/1.1 " + status + b"\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
            b"Connection: close\r\n"
            + ANSWERS.get(path, b"")
            + b"Content-Length: %d\r\n\r\n" % len(text)
            + (b"" if method == b"HEAD" else text)
        )


def is_length(line: bytes) -> bool:
    return line.lower().startswith(b"content-length:")


@contextlib.contextmanager
def recording() -> Iterator[Recorder]:
    """A running recorder."""
    recorder = Recorder()
    thread = Thread(target=recorder.serve)
    thread.start()
    try:
        yield recorder
    finally:
        recorder.close()
        thread.join()
