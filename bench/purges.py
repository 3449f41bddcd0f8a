"""How long a purge takes: `make bench`, or `python -m bench.purges --help`.

The time from a call of the Purging API to its answer, and to the end of a GET after it, which has
to miss. Compared with a PURGE by xkey at a bare Varnish in the same run, in turns: only the ratios
are worth quoting. The origin is a server of one small body, so that a miss costs little.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from operator import truediv
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from bench.bare import bare_varnish
from tests.support.stack import Stack, running_stack

TARGET: Final = 5.0
"""Milliseconds from a call to its effect, median."""
SETTLED_SECONDS: Final = 5.5
"""After so long an answer counts no more as being on its way into Varnish."""
PAUSE_SECONDS: Final = 0.025
"""Between two purges: over 50 a second are gathered, which is another figure."""
BASELINE: Final = "bare Varnish, PURGE by xkey"
SETTLED: Final = "Purging API"
FRESH: Final = "Purging API, just stored"

SDL: Final = "type Query { post(id: ID!): Post } type Post { id: ID! title: String! }"
BODY: Final = b'{"data":{"post":{"id":"%s","title":"a title"}}}'

VCL: Final = """
vcl 4.1;
import xkey;
backend origin {{ .host = "127.0.0.1"; .port = "{port}"; }}
sub vcl_recv {{
    if (req.method == "PURGE") {{
        if (xkey.purge(req.http.xkey-purge) == 0) {{ return (synth(404)); }}
        return (synth(200));
    }}
    return (hash);
}}
sub vcl_backend_response {{ set beresp.ttl = 1h; }}
sub vcl_deliver {{ set resp.http.hits = obj.hits; }}
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """One row, in milliseconds: to the purge's answer, and to the end of the GET that missed.

    ``ratio`` is the median of those to the baseline's answer in the same turn.
    """

    name: str
    p50: float
    p95: float
    with_miss: float
    ratio: float
    target: float | None = None


class Client:
    """One kept connection: what it adds to a request is small and the same for all rows."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """The answer, which is 200, read to its end."""
        self._connection.request(method, path, body, dict(headers or {}))
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise SystemExit(f"bench: {method} {path} is {answer.status}: {content[:500]!r}")
        return answer, content


@dataclass(frozen=True, slots=True)
class Side:
    """What a row does with the object of a number: read it (whether that was a hit), purge it."""

    read: Callable[[int], bool]
    purge: Callable[[int], None]

    def turn(self, number: int) -> tuple[float, float]:
        """Purge what is stored: milliseconds to the answer, and to the end of a miss."""
        if not self.read(number):
            raise SystemExit("bench: what should be purged was not stored")
        start = time.perf_counter()
        self.purge(number)
        answered = time.perf_counter()
        if self.read(number):
            raise SystemExit("bench: what was purged was a hit")
        return (answered - start) * 1000, (time.perf_counter() - start) * 1000


def shellac(stack: Stack) -> Side:
    """The Purging API's own mutation for a type, and a query by GET."""
    public, admin = Client(stack.url), Client(stack.admin_url)
    headers = {"stellate-token": stack.token, "Content-Type": "application/json"}

    def read(number: int) -> bool:
        document = f'{{ post(id: "{number}") {{ id title }} }}'
        answer, _ = public.ask("GET", f"/graphql?{urlencode({'query': document})}")
        return answer.headers["gcdn-cache"] == "HIT"

    def purge(number: int) -> None:
        document = "mutation ($id: [String!]) { purgePost(id: $id) }"
        body = json.dumps({"query": document, "variables": {"id": [str(number)]}}).encode()
        _, content = admin.ask("POST", f"/{stack.name}", body, headers)
        said = json.loads(content)
        if [node["result"] for node in said["extensions"]["shellac"]["nodes"]] != ["applied"]:
            raise SystemExit(f"bench: a purge was not applied: {said}")

    return Side(read, purge)


def bare(url: str) -> Side:
    """One object, one key."""
    client = Client(url)

    def read(_: int) -> bool:
        answer, _ = client.ask("GET", "/post")
        return int(answer.headers["hits"]) > 0

    def purge(_: int) -> None:
        client.ask("PURGE", "/", headers={"xkey-purge": "post-1"})

    return Side(read, purge)


@contextlib.contextmanager
def small_origin() -> Iterator[str]:
    """A server that answers a query for any post; its GraphQL URL."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = re.search(r'post\(id:\s*"(\d+)"', sent["query"])
            body = BODY % (found[1].encode() if found else b"0")
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/graphql"
        server.shutdown()


def measure(stack: Stack, baseline: str, rounds: int) -> list[Cost]:
    """In turns: an object that was stored long ago, the same just stored, bare Varnish."""
    first = shellac(stack)
    for number in range(rounds):
        first.read(number)
    time.sleep(SETTLED_SECONDS)
    ours, theirs = shellac(stack), bare(baseline)  # Varnish closes connections idle for so long
    theirs.read(0)
    taken: dict[str, list[tuple[float, float]]] = {BASELINE: [], SETTLED: [], FRESH: []}
    for number in range(rounds):
        for name, side in ((SETTLED, ours), (FRESH, ours), (BASELINE, theirs)):
            time.sleep(PAUSE_SECONDS)
            taken[name].append(side.turn(number))
    alone = [answered for answered, _ in taken[BASELINE]]
    return [
        _cost(name, times, alone, None if name == BASELINE else TARGET)
        for name, times in taken.items()
    ]


def _cost(
    name: str, times: list[tuple[float, float]], alone: list[float], target: float | None
) -> Cost:
    answered = [each for each, _ in times]
    return Cost(
        name,
        p50=statistics.median(answered),
        p95=statistics.quantiles(answered, n=20)[-1],
        with_miss=statistics.median(missed for _, missed in times),
        ratio=statistics.median(map(truediv, answered, alone)),
        target=target,
    )


def print_table(costs: list[Cost], rounds: int) -> None:
    print(
        f"Purges: {rounds} each in turns, one at a time; p50 with the GET that misses after it\n"
        f"  {'':32}{'p50 ms':>8}{'p95 ms':>8}{'with GET':>10}{'ratio':>8}{'target':>8}"
    )
    for cost in costs:
        target = "" if cost.target is None else f"{cost.target:.0f}"
        print(
            f"  {cost.name:32}{cost.p50:8.2f}{cost.p95:8.2f}{cost.with_miss:10.2f}"
            f"{cost.ratio:8.2f}{target:>8}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.purges", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="purges of each kind")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shellac-bench-") as name, small_origin() as origin:
        folder = Path(name)
        folder.chmod(0o755)  # started by root, varnishd reads it as another user
        config = {
            "name": "bench",
            "originUrl": origin,
            "schema": SDL,
            "rules": [{"types": ["Query"], "maxAge": 900}],
        }
        key = {"Content-Type": "application/json", "xkey": "post-1"}
        with (
            running_stack(config, directory=folder) as stack,
            bare_varnish(BODY % b"1", key, VCL) as baseline,
        ):
            costs = measure(stack, baseline, arguments.rounds)
    print_table(costs, arguments.rounds)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(cost) for cost in costs], indent=2) + "\n")


if __name__ == "__main__":
    main()
