"""``/graphql``, round "pass": the request as it was sent, the answer as it comes.

Writes are never unread: what could be a mutation in a batch, an upload, or in text that is not
understood is purged for before its answer goes out (DESIGN, Mutations).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Final

import orjson

from controller.brain import Brain
from controller.core.instrument_source import SourceInstrumented
from controller.core.mutation import Outcome, Unknown
from controller.core.mutation_answer import MutationAnswer, outcomes_of_batch
from controller.core.tags import Purge, joined
from controller.core.verdict import CacheableQuery, Mutation, Pass, Verdict, is_blocked
from controller.errors import OriginRefused
from controller.gateway.asgi import Request, Response
from controller.gateway.blocked import introspection_blocked
from controller.gateway.event_streams import EventStreams, stream_token
from controller.gateway.groups import groups_of, with_groups
from controller.gateway.headers import from_origin, to_origin
from controller.gateway.mutation_purges import (
    PENDING,
    MutationPurger,
    mutation_purge,
    purge_headers,
    purges_nothing,
    root_fields,
)
from controller.gateway.mutations import answer_mutation
from controller.gateway.origin import Origin
from controller.gateway.origin_answer import OriginAnswer, OriginStream
from controller.gateway.origins import Server
from controller.gateway.read_here import answered, handed_back, readable
from controller.gateway.retries import NEVER, Retries, repeatable
from controller.gateway.verdicts import http_request
from controller.mutation_metrics import MutationMetrics

logger = logging.getLogger(__name__)

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


async def answer_pass(
    request: Request,
    brain: Brain,
    origin: Origin,
    purger: MutationPurger,
    retries: Retries,
    *,
    streams: EventStreams,
) -> Response:
    """Hand a request on; purge for it if it writes, repeat it if it is a query and fails.

    Raises:
        OriginUnreachable, OriginTimeout: no answer came; what it could touch is purged.
        LogUnavailable: a write was not sent, for its purge could not be recorded.
        NoEventStream: a write was not sent, for its result would come unseen.
    """
    bypassed = request.header(b"x-shellac-bypass")
    if bypassed and not brain.policy.block_introspection:
        return await _streamed(request, origin, NEVER)
    verdict = brain.decide(http_request(request))
    if is_blocked(verdict):
        return introspection_blocked(request.header(b"accept"))
    if bypassed:
        return await _streamed(request, origin, NEVER)
    if isinstance(verdict, Pass) and verdict.detail == "internal-error":
        logger.error("a request could not be analysed and is passed: %s", verdict.message)
    writes = may_write(verdict, brain)
    if not writes and request.method == "GET" and (opening := stream_token(request)) is not None:
        return await streams.opened(request, opening, origin)
    token = streams.result_comes_on(request)
    if isinstance(verdict, Mutation) and writes and not verdict.by_get and token is None:
        return await answer_mutation(request, verdict, brain, origin, purger)
    if writes:
        if token is None:
            writing = _answer_write(request, verdict, brain, origin, purger)
        else:
            writing = streams.written(
                request, token, origin, purger.purger, lambda got: purge_for(verdict, got, brain)
            )
        return await asyncio.shield(asyncio.create_task(writing))
    answer = await _streamed(request, origin, retries if repeatable(verdict) else NEVER)
    if request.method not in _SAFE:
        purged = await purger.purger.purge_written(groups_of(answer.headers, brain))
        if not purged.acknowledged:
            answer.headers.append(PENDING)
    return answer


def may_write(verdict: Verdict, brain: Brain) -> bool:
    """Whether it may change something that has to be purged."""
    if not brain.policy.mutations_purge:
        return False
    match verdict:
        case Mutation():
            return not purges_nothing(brain, verdict)
        case Pass():
            return verdict.may_write or not all(
                purges_nothing(brain, write) for write in verdict.writes
            )
        case CacheableQuery():
            return False


async def _streamed(request: Request, origin: Origin, retries: Retries) -> Response:
    """The answer chunk by chunk, in the origin's own encoding."""
    if request.method == "HEAD":
        async with (
            origin.in_time(),
            origin.forward("HEAD", request.query_string, to_origin(request.headers), b"") as head,
        ):
            return Response(head.status, from_origin(head.headers))
    headers, asked = to_origin(request.headers), list[Server]()
    async with AsyncExitStack() as opening:

        async def attempt() -> OriginStream:
            await opening.aclose()  # of the answer before, which was no good one
            return await opening.enter_async_context(
                origin.forward(request.method, request.query_string, headers, request.body, asked)
            )

        async with origin.in_time():
            stream = await retries.of(attempt)
        opened = opening.pop_all()
    return Response(stream.status, from_origin(stream.headers), _chunks(stream, opened))


async def _chunks(stream: OriginStream, opened: AsyncExitStack) -> AsyncGenerator[bytes, None]:
    async with opened:
        async for chunk in stream.chunks():
            yield chunk


async def _answer_write(
    request: Request, verdict: Verdict, brain: Brain, origin: Origin, purger: MutationPurger
) -> Response:
    """Something that writes and cannot be instrumented: read whole, purged for, handed back."""
    headers = readable(request)
    async with purger.intended(purge_for(verdict, None, brain)) as intended:
        try:
            answer = await answered(request, headers, origin)
        except OriginRefused:
            await intended.settle(None)
            raise
        purge = purge_for(verdict, answer, brain, purger.metrics)
        purge = with_groups(purge, answer.headers, brain)
        fields = [name for write in found_writes(verdict) for name in root_fields(brain, write)]
        purged = await purger.settle(intended, purge, fields, brain)
    return handed_back(answer, purge_headers(purged))


def found_writes(verdict: Verdict) -> tuple[Mutation, ...]:
    """The mutations that were read in a request."""
    match verdict:
        case Mutation():
            return (verdict,)
        case Pass(writes=writes):
            return writes
        case CacheableQuery():
            return ()


def purge_for(
    verdict: Verdict,
    answer: OriginAnswer | None,
    brain: Brain,
    metrics: MutationMetrics | None = None,
) -> Purge:
    """What each mutation that was read has changed, and everything for one that was not.

    Without an answer: what they could touch.
    """
    unread = isinstance(verdict, Pass) and verdict.may_write
    if unread and (answer is None or _may_have_written(answer)):
        return Purge((), "unreadable mutation", everything=True)
    writes = found_writes(verdict)
    sent = [brain.source_as_written(write.operation) for write in writes]
    outcomes: list[Outcome] = [Unknown()] * len(writes)
    size = verdict.size if isinstance(verdict, Pass) else None
    if answer is not None:
        read = partial(_read, brain, answer.status)
        if size is not None:
            places = [(write.item, each) for write, each in zip(writes, sent, strict=True)]
            outcomes = outcomes_of_batch(places, size, answer.body, read)
        elif len(writes) == 1:
            outcomes = [read(sent[0], answer.body).outcome]
    purges = [
        mutation_purge(brain, write, each, outcome, metrics)
        for write, each, outcome in zip(writes, sent, outcomes, strict=True)
    ]
    return joined(purges, "; ".join(dict.fromkeys(purge.source for purge in purges)))


def _read(brain: Brain, status: int, sent: SourceInstrumented[Any], body: bytes) -> MutationAnswer:
    return brain.read_mutation(sent, body, status)


def _may_have_written(answer: OriginAnswer) -> bool:
    """Whether the origin may have executed what could not be read here.

    A request error has no ``data`` (GraphQL specification, 7.1), and nothing was executed; behind
    a 5xx it may have been, whatever the gateway that gave up says.
    """
    try:
        parsed = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return answer.status < 400 or answer.status >= 500
    answers = parsed if isinstance(parsed, list) else [parsed]
    refused = bool(answers) and all(
        isinstance(one, dict) and "errors" in one and "data" not in one for one in answers
    )
    return answer.status >= 500 or (answer.status < 400 and not refused) or _has_data(answers)


def _has_data(answers: list[object]) -> bool:
    return any(isinstance(one, dict) and "data" in one for one in answers)
