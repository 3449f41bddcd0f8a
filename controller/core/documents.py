"""Documents and what they come to: parsed, validated and ruled once, then remembered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from graphql import DocumentNode, OperationType, specified_rules
from graphql.validation import ASTValidationRule, KnownDirectivesRule

from controller.core.mutation_text import holds_mutation
from controller.core.operation import Operation, Refusal, choose_operation, parse_source
from controller.core.rules import Decision, decide_rules
from controller.core.schema import SchemaIndex
from controller.core.validation import first_error

KEPT_LENGTH: Final = 100_000
"""Characters of a document that is remembered; a longer one is read again each time."""
KEPT_TOTAL: Final = 2_000_000
"""Characters of all documents remembered: about 100 MB, since a character comes to 25 to 50 bytes
of syntax tree.
"""
_INCREMENTAL_RULES: Final = tuple(r for r in specified_rules if r is not KnownDirectivesRule)
"""graphql-core does not know @defer and @stream unless the schema declares them."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a document comes to under an operation name.

    ``operation`` is None if none was found. ``outcome`` is None for a valid mutation, a
    ``Decision`` for a query that may be cached, else the reason to pass. ``may_write``: it is
    passed, and perhaps the origin takes it for a mutation.
    """

    operation: Operation | None
    outcome: Decision | Refusal | None
    may_write: bool = False


class Documents:
    """The analyses of the documents used last: at most ``size``, and ``KEPT_TOTAL`` characters.

    Without a schema (``index`` None) nothing is cacheable.
    """

    def __init__(self, index: SchemaIndex | None, size: int) -> None:
        self.index = index
        self.digest = index.digest if index is not None else ""
        self._size = size
        self._length = 0
        self._kept: OrderedDict[tuple[str, str | None], Analysis] = OrderedDict()

    def analyse(self, document: str, operation_name: str | None) -> Analysis:
        """What ``document`` comes to. The same value again while it is remembered."""
        key = (document, operation_name)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        found = self.analysed(document, operation_name)
        if _length(key) <= KEPT_LENGTH:
            self._kept[key] = found
            self._length += _length(key)
            while len(self._kept) > self._size or self._length > KEPT_TOTAL:
                forgotten, _ = self._kept.popitem(last=False)
                self._length -= _length(forgotten)
        return found

    def analysed(self, document: str, operation_name: str | None) -> Analysis:
        """The same, worked out anew."""
        return analyse(self.index, document, operation_name)

    def key_plan(self, decision: Decision) -> str:
        """Schema and policy, and the rules that one spelling of the question meets and others do
        not: answers under other rules are other objects.
        """
        return ":".join([self.digest, *map(str, decision.by_spelling)])


def analyse(index: SchemaIndex | None, document: str, operation_name: str | None) -> Analysis:
    """Parse, validate and rule a document."""
    parsed = parse_source(document)
    if isinstance(parsed, Refusal):
        return Analysis(None, parsed, holds_mutation(document))
    operation = choose_operation(parsed, document, operation_name)
    if isinstance(operation, Refusal):
        return Analysis(None, operation, holds_mutation(document))
    mutation = operation.type is OperationType.MUTATION
    if index is None:
        return Analysis(operation, Refusal("no-schema", "the schema is not known yet"), mutation)
    refusal = _refused(index, operation, parsed)
    if refusal is not None:
        # Of an invalid mutation the origin may have a newer schema than we.
        return Analysis(operation, refusal, mutation)
    return Analysis(operation, None if mutation else decide_rules(index, operation))


def _refused(index: SchemaIndex, operation: Operation, parsed: DocumentNode) -> Refusal | None:
    """Why a query or a mutation is not even looked at by the rules.

    The document is validated as sent: an operation that was not selected, or a fragment that it
    does not use, makes it invalid at the origin too.
    """
    if operation.type is OperationType.SUBSCRIPTION:
        return Refusal("subscription", "subscriptions are passed")
    if operation.incremental and operation.type is OperationType.QUERY:
        return Refusal("incremental-delivery", "the operation has @defer or @stream")
    error = first_error(index.schema, parsed, validation_rules(operation))
    return Refusal("invalid-document", error.message) if error is not None else None


def validation_rules(operation: Operation) -> Collection[type[ASTValidationRule]]:
    """The rules that a document is valid by whose ``operation`` is meant."""
    return _INCREMENTAL_RULES if operation.incremental else specified_rules


def _length(key: tuple[str, str | None]) -> int:
    return len(key[0]) + len(key[1] or "")
