"""A mutation that is answered in parts: each is handed on once what it tells is purged.

The first part goes out after a purge of all that the mutation selects, for what is deferred may be
written too; a later one after a purge of its entities. The intent stands until the last part.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Any

from controller.brain import Brain
from controller.core.cut import rename
from controller.core.incremental import PartsReader
from controller.core.instrument_source import SourceInstrumented
from controller.core.mutation import Outcome
from controller.core.mutation_answer import MutationAnswer
from controller.core.parts import Parts, Piece
from controller.core.tags import joined
from controller.core.verdict import Mutation
from controller.errors import LogUnavailable, OriginError, OriginUnreachable
from controller.gateway.asgi import Response
from controller.gateway.groups import with_groups
from controller.gateway.headers import of_the_whole
from controller.gateway.mutation_purges import (
    MutationPurger,
    mutation_purge,
    purge_headers,
    root_fields,
)
from controller.gateway.origin_answer import MOST_BYTES, OriginStream
from controller.purge.purger import Intended
from controller.purge.purger import Outcome as Purged

logger = logging.getLogger(__name__)


class MutationRelay:
    """One answer in parts on its way from the origin to a client, who may go away."""

    def __init__(
        self,
        brain: Brain,
        purger: MutationPurger,
        mutation: Mutation,
        sent: SourceInstrumented[Any],
        stream: OriginStream,
    ) -> None:
        self._brain = brain
        self._purger = purger
        self._mutation = mutation
        self._sent = sent
        self._stream = stream
        self._held: list[bytes] = []
        self._first: Purged | None = None
        self._in_doubt = False
        self._gone = False
        # Without a bound of its own: a slow client must not hold up a purge.
        self._out: asyncio.Queue[bytes | OriginError | None] = asyncio.Queue()

    async def run(
        self, parts: Parts, intended: Intended, begun: asyncio.Future[Response]
    ) -> Response:
        """Read to the end and purge. ``begun`` gets the response once its first part may go out.

        Raises:
            OriginUnreachable, OriginTimeout, OriginUnreadable: it broke off before the first part.
        """
        self._stream.check_decoded()
        reader = PartsReader(self._sent, self._read_whole)
        end: OriginError | None = None
        try:
            async for chunk in self._chunks():
                for piece in parts.feed(chunk):
                    await self._take(piece, reader)
                self._begin(reader, begun)
                self._hand_on(begun)
        except OriginError as error:
            if not begun.done():
                raise
            end = error
        last = await self._settle(reader, intended)
        self._held.append(rename(parts.rest(), self._sent.aliases))
        if not begun.done():
            return self._response(last, b"".join(self._held))
        self._hand_on(begun)
        self._out.put_nowait(end)
        return begun.result()

    def _read_whole(self, body: bytes) -> MutationAnswer:
        return self._brain.read_mutation(self._sent, body, self._stream.status)

    def _begin(self, reader: PartsReader, begun: asyncio.Future[Response]) -> None:
        """Once something was purged for. What is still to come can be in no header any more: such
        an answer is no acknowledgement.
        """
        if self._first is not None and not begun.done():
            known = self._first if reader.complete else replace(self._first, recorded=False)
            begun.set_result(self._response(known, self._streamed()))

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        size = 0
        async for chunk in self._stream.chunks():
            size += len(chunk)
            if size > MOST_BYTES:
                raise OriginUnreachable(f"the origin's answer has more than {MOST_BYTES} bytes")
            yield chunk

    async def _take(self, piece: Piece, reader: PartsReader) -> None:
        """Purge what a piece tells, then hold it for the client."""
        if piece.payload is None:
            self._held.append(piece.raw)
            return
        read = reader.read(piece.payload)
        if read.outcomes:
            purged = await self._purge(read.outcomes)
            self._first = self._first or purged
        self._held.append(piece.with_payload(read.body))

    async def _purge(self, outcomes: Sequence[Outcome]) -> Purged:
        metrics = self._purger.metrics
        purges = [
            mutation_purge(self._brain, self._mutation, self._sent, outcome, metrics)
            for outcome in outcomes
        ]
        fields = root_fields(self._brain, self._mutation)
        try:
            purge = joined(purges, purges[0].source)
            purge = with_groups(purge, self._stream.headers, self._brain)
            return await self._purger.purge(purge, fields, self._brain)
        except LogUnavailable as error:
            self._in_doubt = True
            logger.error("a part went out, and its purge could not be recorded yet: %s", error)
            return Purged(None, recorded=False)

    async def _settle(self, reader: PartsReader, intended: Intended) -> Purged:
        """Nothing more if all parts were purged for, or else all that it could touch."""
        if reader.complete and not self._in_doubt:
            return await intended.settle(None)
        logger.warning("an answer in parts is not whole: all that it could touch is purged")
        fields = root_fields(self._brain, self._mutation)
        return await self._purger.settle(intended, intended.purge, fields, self._brain)

    def _hand_on(self, begun: asyncio.Future[Response]) -> None:
        if begun.done():
            for raw in () if self._gone else self._held:
                self._out.put_nowait(raw)
            self._held.clear()

    async def _streamed(self) -> AsyncGenerator[bytes, None]:
        try:
            while isinstance(item := await self._out.get(), bytes):
                yield item
            if item is not None:
                raise item
        finally:
            self._gone = True

    def _response(self, purged: Purged, body: bytes | AsyncGenerator[bytes, None]) -> Response:
        headers = [*of_the_whole(self._stream.headers), *purge_headers(purged)]
        return Response(self._stream.status, headers, body)
