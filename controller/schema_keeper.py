"""Keeps the gateway's brain in step with the origin's schema."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from graphql import GraphQLSchema

from controller.admin.state import AdminState
from controller.brain import Brain
from controller.core.policy import Policy
from controller.errors import SchemaUnavailable
from controller.schema_source import fetch_schema
from vclgen.config import Config

logger = logging.getLogger(__name__)

RETRY_FIRST_SECONDS: Final = 0.2
RETRY_MOST_SECONDS: Final = 10.0


@dataclass(slots=True)
class SchemaKeeper:
    """Fetches the schema until there is one, then again and again.

    ``take`` gets each new brain. A failure stands in ``admin.schema_error`` until an attempt
    succeeds; the last good schema stays in use.
    """

    config: Config
    policy: Policy
    take: Callable[[Brain], None]
    admin: AdminState
    _digest: str | None = field(default=None, init=False)

    async def run(self) -> None:
        """Fetch until cancelled; without polling, until there is a schema once."""
        delay = RETRY_FIRST_SECONDS
        while True:
            try:
                self._compare(await fetch_schema(self.config))
            except SchemaUnavailable as error:
                if str(error) != self.admin.schema_error:
                    logger.warning("%s", error)
                self.admin.schema_error = str(error)
                await asyncio.sleep(delay)
                delay = min(2 * delay, RETRY_MOST_SECONDS)
                continue
            delay = RETRY_FIRST_SECONDS
            if self.config.schema_polling.enabled:
                await asyncio.sleep(self.config.schema_polling.interval)
            else:
                await asyncio.Event().wait()

    def _compare(self, schema: GraphQLSchema) -> None:
        try:
            brain = Brain(self.policy, schema)
        except Exception as error:
            # Whatever a schema can do to its printer: said on /readyz, the last good one stays.
            raise SchemaUnavailable(f"the schema cannot be used: {error!r}") from error
        self.admin.schema_error = None
        if brain.digest == self._digest:
            return
        if self._digest is not None:
            logger.info("the schema has changed: new verdicts from now on")
        self._digest = brain.digest
        self.take(brain)
