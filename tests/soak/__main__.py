"""``python -m tests.soak``: one run, or ``compare-fence``. Exit code 1 on a violation."""

from __future__ import annotations

import argparse
import signal
from dataclasses import replace

from tests.soak.options import MODES, PARTS, Load, Options, without
from tests.soak.run import run

POINTS = 5.0
"""By how much the fence may lower the hit rate."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument(
        "command",
        nargs="?",
        choices=["check", "compare-fence"],
        default="check",
        help="%(default)s",
    )
    parser.add_argument("--mode", choices=MODES, default="single", help="%(default)s")
    parser.add_argument("--reads", type=int, default=100_000, help="%(default)s")
    parser.add_argument("--seed", type=int, default=1, help="%(default)s")
    parser.add_argument("--seconds", type=float, default=3600.0, help="at most; %(default)s")
    parser.add_argument("--swr", type=int, choices=(0, 30), default=0, help="%(default)s")
    parser.add_argument("--readers", type=int, default=Load().readers, help="a node; %(default)s")
    parser.add_argument("--faults", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument(
        "--without", choices=PARTS, help="take this part out of the controller; ends when it shows"
    )
    given = parser.parse_args()
    # As with Ctrl-C, so that no process is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = Options(
        mode=given.mode,
        reads=given.reads,
        seed=given.seed,
        faults=given.faults,
        swr=given.swr,
        seconds=given.seconds,
        load=Load(readers=given.readers),
    )
    if given.command == "compare-fence":
        return compare_fence(options)
    if given.without is not None:
        options = without(options, given.without)
    tally = run(options, _say)
    _say(tally.table(options))
    return 1 if tally.violations else 0


def compare_fence(options: Options) -> int:
    """The same load with and without the fence: 1 if it costs more than ``POINTS`` of hits."""
    fenced = run(replace(options, faults=False), _say)
    bare = run(replace(options, faults=False, without="fence"), _say)
    _say(f"hit rate {fenced.hit_rate:.1f} % with the fence, {bare.hit_rate:.1f} % without it")
    return 1 if fenced.violations or bare.hit_rate - fenced.hit_rate > POINTS else 0


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
