"""Documents without a schema, and the scopes that their answers have shown."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from graphql import OperationType

from controller.core.canonical import canonical_key
from controller.core.documents import Analysis, Documents
from controller.core.mutation_text import holds_mutation
from controller.core.operation import Operation, Refusal, choose_operation, parse_source
from controller.core.policy import Policy
from controller.core.rules import Decision
from controller.core.schemaless.document import errors_of, named, whole_operation
from controller.core.schemaless.rules import decide_by_document
from controller.core.schemaless.tags import document_digest
from controller.core.verdict import CacheableQuery

LEARNED: Final = 20_000
"""Documents whose scopes are remembered. What is forgotten is learned again."""


class FreeDocuments(Documents):
    """The analyses of the documents used last, each with the scopes learned for it."""

    def __init__(self, policy: Policy, size: int) -> None:
        super().__init__(None, size)
        self.policy = policy
        self.digest = f"{policy.digest}none"
        self._learned: OrderedDict[str, frozenset[str]] = OrderedDict()

    def analyse(self, document: str, operation_name: str | None) -> Analysis:
        """What ``document`` comes to, under the scopes known by now."""
        found = super().analyse(document, operation_name)
        if not isinstance(found.outcome, Decision) or found.operation is None:
            return found
        known = self._learned.get(document_digest(found.operation), frozenset())
        scopes = found.outcome.scopes | known
        return replace(found, outcome=replace(found.outcome, scopes=scopes))

    def analysed(self, document: str, operation_name: str | None) -> Analysis:
        return analyse_freely(self.policy, document, operation_name)

    def key_plan(self, decision: Decision) -> str:
        """Also the scopes: what is fetched with fewer of them is another question."""
        return ":".join([super().key_plan(decision), ",".join(sorted(decision.scopes))])

    def keyed_by(self, verdict: CacheableQuery, scopes: Collection[str]) -> CacheableQuery:
        """The verdict on the same question that knew of these scopes: Varnish may hold one from
        before more were learned, or from before this process began.
        """
        decision = replace(verdict.decision, scopes=frozenset(scopes))
        operation = verdict.operation
        key = canonical_key(self.key_plan(decision), operation, verdict.values)
        return replace(verdict, decision=decision, key=key)

    def learn(self, operation: Operation, scopes: Collection[str]) -> None:
        """An answer to ``operation`` has shown these scopes."""
        name = document_digest(operation)
        self._learned[name] = self._learned.get(name, frozenset()) | frozenset(scopes)
        self._learned.move_to_end(name)
        if len(self._learned) > LEARNED:
            self._learned.popitem(last=False)


def analyse_freely(policy: Policy, document: str, operation_name: str | None) -> Analysis:
    """Parse a document, and rule it as far as it tells."""
    parsed = parse_source(document)
    if isinstance(parsed, Refusal):
        return Analysis(None, parsed, holds_mutation(document))
    chosen = choose_operation(parsed, document, operation_name)
    operation = chosen if isinstance(chosen, Refusal) else whole_operation(chosen, parsed)
    if isinstance(operation, Refusal):
        return Analysis(None, operation, holds_mutation(document))
    mutation = operation.type is OperationType.MUTATION
    if operation.type is OperationType.SUBSCRIPTION:
        return Analysis(operation, Refusal("subscription", "subscriptions are passed"))
    if operation.incremental and not mutation:
        refusal = Refusal("incremental-delivery", "the operation has @defer or @stream")
        return Analysis(operation, refusal)
    errors = errors_of(parsed, 1)
    if errors:
        return Analysis(operation, Refusal("invalid-document", errors[0].message), mutation)
    if mutation:
        return Analysis(operation, None)
    return Analysis(operation, decide_by_document(policy, operation, named(operation)))
