"""The baseline: varnishd with the smallest VCL that caches, before a server of one body."""

import contextlib
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.net import free_port, listens, wait_for
from tests.support.process import running

_VCL = """
vcl 4.1;
backend origin {{ .host = "127.0.0.1"; .port = "{port}"; }}
sub vcl_recv {{ return (hash); }}
sub vcl_backend_response {{ set beresp.ttl = 1h; }}
"""


@contextlib.contextmanager
def bare_varnish(body: bytes, headers: Mapping[str, str], vcl_text: str = _VCL) -> Iterator[str]:
    """Varnish that answers every URL with `body` (as it stands on the wire); its base URL.

    `vcl_text` has `{port}` for the server's, and other braces doubled.
    """
    with varnish_before(body, headers, vcl_text) as (url, _):
        yield url


@contextlib.contextmanager
def varnish_before(
    body: bytes, headers: Mapping[str, str], vcl_text: str = _VCL, more: Sequence[str] = ()
) -> Iterator[tuple[str, int]]:
    """The same with `more` arguments of varnishd: its base URL, and its manager's process id."""
    with (
        _server(body, headers) as origin,
        tempfile.TemporaryDirectory(prefix="shellac-bench-") as name,
    ):
        folder = Path(name)
        folder.chmod(0o755)  # started by root, varnishd reads it as another user
        vcl = folder / "bare.vcl"
        vcl.write_text(vcl_text.format(port=origin))
        port = free_port()
        command = ["varnishd", "-F", "-n", f"{name}/work", "-f", str(vcl)]
        command += ["-a", f"127.0.0.1:{port}", "-s", "malloc,64m", *more]
        with running(command, log=folder / "log") as process:

            def up() -> bool:
                process.check_alive()
                return listens(port)

            wait_for(up, what="bare Varnish")
            yield f"http://127.0.0.1:{port}", process.pid


@contextlib.contextmanager
def _server(body: bytes, headers: Mapping[str, str]) -> Iterator[int]:
    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
