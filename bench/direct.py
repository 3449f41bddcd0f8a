"""What a hit of a direct profile costs: `make bench`, or `python -m bench.direct --help`.

The profile `magento`, without a controller, answers a GraphQL query with the headers that a shop's
pages send, compared with varnishd under the smallest VCL that caches. Both serve the same bytes, in
turns of one run: only the ratios are worth quoting. Processor time is that of Varnish's child, so
what else the machine does counts for less than in hits per second.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import httpx

from bench.bare import varnish_before
from bench.load import Figures, Load, LoadError, run
from tests.support.process import child_of
from vclgen.config import load_config_text
from vclgen.render import vcl_of
from vclgen.start import varnishd_parameters

BARE: Final = "bare Varnish"
DIRECT: Final = "profile magento"
CONFIG: Final = """
originUrl: http://127.0.0.1:{port}/graphql
profile: magento
direct: {{controller: false, health: {{enabled: false}}}}
"""
QUERY: Final = {"query": "{products{items{id name sku price}}}", "variables": '{"page":1}'}
BODY: Final = gzip.compress(json.dumps({"data": [f"item {n * n}" for n in range(200)]}).encode())
ANSWER: Final = {
    "Content-Type": "application/json",
    "Content-Encoding": "gzip",
    "Cache-Control": "public, max-age=3600, s-maxage=3600",
    "X-Magento-Tags": "cat_p,cat_p_1,cat_p_2,cat_c,cat_c_3",
}
REQUEST: Final = {
    "Store": "default",
    "Content-Currency": "EUR",
    "X-Forwarded-Proto": "https",
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """One row: medians over the rounds; ratios are to the baseline of the same round."""

    name: str
    per_second: float
    ratio: float
    microseconds: float
    """Of the processor, for one hit."""
    times: float


@contextlib.contextmanager
def direct_varnish() -> Iterator[tuple[str, int]]:
    """Varnish under the profile's VCL: its base URL, and the process id of its manager."""
    config = load_config_text(CONFIG.format(port=9), source="bench").config
    text = vcl_of(config).replace("{", "{{").replace("}", "}}")
    vcl = text.replace('.port = "9"', '.port = "{port}"')
    parameters = [f"{name}={value}" for name, value in varnishd_parameters(config).items()]
    more = [word for parameter in parameters for word in ("-p", parameter)]
    with varnish_before(BODY, ANSWER, vcl, [*more, "-s", "data=malloc,64m"]) as found:
        yield found


def processor(manager: int) -> float:
    """Seconds that Varnish's child has had: utime and stime of proc_pid_stat(5)."""
    stat = Path(f"/proc/{child_of(manager, 'varnishd')}/stat").read_text()
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(load: Load, manager: int, seconds: int, folder: Path) -> tuple[Figures, float]:
    """One turn: what wrk saw, and microseconds of the processor for one hit."""
    before = processor(manager)
    figures = run(load, seconds=seconds, connections=16, folder=folder)
    return figures, (processor(manager) - before) / (figures.per_second * seconds) * 1e6


def measure(rounds: int, seconds: int) -> list[Hit]:
    """Every load once a round, each round in the other order."""
    turns: dict[str, list[tuple[Figures, float]]] = {BARE: [], DIRECT: []}
    with (
        tempfile.TemporaryDirectory(prefix="shellac-bench-") as name,
        varnish_before(BODY, ANSWER) as (bare, bare_manager),
        direct_varnish() as (direct, direct_manager),
    ):
        folder = Path(name)
        path = f"/graphql?{urlencode(QUERY)}"
        loads = [
            (Load(BARE, bare + path, REQUEST), bare_manager),
            (Load(DIRECT, direct + path, REQUEST), direct_manager),
        ]
        for load, manager in loads:
            measured(load, manager, 1, folder)
        for _ in range(rounds):
            for load, manager in loads:
                turns[load.name].append(measured(load, manager, seconds, folder))
            loads.reverse()
        seen = httpx.get(direct + path, headers=REQUEST).headers["x-magento-cache-debug"]
        if seen != "HIT":
            raise LoadError(f"{DIRECT}: what was measured is a {seen}")
    return [
        Hit(
            name,
            per_second=statistics.median(figures.per_second for figures, _ in seen),
            ratio=statistics.median(
                figures.per_second / bare.per_second
                for (figures, _), (bare, _) in zip(seen, turns[BARE], strict=True)
            ),
            microseconds=statistics.median(spent for _, spent in seen),
            times=statistics.median(
                spent / bare for (_, spent), (_, bare) in zip(seen, turns[BARE], strict=True)
            ),
        )
        for name, seen in turns.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.direct", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=int, default=1, help="of each round and load")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    try:
        hits = measure(options.rounds, options.seconds)
    except LoadError as problem:
        sys.exit(f"bench: {problem}")
    print(f"Hits of a direct profile: wrk with 16 connections, median of {options.rounds} rounds")
    print(f"  {'':24}{'hits/s':>10}{'ratio':>8}{'CPU us':>9}{'ratio':>8}")
    for hit in hits:
        speed = f"{hit.per_second:10,.0f}{hit.ratio:8.2f}"
        print(f"  {hit.name:24}{speed}{hit.microseconds:9.1f}{hit.times:8.2f}")
    if options.json:
        options.json.write_text(json.dumps([asdict(hit) for hit in hits], indent=2) + "\n")


if __name__ == "__main__":
    main()
