"""Queries that are asked again when the origin fails (Stellate's ``retries``).

Only what certainly writes nothing: nobody knows whether a mutation that failed was executed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from graphql import OperationType

from controller.core.verdict import CacheableQuery, Mutation, Pass, Verdict
from controller.errors import OriginUnreachable

DELAYS: Final = (0.5, 1.0, 2.0)
"""Seconds before each further attempt."""


class Answer(Protocol):
    """What an attempt gives."""

    @property
    def status(self) -> int: ...

    @property
    def is_json(self) -> bool: ...


A = TypeVar("A", bound=Answer)


@dataclass(frozen=True, slots=True)
class Retries:
    """After what an attempt is repeated: no connection or a broken one, a status of 500 or more,
    and that also where the answer is JSON and so perhaps GraphQL's own (``graphql_responses``).
    """

    network_errors: bool = False
    server_errors: bool = False
    graphql_responses: bool = False
    delays: tuple[float, ...] = DELAYS

    async def of(self, attempt: Callable[[], Awaitable[A]]) -> A:
        """The first good answer, or whatever the last attempt ends with."""
        for delay in self.delays:
            try:
                answer = await attempt()
            except OriginUnreachable:
                if not self.network_errors:
                    raise
            else:
                if not self._failed(answer):
                    return answer
            await asyncio.sleep(delay)
        return await attempt()

    def _failed(self, answer: Answer) -> bool:
        return (
            self.server_errors
            and answer.status >= 500
            and (self.graphql_responses or not answer.is_json)
        )


NEVER: Final = Retries(delays=())


def repeatable(verdict: Verdict) -> bool:
    """Whether a request is one query and nothing else, as far as can be known."""
    match verdict:
        case CacheableQuery():
            return True
        case Mutation():
            return False
        case Pass(operation=operation):
            return (
                operation is not None
                and operation.type is OperationType.QUERY
                and not verdict.may_write
                and not verdict.writes
            )
