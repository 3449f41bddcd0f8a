"""What Shellac costs: `make bench`, or `python -m bench.run --help`.

Hits are compared with varnishd under the smallest VCL that caches, misses with the origin
alone, and what the controller's core does with a document (bench/core.py) with graphql-core's
parse and validation. All of it is measured in one run, in turns: figures of different runs or
machines say nothing about each other, so only the ratios and differences within a run are worth
quoting.
"""

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from bench import core
from bench.bare import bare_varnish
from bench.load import Figures, Load, LoadError, run
from tests.support.net import free_port, listens, wait_for
from tests.support.process import running
from tests.support.stack import assert_hit, assert_miss, running_stack, send

BASELINE = "bare Varnish, GET"

PAGE = """\
query Page($since: DateTime!) {
  posts(since: $since, limit: 6) {
    id title body status rating likes author { id name } tags { id name } comments { id body }
  }
}"""


@dataclass(frozen=True, slots=True)
class Hits:
    """One row of the first table: medians over the rounds."""

    name: str
    per_second: float
    ratio: float
    """To the baseline of the same round."""
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Misses:
    """One row of the second table, in milliseconds."""

    name: str
    p50: float
    p95: float
    adds: float
    """To the p50 of the origin alone, over the same queries in turns."""


@dataclass(frozen=True, slots=True)
class Options:
    rounds: int
    seconds: int
    connections: int
    misses: int
    documents: int


def since(number: int) -> dict[str, str]:
    """Variables that no other number gives, with the same answer: all posts are younger."""
    return {"since": f"2001-01-01T00:00:00.{number:06d}Z"}


@contextlib.contextmanager
def demo_origin(folder: Path) -> Iterator[str]:
    """The demo API without its artificial latency; its GraphQL URL."""
    port = free_port()
    command = [sys.executable, "-m", "demo", "--listen", f"127.0.0.1:{port}", "--latency", "0"]
    with running(command, log=folder / "demo.log") as process:

        def up() -> bool:
            process.check_alive()
            return listens(port)

        wait_for(up, what="the demo API")
        yield f"http://127.0.0.1:{port}/graphql"


def measure_hits(http: httpx.Client, url: str, options: Options, folder: Path) -> list[Hits]:
    assert_miss(send(http, url, PAGE, since(0)))
    stored = assert_hit(send(http, url, PAGE, since(0)))
    with http.stream("POST", url, json={"query": PAGE, "variables": since(0)}) as answer:
        on_the_wire = b"".join(answer.iter_raw())
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name in {"content-type", "content-encoding"}
    }
    print(f"body {len(stored.content):,} bytes, {len(on_the_wire):,} with gzip\n")

    get = f"?{urlencode({'query': PAGE, 'variables': json.dumps(since(0))})}"
    with bare_varnish(on_the_wire, headers) as bare:
        body = json.dumps({"query": PAGE, "variables": since(0)})
        loads = [
            Load(BASELINE, f"{bare}/graphql{get}", {}),
            Load("Shellac, GET", f"{url}{get}", {}),
            Load("Shellac, POST", url, {"Content-Type": "application/json"}, body),
        ]
        for load in loads:
            run(load, seconds=1, connections=options.connections, folder=folder)
        seen = measure_in_turns(loads, options, folder)
    assert_hit(send(http, url, PAGE, since(0)))
    return [summed_up(load.name, seen) for load in loads]


def measure_in_turns(loads: list[Load], options: Options, folder: Path) -> list[dict[str, Figures]]:
    """By round: every load once, each round starting with another."""
    seen = []
    for number in range(options.rounds):
        first = number % len(loads)
        seen.append(
            {
                load.name: run(
                    load, seconds=options.seconds, connections=options.connections, folder=folder
                )
                for load in [*loads[first:], *loads[:first]]
            }
        )
    return seen


def summed_up(name: str, rounds: list[dict[str, Figures]]) -> Hits:
    return Hits(
        name=name,
        per_second=statistics.median(figures[name].per_second for figures in rounds),
        ratio=statistics.median(
            figures[name].per_second / figures[BASELINE].per_second for figures in rounds
        ),
        p50=statistics.median(figures[name].p50 for figures in rounds),
        p99=statistics.median(figures[name].p99 for figures in rounds),
    )


def measure_misses(http: httpx.Client, url: str, origin: str, options: Options) -> list[Misses]:
    """One connection, one request at a time: origin, known document, new document, in turns."""
    times: dict[str, list[float]] = {"origin alone": [], "a document seen before": []}
    times["a new document"] = []
    for number in range(1, options.misses + 1):
        variables = since(number)
        renamed = PAGE.replace("posts(", f"p{number}: posts(")
        turns = [
            ("origin alone", origin, PAGE),
            ("a document seen before", url, PAGE),
            ("a new document", url, renamed),
        ]
        first = number % len(turns)
        for name, target, document in [*turns[first:], *turns[:first]]:
            start = time.perf_counter()
            answer = send(http, target, document, variables)
            times[name].append((time.perf_counter() - start) * 1000)
            answer.raise_for_status()
            if target == url:
                assert_miss(answer)
    alone = statistics.median(times["origin alone"])
    return [
        Misses(
            name=name,
            p50=statistics.median(taken),
            p95=statistics.quantiles(taken, n=20)[-1],
            adds=statistics.median(taken) - alone,
        )
        for name, taken in times.items()
    ]


def print_tables(hits: list[Hits], misses: list[Misses], options: Options) -> None:
    print(
        f"Hits: wrk with {options.connections} connections, median of {options.rounds} rounds"
        f" of {options.seconds} s in turns\n"
        f"  {'':24}{'hits/s':>10}{'ratio':>8}{'p50 ms':>9}{'p99 ms':>9}"
    )
    for hit in hits:
        print(f"  {hit.name:24}{hit.per_second:10,.0f}{hit.ratio:8.2f}{hit.p50:9.2f}{hit.p99:9.2f}")
    print(
        f"\nMisses: {options.misses} each in turns, one at a time\n"
        f"  {'':24}{'p50 ms':>10}{'p95 ms':>9}{'adds ms':>9}"
    )
    for miss in misses:
        print(f"  {miss.name:24}{miss.p50:10.2f}{miss.p95:9.2f}{miss.adds:9.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each round and load")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--misses", type=int, default=300, help="queries of each kind")
    parser.add_argument("--documents", type=int, default=100, help="that the core has to read")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    arguments = vars(parser.parse_args())
    report: Path | None = arguments.pop("json")
    options = Options(**arguments)

    with tempfile.TemporaryDirectory(prefix="shellac-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # started by root, varnishd reads it as another user
        with demo_origin(folder) as origin:
            config: dict[str, Any] = {
                "name": "bench",
                "originUrl": origin,
                "rules": [{"types": ["Query"], "maxAge": 900}],
            }
            with running_stack(config, directory=folder) as stack:
                try:
                    hits = measure_hits(stack.http, stack.url, options, folder)
                    misses = measure_misses(stack.http, stack.url, origin, options)
                except LoadError as problem:
                    sys.exit(f"bench: {problem}")
    print_tables(hits, misses, options)
    costs = core.measure(options.documents)
    print()
    core.print_table(costs)
    if report:
        figures = {
            "options": asdict(options),
            "hits": [asdict(hit) for hit in hits],
            "misses": [asdict(miss) for miss in misses],
            "core": [asdict(cost) for cost in costs],
        }
        report.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
