"""One schema with everything that is derived from it.

A brain is never changed. When the schema or the config changes a new one takes its place, and
Varnish is told its digest, so that no verdict of the old one is found again.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

from graphql import GraphQLSchema

from controller.core.answer import Answer, Uncuttable, read_answer
from controller.core.direct_purges import origin_purge
from controller.core.documents import KEPT_LENGTH, KEPT_TOTAL, Documents
from controller.core.instrument import Instrumented, as_written, instrument
from controller.core.instrument_source import (
    SourceInstrumented,
    instrument_source,
    source_as_written,
)
from controller.core.mutation import Outcome, Unknown, purge_for_mutation
from controller.core.mutation_answer import MutationAnswer, read_mutation_answer
from controller.core.operation import Operation
from controller.core.policy import Policy
from controller.core.request import HttpRequest
from controller.core.rules import Decision
from controller.core.schema import SchemaIndex
from controller.core.tags import Purge, Tag
from controller.core.verdict import CacheableQuery, Mutation, Verdict, decide

DOCUMENTS: Final = 2_000
"""Documents kept in analysed form; a shop sends a few hundred different ones."""
RECENT: Final = 256
"""Queries of which the verdict is kept: Varnish asks for it, and then for the data, with the same
request.
"""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def _no_length(_: Hashable) -> int:
    return 0


class Bounded(Generic[K, V]):
    """A mapping that forgets what was used longest ago: at most ``size`` entries.

    With ``length``, entries longer than ``KEPT_LENGTH`` are not kept, and all kept ones together
    stay under ``KEPT_TOTAL``: an anonymous client chooses how long its documents are.
    """

    def __init__(self, size: int, length: Callable[[K], int] = _no_length) -> None:
        self._size = size
        self._length = length
        self._total = 0
        self._items: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of ``key``, made if it is not there."""
        if key in self._items:
            self._items.move_to_end(key)
            return self._items[key]
        value = make()
        self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """Set or replace a value."""
        length = self._length(key)
        if length > KEPT_LENGTH:
            return
        if key not in self._items:
            self._total += length
        self._items[key] = value
        self._items.move_to_end(key)
        while len(self._items) > self._size or self._total > KEPT_TOTAL:
            forgotten, _ = self._items.popitem(last=False)
            self._total -= self._length(forgotten)

    def peek(self, key: K) -> V | None:
        """The value of ``key`` if it is there."""
        return self._items.get(key)


def _source_length(operation: Operation) -> int:
    return len(operation.source)


def _request_length(request: HttpRequest) -> int:
    return len(request.body) + len(request.query_string)


def digest(*texts: str) -> bytes:
    """A short name for some texts, for use as a key."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class Unruled:
    """The rules forbid storing this very answer. ``detail`` says why; ``purge`` is that of the
    verdicts by which it was asked, if others have to take their place.
    """

    detail: str
    purge: Purge | None = None


@dataclass(frozen=True, slots=True)
class MutationEffect:
    """What a mutation purges. ``unnamed`` are the root fields of which nothing says what they
    changed.
    """

    purge: Purge
    unnamed: tuple[str, ...]


class Brain:
    """What is known about one schema under one policy; ``index`` is None while there is none.

    To run without a schema on purpose is another brain (``controller.schemaless``). ``replaced``:
    another has taken the place of this one, which goes on with what it has begun.
    """

    def __init__(self, policy: Policy, schema: GraphQLSchema | None) -> None:
        self.policy = policy
        self.replaced = False
        self.index = SchemaIndex(schema, policy) if schema is not None else None
        root = schema.mutation_type if schema is not None else None
        self.mutation_fields = frozenset(root.fields if root is not None else ())
        self.documents = Documents(self.index, size=DOCUMENTS)
        self._verdicts: Bounded[HttpRequest, CacheableQuery] = Bounded(RECENT, _request_length)
        self._queries: Bounded[Operation, Instrumented[Any]] = Bounded(DOCUMENTS, _source_length)
        self._written: Bounded[Operation, Instrumented[Any]] = Bounded(DOCUMENTS, _source_length)
        self._sources: Bounded[Operation, SourceInstrumented[Any]] = Bounded(
            DOCUMENTS, _source_length
        )
        # By digest: 32 bytes an entry, however long the document.
        self.sent_as_written: Bounded[bytes, bool] = Bounded(DOCUMENTS)
        self.accepts_members: Bounded[bytes, bool] = Bounded(10 * DOCUMENTS)

    @property
    def digest(self) -> str:
        """Names this brain: schema and policy. The policy's alone while there is no schema."""
        return self.index.digest if self.index is not None else f"{self.policy.digest}0"

    def decide(self, request: HttpRequest) -> Verdict:
        """What to do with a request. Pure, and cheap for a document that was seen before.

        The verdict on a mutation is never kept: its variables are nobody's business afterwards.
        """
        found: Verdict | None = self._verdicts.peek(request)
        if found is None:
            blocked = self.policy.block_introspection
            found = decide(request, self.documents, block_introspection=blocked)
            if isinstance(found, CacheableQuery):
                self._verdicts.put(request, found)
        return found

    def as_keyed(self, verdict: CacheableQuery, _scopes: Collection[str]) -> CacheableQuery:
        """The verdict by which Varnish keyed a fetch, if ``_scopes`` are what it has of it."""
        return verdict

    def verdict_tags(self, _verdict: CacheableQuery) -> tuple[Tag, ...]:
        """The tags of a verdict: it can be purged by them."""
        return ()

    def instrumented(self, operation: Operation) -> Instrumented[Any]:
        """A query with the members that make its answer taggable."""
        return self._queries.get(operation, lambda: instrument(self._index, operation))

    def as_written(self, operation: Operation) -> Instrumented[Any]:
        """A query without such members: how to read the answer to the client's own text."""
        return self._written.get(operation, lambda: as_written(self._index, operation))

    def read(
        self, verdict: CacheableQuery, sent: Instrumented[Any], body: bytes
    ) -> tuple[Answer | Uncuttable, Decision | Unruled]:
        """An answer to ``sent``, cut and tagged, and what the rules say of it."""
        read = read_answer(self._index, verdict.operation, sent, body, verdict.values)
        return read, verdict.decision

    def instrumented_source(self, operation: Operation) -> SourceInstrumented[Any]:
        """A mutation with such members put into its own text."""
        return self._sources.get(operation, lambda: instrument_source(self._index, operation))

    def source_as_written(self, operation: Operation) -> SourceInstrumented[Any]:
        """A mutation without such members."""
        return source_as_written(self._index, operation)

    def read_mutation(
        self, sent: SourceInstrumented[Any], body: bytes, status: int
    ) -> MutationAnswer:
        """The origin's answer to a mutation that was sent so."""
        return read_mutation_answer(sent, body, status=status)

    def effect(
        self, mutation: Mutation, sent: SourceInstrumented[Any] | None, outcome: Outcome
    ) -> MutationEffect:
        """What a mutation changed, as far as ``outcome`` tells. ``Unknown()``: what it could."""
        layout = sent.layout if sent is not None else None
        operation, variables = mutation.operation, mutation.variables
        found = purge_for_mutation(self._index, operation, layout, outcome, variables)
        effect = effect_of(operation, outcome, found.tags, found.unnamed)
        return self._at_the_origin(effect)

    def _at_the_origin(self, effect: MutationEffect) -> MutationEffect:
        """The same in the origin's tags, where it is the origin that tags what is stored."""
        if self.policy.direct is None:
            return effect
        schema = self.index.schema if self.index is not None else None
        purge = origin_purge(self.policy.direct.templates, schema, effect.purge)
        return replace(effect, purge=purge)

    @property
    def _index(self) -> SchemaIndex:
        """Without one there is no query that may be cached, and no mutation that is understood."""
        assert self.index is not None
        return self.index


def effect_of(
    operation: Operation,
    outcome: Outcome,
    tags: tuple[Tag, ...],
    unnamed: tuple[str, ...],
    *,
    everything: bool = False,
) -> MutationEffect:
    """As the log holds it. Of an outcome that nobody knows it is no news that it names nothing."""
    source = f"mutation {operation.name or 'without a name'}"
    purge = Purge(() if everything else tags, source, everything=everything)
    return MutationEffect(purge, () if isinstance(outcome, Unknown) else unnamed)
