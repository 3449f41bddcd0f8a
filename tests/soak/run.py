"""One run: everything started, read, written and broken; then the audit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import uvloop

from tests.soak.audit import audit
from tests.soak.cluster import Cluster, running_cluster
from tests.soak.faults import inject_until_over
from tests.soak.options import Options
from tests.soak.reading import read_until_over
from tests.soak.report import Tally
from tests.soak.traffic import Traffic
from tests.soak.writing import write_until_over

SAY_EVERY: Final = 5.0
GREEN_SECONDS: Final = 90.0


def run(options: Options, say: Callable[[str], None]) -> Tally:
    """Run and judge; ``say`` is given a line every few seconds.

    Raises:
        TimeoutError: something did not start.
        RuntimeError: something ended, or did not end, by itself.
    """
    with (
        running_cluster(options) as cluster,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(_run(options, cluster, say))


async def _run(options: Options, cluster: Cluster, say: Callable[[str], None]) -> Tally:
    traffic = Traffic(options, cluster)
    tally = traffic.tally
    async with asyncio.TaskGroup() as group:
        background = [group.create_task(traffic.watch_health(node)) for node in cluster.nodes]
        async with asyncio.timeout(GREEN_SECONDS):
            await asyncio.gather(*(green.wait() for green in traffic.green))
        background.append(group.create_task(_say(traffic, say)))
        await asyncio.gather(*_work(traffic))
        tally.seconds = traffic.now
        if not (options.stop_at_first and tally.violations):
            await audit(traffic)
        for task in background:
            task.cancel()
    return tally


def _work(traffic: Traffic) -> list[Coroutine[Any, Any, None]]:
    load = traffic.options.load
    work = [
        read_until_over(traffic, node, f"{node.index}.{number}")
        for node in traffic.cluster.nodes
        for number in range(load.readers // len(traffic.cluster.nodes))
    ]
    work += [write_until_over(traffic, str(number)) for number in range(load.writers)]
    if traffic.options.faults:
        work.append(inject_until_over(traffic))
    return work


async def _say(traffic: Traffic, say: Callable[[str], None]) -> None:
    while True:
        await asyncio.sleep(SAY_EVERY)
        traffic.tally.seconds = traffic.now
        say(traffic.tally.line())
