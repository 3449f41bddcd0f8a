"""Another config in the place of the one that runs, without a restart and between two requests.

Everything that a request is served by hangs on the gateway and the admin state, and each request
reads it once, when it begins: so it is served by one config to its end. What is fetched for Varnish
is stored under the digest of that config, or not at all (``X-Shellac-Digest``, docs/protocol.md).

``RESTART`` names what is opened once: addresses, the log, the state directory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from controller.admin.state import AdminState
from controller.core.policy import Policy
from controller.errors import ReloadRefused
from controller.gateway.app import Gateway
from controller.gateway.identity import key_sets
from controller.gateway.origin import Origin, origin_of
from controller.gateway.probes import keep_probing
from controller.gateway.rules import GatewayRules, gateway_rules
from controller.policy_of import policy_of
from controller.purge.terms import Door
from controller.schema_keeper import SchemaKeeper
from vclgen.config import Config
from vclgen.start import varnishd_parameters

logger = logging.getLogger(__name__)

RESTART: Final = ("profile", "name", "stateDir", "purge", "varnish", "controller")
"""Keys and sections of which a change needs a restart: the service's name is in every tag, and the
others are opened, or told to others, when the controller starts."""


class HasMessageSize(Protocol):
    """A listener of the gateway; ``ws_max_size`` is the most bytes of a WebSocket's message."""

    ws_max_size: int


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reload has put in place: the config's digest, and the schema generation, None while
    there is no schema. ``changed``: whether the digest is another than before."""

    digest: str
    plan: str | None
    changed: bool


@dataclass(slots=True)
class Reloader:
    """Of one running controller. ``read`` reads the config again from where it came from;
    ``origins`` closes the origins that were opened here, once no request needs them.

    ``door`` is that of the nodes' workers. ``listeners`` are the gateway's.
    """

    config: Config
    read: Callable[[], Config]
    origins: AsyncExitStack
    gateway: Gateway
    admin: AdminState
    keeper: SchemaKeeper
    door: Door
    listeners: Sequence[HasMessageSize] = ()
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _changed: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    async def run(self) -> None:
        """Keep what is known of the config's key sets and origins up to date, until cancelled."""
        while True:
            self._changed.clear()
            jobs: list[Coroutine[Any, Any, None]] = [keys.run() for keys in self.admin.key_sets]
            if (probe := self.config.probe) is not None:
                director = self.gateway.origin.director
                jobs.append(keep_probing(director, probe, self.config.fetch_headers))
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(job) for job in jobs]
                await self._changed.wait()
                for task in tasks:
                    task.cancel()

    async def reload(self, expected: str | None = None) -> Reloaded:
        """Serve by what the config says now. ``expected``: the digest that it should have.

        Raises:
            ConfigError, ReloadRefused, SchemaUnavailable: nothing was changed.
        """
        async with self._lock:
            config = await asyncio.to_thread(self.read)
            if expected not in (None, config.digest):
                raise ReloadRefused(
                    f"the controller reads a config with the digest {config.digest}, not {expected}"
                    ": give it the same file, and this command the options of `shellac serve`"
                )
            changed = sorted(set(changed_keys(self.config, config)))
            if changed:
                raise ReloadRefused(f"{', '.join(changed)}: a change of this needs a restart")
            policy, rules = policy_of(config), gateway_rules(config, self.admin.key_sets)
            brain = await self.keeper.prepared(config, policy)
            origin = self.gateway.origin
            if _asked(config) != _asked(self.config):
                # The old one stays open to the end: what is under way is asked through it.
                origin = await self.origins.enter_async_context(origin_of(config))
            before = self.config.digest
            # From here on in one step.
            self._use(config, policy, rules, origin)
            self.keeper.change(config, policy, brain)
            logger.info("reloaded: config %s, before %s", config.digest, before)
            plan = brain.digest if self.admin.schema_error is None else None
            return Reloaded(config.digest, plan, config.digest != before)

    def _use(self, config: Config, policy: Policy, rules: GatewayRules, origin: Origin) -> None:
        self.config = config
        self.door.digest = config.digest
        self.gateway.rules = rules
        self.gateway.origin = origin
        self.admin.director = origin.director
        self.admin.policy = policy
        self.admin.key_sets = key_sets(rules.claims)
        self._changed.set()
        for listener in self.listeners:
            listener.ws_max_size = config.request_limit
        if self.admin.refetcher is not None:
            self.admin.refetcher.path = config.path


def _asked(config: Config) -> tuple[object, ...]:
    return config.servers, config.probe, config.origin_timeouts, config.fetch_headers


def changed_keys(old: Config, new: Config) -> Iterator[str]:
    """The keys under ``RESTART`` in which two configs differ, as paths; and the parameters of
    varnishd in which they do, since a VCL brings none along.
    """
    before, after = (config.model_dump(mode="json", by_alias=True) for config in (old, new))
    for key in RESTART:
        yield from _differences(key, before[key], after[key])
    for name, _ in varnishd_parameters(old).items() ^ varnishd_parameters(new).items():
        yield f"varnishd's {name}"


def _differences(path: str, before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() | after.keys():
            yield from _differences(f"{path}.{key}", before.get(key), after.get(key))
    elif before != after:
        yield path
