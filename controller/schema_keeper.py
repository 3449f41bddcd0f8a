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
from controller.pushed_schema import keep_pushed, pushed_file
from controller.schema_source import fetch_schema, schema_from_sdl
from controller.schemaless import LOST, SchemalessBrain
from vclgen.config import Config

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

    async def run(self) -> None:
        """Fetch until cancelled; without polling, until there is a schema once."""
        delay = RETRY_FIRST_SECONDS
        while True:
            pushes = self._pushes
            try:
                brain = self._made(await fetch_schema(self.config))
            except SchemaUnavailable as error:
                if pushes == self._pushes:
                    self._failed(error)
                await asyncio.sleep(delay)
                delay = min(2 * delay, RETRY_MOST_SECONDS)
                continue
            if pushes == self._pushes:  # else what was fetched is older than what was pushed
                self._use(brain)
            delay = RETRY_FIRST_SECONDS
            if self.config.schema_polling.enabled and brain.index is not None:
                await asyncio.sleep(self.config.schema_polling.interval)
            else:
                await asyncio.Event().wait()

    async def push(self, sdl: str) -> bool:
        """Use this schema from now on, and after a restart. Whether it changes anything.

        Raises:
            SchemaUnavailable: it is no usable schema; nothing was changed.
            OSError: it cannot be kept; nothing was changed.
        """
        schema = await asyncio.to_thread(schema_from_sdl, sdl, "what was pushed")
        brain = await asyncio.to_thread(self._made, schema)
        # From here on in one step, so that the file is the schema in use.
        keep_pushed(self.config.state_dir, sdl)
        self._pushes += 1
        return self._use(brain)

    @property
    def text(self) -> str | None:
        """The schema in use as SDL, None while there is none."""
        if self._brain is None or self._brain.index is None:
            return None
        try:
            return pushed_file(self.config.state_dir).read_text("utf-8")
        except OSError:
            return print_schema(self._brain.index.schema)

    def _made(self, schema: GraphQLSchema | None) -> Brain:
        if schema is None:
            return SchemalessBrain(self.policy)
        try:
            return Brain(self.policy, schema)
        except Exception as error:
            # Whatever a schema can do to its printer: said on /readyz, the last good one stays.
            raise SchemaUnavailable(f"the schema cannot be used: {error!r}") from error

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
