"""The brain that runs without a schema, on purpose (``schema: false``).

It learns from answers: which scopes an answer to a document has shown, and which types there are.
Both are forgotten when the process ends. Then a scope is learned again, from an answer that is not
stored; a type again from the next answer, and until then a mutation whose answer names nothing has
only the config's types to be matched with.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from controller.brain import DOCUMENTS, Brain, MutationEffect, Unruled, effect_of
from controller.core.answer import Answer, Uncuttable
from controller.core.direct import keyed_by_templates
from controller.core.instrument import Instrumented
from controller.core.instrument_source import SourceInstrumented
from controller.core.mutation import Outcome
from controller.core.mutation_answer import MutationAnswer, mutation_answer
from controller.core.operation import Operation, Refusal
from controller.core.policy import Policy
from controller.core.request import HttpRequest
from controller.core.rules import Decision
from controller.core.schemaless.answer import read_free, read_free_answer
from controller.core.schemaless.documents import FreeDocuments
from controller.core.schemaless.instrument import (
    freely_as_written,
    instrument_freely,
    instrument_source_freely,
    source_freely_as_written,
)
from controller.core.schemaless.known import KnownTypes
from controller.core.schemaless.mutation import free_purge_for_mutation
from controller.core.schemaless.rules import Late, decide_by_answer
from controller.core.schemaless.tags import verdict_tag
from controller.core.tags import Purge, Tag
from controller.core.verdict import CacheableQuery, Mutation, Verdict, decide

LOST: Final = (
    "types are known only from the __typename of answers",
    "rules and nonCacheable by type count once an answer shows the type; rules that name an "
    "interface or a union count only where a document names it in a fragment",
    "a scope is learned from the first answer that shows its type; what depends on who asks needs "
    "a rule for its root field",
    "no key fields are added: what does not select its key goes with every entity of its type",
    "an answer with a null, an empty list or an object without __typename counts as one of any "
    "type: every purge takes it, and the strictest rule for a type holds",
    "a mutation whose answer names nothing is matched by its name with the types known so far",
    "no @cacheControl, no validation, no purge mutations by type, no findings by `shellac check`",
)
"""What there is not without a schema (docs/no-schema.md)."""


class SchemalessBrain(Brain):
    """What the config says and what answers have shown. ``index`` is None for good."""

    def __init__(self, policy: Policy) -> None:
        policy = keyed_by_templates(policy, None)
        super().__init__(policy, None)
        self.free_documents = FreeDocuments(policy, size=DOCUMENTS)
        self.documents = self.free_documents
        self.known = KnownTypes(policy)

    @property
    def digest(self) -> str:
        """Names this brain: the policy alone."""
        return self.free_documents.digest

    def decide(self, request: HttpRequest) -> Verdict:
        """As it is now: what an answer has shown changes the verdict on its document."""
        blocked = self.policy.block_introspection
        return decide(request, self.documents, block_introspection=blocked)

    def as_keyed(self, verdict: CacheableQuery, scopes: Collection[str]) -> CacheableQuery:
        return self.free_documents.keyed_by(verdict, scopes)

    def verdict_tags(self, verdict: CacheableQuery) -> tuple[Tag, ...]:
        return (verdict_tag(verdict.operation, verdict.decision.scopes),)

    def instrumented(self, operation: Operation) -> Instrumented[Any]:
        return self._queries.get(operation, lambda: instrument_freely(self.policy, operation))

    def as_written(self, operation: Operation) -> Instrumented[Any]:
        return self._written.get(operation, lambda: freely_as_written(self.policy, operation))

    def read(
        self, verdict: CacheableQuery, sent: Instrumented[Any], body: bytes
    ) -> tuple[Answer | Uncuttable, Decision | Unruled]:
        operation = verdict.operation
        read = read_free_answer(self.policy, operation, sent, body, verdict.values)
        if isinstance(read, Uncuttable):
            return read, verdict.decision
        self.known.add(read.seen.types)
        found = decide_by_answer(self.policy, verdict.decision, read.seen)
        match found:
            case Refusal(detail=detail):
                return read.answer, Unruled(detail)
            case Late(scopes=scopes):
                self.free_documents.learn(operation, verdict.decision.scopes | scopes)
                purge = Purge(self.verdict_tags(verdict), "scope learned late")
                return read.answer, Unruled("late-scope", purge)
            case Decision():
                return read.answer, found

    def instrumented_source(self, operation: Operation) -> SourceInstrumented[Any]:
        return self._sources.get(
            operation, lambda: instrument_source_freely(self.policy, operation)
        )

    def source_as_written(self, operation: Operation) -> SourceInstrumented[Any]:
        return source_freely_as_written(self.policy, operation)

    def read_mutation(
        self, sent: SourceInstrumented[Any], body: bytes, status: int
    ) -> MutationAnswer:
        return mutation_answer(sent, read_free(sent.layout, body), body, status=status)

    def effect(
        self, mutation: Mutation, sent: SourceInstrumented[Any] | None, outcome: Outcome
    ) -> MutationEffect:
        operation = mutation.operation
        layout = sent.layout if sent is not None else None
        found = free_purge_for_mutation(self.policy, operation, layout, outcome, self.known)
        self.known.met(found.met or {})
        tags, unnamed = found.tags, found.unnamed
        effect = effect_of(operation, outcome, tags, unnamed, everything=found.everything)
        return self._at_the_origin(effect)
