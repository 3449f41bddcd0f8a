"""``shellac serve``: the controller, both listeners and the workers in one process and one loop.

One process on purpose: the fence, and what else keeps answers fresh, lives in its memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import uvicorn

from controller.admin.app import create_admin_app
from controller.admin.state import AdminState
from controller.brain import Brain
from controller.cli.up import ensure_secret
from controller.core.fence import Fence
from controller.core.recent import Recent
from controller.gateway.app import Gateway
from controller.gateway.origin import Origin
from controller.gateway.queries import Freshness
from controller.gateway.rules import gateway_rules
from controller.policy_of import policy_of
from controller.purge.log import keep_trimmed
from controller.purge.node import RECENT_SECONDS, RECENT_TAGS, NodeWorker
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from controller.schema_keeper import SchemaKeeper
from vclgen.config import Address, Config

logger = logging.getLogger(__name__)

FENCE_TAGS: Final = 200_000
"""Tags whose last purge is remembered: about 40 MB at most."""
STOP_SECONDS: Final = 8
"""For what is under way: a mutation that is cut off here could be sent again by Varnish."""
KEEP_ALIVE_SECONDS: Final = 90
"""Longer than Varnish keeps an idle connection (60 s), so that Varnish closes it."""


async def run_serve(config: Config, token: str) -> None:
    """Run until SIGINT or SIGTERM.

    Raises:
        LogUnavailable: the purge log cannot be opened.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with _running(config, token) as tasks:
        stop = asyncio.create_task(stopped.wait())
        done, _ = await asyncio.wait({stop, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stop}:
            task.result()


@asynccontextmanager
async def _running(config: Config, token: str) -> AsyncIterator[Sequence[asyncio.Task[Any]]]:
    """Everything started; yields the tasks none of which should end."""
    policy = policy_of(config)
    fence = Fence(FENCE_TAGS)
    recent = Recent(seconds=RECENT_SECONDS, most=RECENT_TAGS)
    async with AsyncExitStack() as stack:
        log = SqliteLog(config.state_dir / "purges.sqlite")
        stack.push_async_callback(log.close)
        origin = await stack.enter_async_context(
            Origin(config.origin_url, constants=config.fetch_headers)
        )
        secret = ensure_secret(config.secret_file)
        nodes = [
            NodeWorker(
                address, secret=secret, service=config.name, log=log, fence=fence, recent=recent
            )
            for address in config.varnish.nodes
        ]
        purger = Purger(log, nodes, fence, wait_seconds=config.purge.wait_timeout)
        freshness = Freshness(fence, recent)
        gateway = Gateway(Brain(policy, None), origin, purger, freshness, gateway_rules(config))
        admin = AdminState(
            policy, purger, schema_error="not fetched yet", tokens=frozenset({token})
        )

        def take(brain: Brain) -> None:
            gateway.brain = brain
            admin.index = brain.index
            for node in nodes:
                node.set_plan(brain.digest)

        keeper = SchemaKeeper(config, policy, take, admin)
        jobs = [
            _serve(gateway, config.controller.gateway_listen),
            _serve(create_admin_app(admin), config.controller.admin_listen),
            keeper.run(),
            keep_trimmed(log),
            *(node.run() for node in nodes),
        ]
        tasks = [asyncio.create_task(job) for job in jobs]
        stack.push_async_callback(_end, tasks)
        yield tasks


async def _serve(app: Any, address: Address) -> None:
    """One listener. Signals are the caller's; cancelling it closes the listener."""
    settings = uvicorn.Config(
        app,
        host=address.host,
        port=address.port,
        lifespan="off",
        access_log=False,
        log_level="warning",
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    await _Server(settings).serve()


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
