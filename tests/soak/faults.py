"""What happens to the processes while everything runs; each is followed by recovery."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.soak.cluster import Cluster
from tests.soak.options import Options
from tests.soak.servers import Server, signalled, stopped
from tests.soak.traffic import Traffic

PAUSE_SECONDS: Final = (0.3, 2.5)
"""Between the end of a fault and the next one."""
STOP_SECONDS: Final = (0.2, 3.0)
LONG_STOP_SECONDS: Final = (5.2, 7.0)
LONG_SHARE: Final = 0.25
"""Longer than the controller waits for a Varnish's answer, and than it knows answers as recent."""
PULSE_SECONDS: Final = 0.02
SLOW_SECONDS: Final = 2.0

KINDS: Final = (
    "controller killed",
    "controller stopped",
    "child killed",
    "child stopped",
    "child slowed",
    "varnishd killed",
    "redis killed",
    "redis stopped",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """``after`` so many seconds of peace, for ``seconds``; ``draw`` chooses among several."""

    kind: str
    after: float
    seconds: float
    draw: int


def schedule(options: Options) -> Iterator[Fault]:
    """An endless plan, the same for the same seed: every kind comes before one comes again."""
    dice = random.Random(f"{options.seed} faults")
    kinds = [kind for kind in KINDS if _applies(kind, options)]
    while True:
        for kind in dice.sample(kinds, len(kinds)):
            after = dice.uniform(*PAUSE_SECONDS)
            seconds = dice.uniform(0.0, 2.0) if "killed" in kind else dice.uniform(*STOP_SECONDS)
            if "stopped" in kind and dice.random() < LONG_SHARE:
                seconds = dice.uniform(*LONG_STOP_SECONDS)
            yield Fault(kind, after, seconds, dice.randrange(1 << 16))


def _applies(kind: str, options: Options) -> bool:
    match options.without:
        case "replay":
            # Longer than the lease, so that writes are acknowledged without the node.
            return kind == "child stopped"
        case "chase":
            # What arrived while it was stopped, answers and PURGEs, goes on at one moment.
            return kind == "child slowed"
        case "fence" | None:
            return "redis" not in kind or options.mode.startswith("pairs")


async def inject_until_over(traffic: Traffic) -> None:
    """One fault after another."""
    longer = 1.5 if traffic.options.without == "replay" else 0.0
    for fault in schedule(traffic.options):
        if await _over_within(traffic, fault.after):
            return
        server = _target(fault, traffic.cluster)
        await _ACTIONS[fault.kind](server, fault.seconds + longer)
        traffic.tally.faults[fault.kind] += 1


async def _over_within(traffic: Traffic, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await traffic.over.wait()
    except TimeoutError:
        return False


def _target(fault: Fault, cluster: Cluster) -> Server:
    if fault.kind.startswith("redis"):
        assert cluster.redis is not None
        return cluster.redis
    if fault.kind.startswith("controller"):
        return cluster.controllers[fault.draw % len(cluster.controllers)].server
    return cluster.nodes[fault.draw % len(cluster.nodes)].varnish


async def _kill(server: Server, seconds: float) -> None:
    server.kill()
    await asyncio.sleep(seconds)
    server.start()


async def _stop(server: Server, seconds: float) -> None:
    with stopped(server.pid):
        await asyncio.sleep(seconds)


async def _kill_child(server: Server, _: float) -> None:
    signalled(server.child, signal.SIGKILL)


async def _stop_child(server: Server, seconds: float) -> None:
    with stopped(server.child):
        await asyncio.sleep(seconds)


async def _slow_child(server: Server, _: float) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + SLOW_SECONDS
    while loop.time() < end:
        with stopped(server.child):
            await asyncio.sleep(PULSE_SECONDS)
        await asyncio.sleep(PULSE_SECONDS)


_ACTIONS: Final[Mapping[str, Callable[[Server, float], Awaitable[None]]]] = {
    "controller killed": _kill,
    "controller stopped": _stop,
    "child killed": _kill_child,
    "child stopped": _stop_child,
    "child slowed": _slow_child,
    "varnishd killed": _kill,
    "redis killed": _kill,
    "redis stopped": _stop,
}
