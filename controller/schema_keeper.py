"""Keeps the gateway's brain in step with the origin's schema."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from graphql import GraphQLSchema, print_schema

from controller.admin.state import AdminState
from controller.brain import Brain
from controller.core.policy import Policy
from controller.errors import SchemaUnavailable
from controller.purge.wake import woken
from controller.pushed_schema import keep_pushed, pushed_file
from controller.schema_source import fetch_schema, schema_from_sdl
from controller.schemaless import LOST, SchemalessBrain
from vclgen.config import Config, SchemaUrl

logger = logging.getLogger(__name__)

RETRY_FIRST_SECONDS: Final = 0.2
RETRY_MOST_SECONDS: Final = 10.0


@dataclass(slots=True)
class SchemaKeeper:
    """Fetches the schema until there is one, then again and again; takes pushed ones. Where the
    config wants none, the brain that needs none is in use until one is pushed.

    ``take`` gets each new brain. A failure stands in ``admin.schema_error`` until an attempt
    succeeds; the last good schema stays in use.
    """

    config: Config
    policy: Policy
    take: Callable[[Brain], None]
    admin: AdminState
    _brain: Brain | None = field(default=None, init=False)
    _pushes: int = field(default=0, init=False)
    _changed: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    async def run(self) -> None:
        """Fetch until cancelled; without polling, until there is a schema once."""
        delay = RETRY_FIRST_SECONDS
        while True:
            self._changed.clear()
            pushes = self._pushes
            try:
                brain = brain_of(self.policy, await fetch_schema(self.config))
            except SchemaUnavailable as error:
                if pushes == self._pushes:
                    self._failed(error)
                await woken(self._changed, delay)
                delay = min(2 * delay, RETRY_MOST_SECONDS)
                continue
            if pushes == self._pushes:  # else what was fetched is older than what was pushed
                self._use(brain)
            delay = RETRY_FIRST_SECONDS
            polling = self.config.schema_polling
            if polling.enabled and brain.index is not None:
                await woken(self._changed, polling.interval)
            else:
                await self._changed.wait()

    async def push(self, sdl: str) -> bool:
        """Use this schema from now on, and after a restart. Whether it changes anything.

        Raises:
            SchemaUnavailable: it is no usable schema; nothing was changed.
            OSError: it cannot be kept; nothing was changed.
        """
        schema = await asyncio.to_thread(schema_from_sdl, sdl, "what was pushed")
        brain = await asyncio.to_thread(brain_of, self.policy, schema)
        # From here on in one step, so that the file is the schema in use.
        if brain.policy is not self.policy:
            brain = brain_of(self.policy, schema)
        keep_pushed(self.config.state_dir, sdl)
        self._pushes += 1
        return self._use(brain)

    async def prepared(self, config: Config, policy: Policy) -> Brain:
        """The brain for another config: with the schema in use where that one has it from the same
        server, which need not be there then.

        Raises:
            SchemaUnavailable: the schema that it wants cannot be had.
        """
        index = self._brain.index if self._brain is not None else None
        place = _server(config)
        if place is not None and place == _server(self.config):
            if index is None:
                return Brain(policy, None)  # it is being fetched
            return await asyncio.to_thread(brain_of, policy, index.schema)
        return await asyncio.to_thread(brain_of, policy, await fetch_schema(config))

    def change(self, config: Config, policy: Policy, brain: Brain) -> None:
        """From now on the schema is that of this config; ``brain`` was prepared for it."""
        self.config = config
        self.policy = policy
        self._pushes += 1  # what is being fetched was wanted by the other config
        self._changed.set()
        self._brain = None
        if brain.index is None and not isinstance(brain, SchemalessBrain):
            self.take(brain)
        else:
            self._use(brain)

    @property
    def text(self) -> str | None:
        """The schema in use as SDL, None while there is none."""
        if self._brain is None or self._brain.index is None:
            return None
        try:
            return pushed_file(self.config.state_dir).read_text("utf-8")
        except OSError:
            return print_schema(self._brain.index.schema)

    def _failed(self, error: SchemaUnavailable) -> None:
        if str(error) != self.admin.schema_error:
            logger.warning("%s", error)
        self.admin.schema_error = str(error)

    def _use(self, brain: Brain) -> bool:
        """Whether it is another than the one in use."""
        self.admin.schema_error = None
        if self._brain is not None and brain.digest == self._brain.digest:
            return False
        if self._brain is not None:
            logger.info("the schema has changed: new verdicts from now on")
        if brain.index is None:
            logger.warning("running without a schema (schema: false): %s", "; ".join(LOST))
        self._brain = brain
        self.take(brain)
        return True


def brain_of(policy: Policy, schema: GraphQLSchema | None) -> Brain:
    """The brain that runs with a schema; None: the one that wants none.

    Raises:
        SchemaUnavailable: the schema cannot be used.
    """
    if schema is None:
        return SchemalessBrain(policy)
    try:
        return Brain(policy, schema)
    except Exception as error:
        # Whatever a schema can do to its printer: said on /readyz, the last good one stays.
        raise SchemaUnavailable(f"the schema cannot be used: {error!r}") from error


def _server(config: Config) -> tuple[object, ...] | None:
    """The server that a config has the schema from, and how it is asked; None: it is read here."""
    if pushed_file(config.state_dir).is_file():
        return None
    described = config.cache_introspection
    match config.schema_source:
        case SchemaUrl(url=url):
            return url, config.headers, described
        case None:
            return config.origin_url, {**config.fetch_headers, **config.headers}, described
        case _:
            return None
