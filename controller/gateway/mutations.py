"""Mutations: sent once, their entities purged, and only then answered (invariant 1)."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

import orjson

from controller.brain import Brain, digest
from controller.core.canonical import canonical_json
from controller.core.instrument_source import SourceInstrumented
from controller.core.mutation import Outcome, Unknown
from controller.core.parts import parts_of
from controller.core.tags import Purge
from controller.core.verdict import Mutation
from controller.errors import OriginError, OriginRefused
from controller.gateway.asgi import Request, Response
from controller.gateway.groups import with_groups
from controller.gateway.headers import lookup, of_the_whole, to_origin
from controller.gateway.mutation_purges import (
    MutationPurger,
    mutation_purge,
    purge_headers,
    root_fields,
)
from controller.gateway.mutation_stream import MutationRelay
from controller.gateway.origin import Origin
from controller.mutation_metrics import MutationMetrics
from vclgen.names import PASS_HEADERS

_OF_THE_BODY: Final = frozenset({"content-type", "content-encoding", "accept-encoding"})

_ANSWERING: Final[set[asyncio.Task[Response]]] = set()
"""A task that nobody else holds could be collected before its end."""


async def answer_mutation(
    request: Request, mutation: Mutation, brain: Brain, origin: Origin, purger: MutationPurger
) -> Response:
    """Record what a mutation could touch, send it, purge what it changed, answer.

    Runs to its end when the client goes away: the purge is not the client's to cancel. An answer
    in parts is handed on part by part.

    Raises:
        OriginUnreachable, OriginTimeout: no whole answer came; what it could touch is purged.
        LogUnavailable: it was not sent, for its purge could not be recorded.
    """
    sending = _Sending(brain, origin, purger, mutation, to_origin(request.headers))
    begun: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
    answering = asyncio.create_task(sending.answer(begun))
    _ANSWERING.add(answering)
    answering.add_done_callback(_ANSWERING.discard)
    await asyncio.wait((answering, begun), return_when=asyncio.FIRST_COMPLETED)
    return begun.result() if begun.done() else answering.result()


@dataclass(frozen=True, slots=True)
class _Sending:
    """One mutation on its way."""

    brain: Brain
    origin: Origin
    purger: MutationPurger
    mutation: Mutation
    client_headers: list[tuple[str, str]]

    async def answer(self, begun: asyncio.Future[Response]) -> Response:
        """The answer. One that comes in parts is the result of ``begun`` as soon as its first part
        may go out.
        """
        headers = [h for h in self.client_headers if h[0].lower() not in _OF_THE_BODY]
        async with self.purger.intended(self._purge(None, Unknown())) as intended:
            async with AsyncExitStack() as opened:
                async with self.origin.in_time():
                    try:
                        sent = await self._accepted(headers)
                    except OriginError:  # it was asked for nothing that changes anything
                        await intended.settle(None)
                        raise
                    try:
                        body = _graphql_request(sent.text, self.mutation)
                        asking = self.origin.posted(body, headers)
                        stream = await opened.enter_async_context(asking)
                    except OriginRefused:
                        await intended.settle(None)
                        raise
                    parts = parts_of(lookup(stream.headers, b"content-type"))
                    answer = await stream.answer() if parts is None else None
                if parts is not None:
                    relay = MutationRelay(self.brain, self.purger, self.mutation, sent, stream)
                    return await relay.run(parts, intended, begun)
            assert answer is not None
            read = self.brain.read_mutation(sent, answer.body, answer.status)
            purge = self._purge(sent, read.outcome, self.purger.metrics)
            purge = with_groups(purge, answer.headers, self.brain)
            fields = root_fields(self.brain, self.mutation)
            purged = await self.purger.settle(intended, purge, fields, self.brain)
        headers_back = [*of_the_whole(answer.headers), *purge_headers(purged)]
        return Response(answer.status, headers_back, read.body)

    async def _accepted(self, headers: list[tuple[str, str]]) -> SourceInstrumented[Any]:
        """The text to send: with members that name entities, if the origin accepts them.

        The origin is asked once per document, by a query that stands beside the mutation: all is
        validated, nothing of the mutation executed.
        """
        operation = self.mutation.operation
        sent = self.brain.instrumented_source(operation)
        if not sent.aliases:
            return sent
        text, name = sent.probe
        # By caller too: a schema can depend on the role.
        asked = digest(text, *(f"{k}:{v}" for k, v in headers if decides_access(k.lower())))
        accepted = self.brain.accepts_members.peek(asked)
        if accepted is None:
            probe = orjson.dumps({"query": text, "operationName": name})
            # Its answer is read here, whatever form the client wants its own in.
            asking = [h for h in headers if h[0].lower() != "accept"]
            probed = await self.origin.post(probe, [*asking, ("Accept", "application/json")])
            accepted = probed.status == 200 and _names_a_type(probed.body)
            if accepted or probed.status in (200, 400):
                self.brain.accepts_members.put(asked, accepted)
        return sent if accepted else self.brain.source_as_written(operation)

    def _purge(
        self,
        sent: SourceInstrumented[Any] | None,
        outcome: Outcome,
        metrics: MutationMetrics | None = None,
    ) -> Purge:
        return mutation_purge(self.brain, self.mutation, sent, outcome, metrics)


def decides_access(name: str) -> bool:
    """Whether a header can change what an origin lets a client select."""
    return name in ("authorization", "cookie") or any(
        name.startswith(known[:-1]) if known.endswith("*") else name == known
        for known in PASS_HEADERS
    )


def _graphql_request(text: str, mutation: Mutation) -> bytes:
    """A GraphQL-over-HTTP body with the client's own variables, number by number."""
    variables = canonical_json(dict(mutation.variables)).encode()
    parts = [b'{"query":', orjson.dumps(text), b',"variables":', variables]
    if mutation.operation.name is not None:
        parts += [b',"operationName":', orjson.dumps(mutation.operation.name)]
    return b"".join([*parts, b"}"])


def _names_a_type(body: bytes) -> bool:
    """Whether a probe's answer is the one to ``{__typename}`` and nothing else."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    data = answer.get("data") if isinstance(answer, dict) else None
    return isinstance(data, dict) and "__typename" in data and not answer.get("errors")
