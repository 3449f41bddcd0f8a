"""What to run: the mode, the load, and what to leave out of the controller."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

Mode = Literal["single", "pairs-all", "pairs-local", "fanout"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
Part = Literal["fence", "chase", "replay"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)


@dataclass(frozen=True, slots=True)
class Load:
    """``readers`` are those of each node. ``latency`` is the origin's longest, in seconds.

    ``out_of_band``: the share of writes that happen at the origin and are followed by a call of
    the Purging API.
    """

    items: int = 90
    groups: int = 12
    users: int = 8
    readers: int = 64
    writers: int = 24
    writes_per_second: float = 25.0
    latency: float = 0.2
    out_of_band: float = 0.1


@dataclass(frozen=True, slots=True)
class Options:
    """``seconds`` ends a run that has not made its ``reads`` by then.

    ``stop_at_first``: at the first violation. ``settle`` is how long after the end a purge may
    take that was not acknowledged.
    """

    mode: Mode
    reads: int
    seed: int = 1
    faults: bool = True
    without: Part | None = None
    swr: int = 0
    seconds: float = 3600.0
    stop_at_first: bool = False
    settle: float = 20.0
    load: Load = Load()

    @property
    def nodes(self) -> int:
        return 1 if self.mode == "single" else 3

    @property
    def everywhere(self) -> bool:
        """Whether an acknowledgement holds for every node."""
        return self.mode != "pairs-local"

    @property
    def waits_for_all(self) -> bool:
        """Whether the config says ``purge.wait: all``."""
        return self.mode == "pairs-all" or self.without == "replay"


def without(options: Options, part: Part) -> Options:
    """The same run with a part of the controller missing, under a load that shows it soon."""
    load = options.load
    match part:
        case "fence":
            pass  # an answer takes up to 200 ms: it is overtaken soon
        case "chase":
            # What counts is the millisecond in which an answer goes to Varnish and is indexed: so
            # few items, each written, fetched and read without a pause.
            load = replace(load, items=4, groups=1, users=1, readers=32, latency=0.02)
            load = replace(load, writes_per_second=60.0, out_of_band=0.0)
        case "replay":
            load = replace(load, items=12, groups=2, users=2)
    return replace(options, without=part, load=load, stop_at_first=True, faults=part != "fence")
