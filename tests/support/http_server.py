"""HTTP servers of tests that do more than answer: they break off, stream or take their time.

Where a function from a request to an answer is enough, ``demo.tagging.serving`` serves it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class QuietHandler(BaseHTTPRequestHandler):
    """HTTP/1.1, and no log: pytest shows what failed."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # with fewer a crowd waits a second for its connections


@contextmanager
def running_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Each connection has a thread, on a free port; gives the base URL."""
    server = _Server(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
