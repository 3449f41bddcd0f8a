"""``/graphql``, round "pass": the request as it was sent, the answer as it comes.

Writes are never unread: what could be a mutation in a batch, an upload, or in text that is not
understood is purged for before its answer goes out (DESIGN, Mutations).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Final

import orjson

from controller.brain import Brain
from controller.core.mutation import Outcome, Unknown
from controller.core.tags import Purge
from controller.core.verdict import CacheableQuery, Mutation, Pass, Verdict
from controller.errors import OriginRefused
from controller.gateway.asgi import Request, Response
from controller.gateway.headers import from_origin, to_origin, without
from controller.gateway.mutations import answer_mutation, mutation_purge, purge_headers
from controller.gateway.origin import Origin, OriginAnswer, OriginStream
from controller.gateway.verdicts import http_request
from controller.purge.purger import Purger

logger = logging.getLogger(__name__)

_ENCODED: Final = "accept-encoding"


async def answer_pass(request: Request, brain: Brain, origin: Origin, purger: Purger) -> Response:
    """Hand a request on; purge for it if it writes.

    Raises:
        OriginUnreachable, OriginTimeout: no answer came; what it could touch is purged.
        LogUnavailable: a write was not sent, for its purge could not be recorded.
    """
    if request.header(b"x-shellac-bypass"):
        return await _streamed(request, origin)
    verdict = brain.decide(http_request(request))
    if isinstance(verdict, Pass) and verdict.detail == "internal-error":
        logger.error("a request could not be analysed and is passed: %s", verdict.message)
    if isinstance(verdict, Mutation) and not verdict.by_get:
        return await answer_mutation(request, verdict, brain, origin, purger)
    if _writes(verdict):
        writing = _answer_write(request, verdict, brain, origin, purger)
        return await asyncio.shield(asyncio.create_task(writing))
    return await _streamed(request, origin)


def _writes(verdict: Verdict) -> bool:
    match verdict:
        case Mutation():
            return True
        case Pass():
            return verdict.may_write or bool(verdict.writes)
        case CacheableQuery():
            return False


async def _streamed(request: Request, origin: Origin) -> Response:
    """The answer chunk by chunk, in the origin's own encoding."""
    if request.method == "HEAD":
        async with origin.forward(
            "HEAD", request.query_string, to_origin(request.headers), b""
        ) as head:
            return Response(head.status, from_origin(head.headers))
    opened = AsyncExitStack()
    stream = await opened.enter_async_context(
        origin.forward(
            request.method, request.query_string, to_origin(request.headers), request.body
        )
    )
    return Response(stream.status, from_origin(stream.headers), _chunks(stream, opened))


async def _chunks(stream: OriginStream, opened: AsyncExitStack) -> AsyncGenerator[bytes, None]:
    async with opened:
        async for chunk in stream.chunks():
            yield chunk


async def _answer_write(
    request: Request, verdict: Verdict, brain: Brain, origin: Origin, purger: Purger
) -> Response:
    """Something that writes and cannot be instrumented: read whole, purged for, handed back."""
    headers = [h for h in to_origin(request.headers) if h[0].lower() != _ENCODED]
    async with purger.intended(_purge_for(verdict, None, brain, purger)) as intended:
        try:
            async with origin.forward(
                request.method, request.query_string, headers, request.body
            ) as stream:
                answer = OriginAnswer(stream.status, stream.headers, await stream.whole())
        except OriginRefused:
            await intended.settle(None)
            raise
        purged = await intended.settle(_purge_for(verdict, answer, brain, purger))
    kept = without(from_origin(answer.headers), b"content-length")
    return Response(answer.status, [*kept, *purge_headers(purged)], answer.body)


def _purge_for(
    verdict: Verdict, answer: OriginAnswer | None, brain: Brain, purger: Purger
) -> Purge:
    """What each mutation that was read has changed, and everything for one that was not.

    Without an answer: what they could touch.
    """
    writes = [verdict] if isinstance(verdict, Mutation) else []
    unread = False
    if isinstance(verdict, Pass):
        writes = list(verdict.writes)
        unread = verdict.may_write
    if unread and (answer is None or _may_have_written(answer)):
        return Purge((), "unreadable mutation", everything=True)
    purges = []
    for mutation in writes:
        outcome: Outcome = Unknown()
        sent = None
        if answer is not None and len(writes) == 1:
            sent = brain.source_as_written(mutation.operation)
            outcome = brain.read_mutation(sent, answer.body, answer.status).outcome
        purges.append(mutation_purge(brain, purger, mutation, sent, outcome))
    source = "; ".join(purge.source for purge in purges)
    if any(purge.everything for purge in purges):
        return Purge((), source, everything=True)
    tags = dict.fromkeys(tag for purge in purges for tag in purge.tags)
    return Purge(tuple(tags), source)


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
