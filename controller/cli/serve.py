"""``shellac serve``: the controller, both listeners and the workers in one process and one loop.

One process on purpose: the fence, and what else keeps answers fresh, lives in its memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import uvicorn

from controller.admin.app import create_admin_app
from controller.admin.state import AdminState
from controller.brain import Brain
from controller.cli.direct import require_controller
from controller.cli.up import ensure_secret
from controller.gateway.app import Gateway
from controller.gateway.identity import key_sets
from controller.gateway.origin import origin_of
from controller.gateway.origins import OriginMetrics
from controller.gateway.rules import gateway_rules
from controller.heap import settle
from controller.policy_of import policy_of
from controller.purge.freshness import Freshness
from controller.purge.log import PurgeLog, keep_trimmed
from controller.purge.node import NodeWorker
from controller.purge.nodes import Nodes
from controller.purge.peers import Peers
from controller.purge.purger import Purger
from controller.purge.redis_log import RedisLog
from controller.purge.redis_peers import RedisPeers
from controller.purge.refetch import Refetcher
from controller.purge.sqlite_log import SqliteLog
from controller.purge.terms import Door, Lease
from controller.reloading import Reloader
from controller.schema_keeper import SchemaKeeper
from controller.tokens.reader import TokenReader
from controller.tokens.store import NAME as TOKENS_NAME
from vclgen.config import Address, Config
from vclgen.config.waiting import purge_wait

logger = logging.getLogger(__name__)

STOP_SECONDS: Final = 8
"""For what is under way: a mutation that is cut off here could be sent again by Varnish."""
HEADER_BYTES: Final = 128 * 1024
"""Of a request; Varnish takes 64 kB (vclgen.start)."""
KEEP_ALIVE_SECONDS: Final = 90
"""Longer than Varnish keeps an idle connection (60 s), so that Varnish closes it."""


async def run_serve(config: Config, token: str, read: Callable[[], Config]) -> None:
    """Run until SIGINT or SIGTERM. ``read`` reads the config again, for a reload.

    Raises:
        LogUnavailable: the purge log cannot be opened.
        ConfigError: the config says that there is no controller.
    """
    require_controller(config)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with _running(config, token, read) as tasks:
        stop = asyncio.create_task(stopped.wait())
        done, _ = await asyncio.wait({stop, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stop}:
            task.result()


@asynccontextmanager
async def _running(
    config: Config, token: str, read: Callable[[], Config]
) -> AsyncIterator[Sequence[asyncio.Task[Any]]]:
    """Everything started; yields the tasks none of which should end."""
    policy = policy_of(config)
    rules = gateway_rules(config)
    direct = policy.direct is not None
    freshness = Freshness(lag=config.purge.origin_lag, direct=direct)
    async with AsyncExitStack() as stack:
        log, peers, following = await stack.enter_async_context(_opened_log(config))
        # Of the configs to come: they outlive the requests, as the first one does.
        later_origins = await stack.enter_async_context(AsyncExitStack())
        origin = await stack.enter_async_context(origin_of(config))
        door = Door(
            service=config.name,
            secret=ensure_secret(config.secret_file),
            digest=config.digest,
            direct=direct,
        )
        lease = Lease(config.purge.lease, gates_hits=config.purge.wait == "all", peers=peers)

        def worker(address: str) -> NodeWorker:
            return NodeWorker(address, door=door, log=log, freshness=freshness, lease=lease)

        nodes = Nodes(config.varnish.nodes, worker)
        purger = Purger(
            log,
            lambda: nodes.workers,
            freshness,
            wait_seconds=purge_wait(config),
            peers=peers,
        )
        gateway = Gateway(Brain(policy, None), origin, purger, freshness, rules)
        kept_tokens = TokenReader(config.state_dir / TOKENS_NAME)
        stack.push_async_callback(kept_tokens.close)
        admin = AdminState(
            policy,
            purger,
            schema_error="not fetched yet",
            tokens=frozenset({token}),
            kept_tokens=kept_tokens,
            key_sets=key_sets(rules.claims),
        )
        admin.collectors = (gateway.metrics, OriginMetrics(lambda: gateway.origin.director))
        admin.director = origin.director
        admin.refetcher = await stack.enter_async_context(
            Refetcher(config.varnish.listen, config.path)
        )

        def take(brain: Brain) -> None:
            gateway.brain.replaced = True
            gateway.brain = brain
            admin.index = brain.index
            if admin.schema_error is None:
                nodes.set_plan(brain.digest)
            settle()

        keeper = SchemaKeeper(config, policy, take, admin)
        admin.keeper = keeper
        listeners = [
            Listener(gateway, config.controller.gateway_listen, config.request_limit),
            Listener(
                gateway, config.controller.pass_listen, config.request_limit, any_method=direct
            ),
            Listener(create_admin_app(admin), config.controller.admin_listen),
        ]
        reloader = admin.reloader = Reloader(
            config,
            read,
            later_origins,
            gateway,
            admin,
            keeper,
            door,
            listeners=[listener.config for listener in listeners[:2]],
        )
        jobs = [keeper.run(), keep_trimmed(log), nodes.run(), reloader.run()]
        working = [asyncio.create_task(job) for job in jobs]
        serving = [asyncio.create_task(listener.serve()) for listener in listeners]
        # In reverse order: no more requests, no more work, no more leases.
        stack.push_async_callback(nodes.give_up_leases)
        stack.push_async_callback(_cancel, working)
        stack.push_async_callback(_stop, listeners, serving)
        yield [*working, *serving, *following]


@asynccontextmanager
async def _opened_log(
    config: Config,
) -> AsyncIterator[tuple[PurgeLog, Peers | None, Sequence[asyncio.Task[None]]]]:
    """The purge log of ``purge.log``, with the nodes of its other controllers where an
    acknowledgement has to know of them, and the tasks none of which should end.

    Raises:
        LogUnavailable: the file cannot be opened. A Redis that is away is waited for.
    """
    async with AsyncExitStack() as stack:
        if config.purge.log == "sqlite":
            sqlite = SqliteLog(config.state_dir / "purges.sqlite")
            stack.push_async_callback(sqlite.close)
            yield sqlite, None, ()
            return
        password = os.environ.get("SHELLAC_REDIS_PASSWORD")
        log = RedisLog(config.purge.log, service=config.name, password=password)
        log.start()
        stack.push_async_callback(log.close)
        peers = None
        tasks = [*log.tasks]
        if config.purge.wait == "all":
            peers = RedisPeers(log, lease_seconds=config.purge.lease)
            peers.start()
            stack.push_async_callback(peers.close)
            tasks += [peers.task] if peers.task else []
        yield log, peers, tasks


class Listener(uvicorn.Server):
    """An app on an address. Signals are the caller's; ``stop`` ends ``serve`` when what is under
    way was answered, or after ``STOP_SECONDS``. ``message_size`` is in bytes, of WebSockets.
    ``any_method``: also BAN, PURGEKEYS and others that the faster parser refuses.
    """

    def __init__(
        self,
        app: Any,
        address: Address,
        message_size: int = 1_000_000,
        *,
        any_method: bool = False,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=address.host,
                port=address.port,
                http="h11" if any_method else "auto",
                h11_max_incomplete_event_size=HEADER_BYTES,
                lifespan="off",
                access_log=False,
                log_level="warning",
                log_config=None,
                # Whoever sends X-Forwarded-For would choose the address that failures count for.
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                ws_max_size=message_size,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield

    def stop(self) -> None:
        self.should_exit = True


async def _stop(listeners: Sequence[Listener], serving: Sequence[asyncio.Task[None]]) -> None:
    """Answer what is under way; meanwhile the workers go on, for an answer may wait for them."""
    for listener in listeners:
        listener.stop()
    await asyncio.gather(*serving, return_exceptions=True)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
