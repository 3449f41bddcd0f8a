"""From a document's text to the one operation that is meant.

Parsing follows the GraphQL specification (sections 2 and 5.2); a document that is not understood
is a ``Refusal`` with the reason, never an exception.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    parse,
)
from graphql.language import FragmentSpreadNode, Node, SelectionSetNode

from controller.core.compact import compact

MAX_TOKENS: Final = 10_000
"""A document with more tokens is passed as sent; Linear's largest operation has under 5,000."""
MAX_MESSAGE: Final = 300
"""Characters of a parser's message that are kept; it may quote a token of any length."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document has no operation that could be analysed, as a Cache-Status detail."""

    detail: str
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One selected operation with the fragments it reaches.

    ``text`` is canonical: the operation, then its fragments by name, without ignored characters.
    ``digest`` is its SHA-256 in hex, ``opened`` says where in it each selection set opens
    (compact.py). ``source`` is the document as sent. ``document`` holds just this operation and its
    fragments.
    """

    type: OperationType
    name: str | None
    definition: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: frozenset[str]
    incremental: bool
    text: str
    digest: str
    opened: Mapping[int, int]
    source: str

    @property
    def document(self) -> DocumentNode:
        return DocumentNode(definitions=(self.definition, *self.fragments.values()))


def select_operation(source: str, operation_name: str | None) -> Operation | Refusal:
    """Parse ``source`` and pick the operation that ``operation_name`` means (GetOperation, 6.1).

    The empty string is the name of no operation.
    """
    parsed = parse_source(source)
    if isinstance(parsed, Refusal):
        return parsed
    return choose_operation(parsed, source, operation_name)


def with_text(operation: Operation, text: str) -> Operation:
    """The same operation by another canonical text, into which nothing can be inserted."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return replace(operation, text=text, digest=digest, opened={})


def parse_source(source: str) -> DocumentNode | Refusal:
    """The whole document as sent.

    An empty selection set is not in the grammar (2.8), but graphql-core would read one, and a
    member written into it would make an answer out of the origin's error.
    """
    try:
        return parse(
            source, no_location=True, max_tokens=MAX_TOKENS, allow_empty_selection_sets=False
        )
    except GraphQLError as error:
        # Not str(error): that quotes the document, however long it is.
        line, column = error.locations[0] if error.locations else (1, 1)
        message = f"line {line}, column {column}: {error.message[:MAX_MESSAGE]}"
        return Refusal("unparsable-document", message)


def choose_operation(
    parsed: DocumentNode, source: str, operation_name: str | None
) -> Operation | Refusal:
    """The operation that ``operation_name`` means in ``parsed``, which is ``source``."""
    operations = [d for d in parsed.definitions if isinstance(d, OperationDefinitionNode)]
    if operation_name is None:
        if len(operations) != 1:
            return Refusal("ambiguous-operation", f"{len(operations)} operations and no name")
        definition = operations[0]
    else:
        named = [o for o in operations if o.name is not None and o.name.value == operation_name]
        if len(named) != 1:
            return Refusal("unknown-operation", f"no single operation named {operation_name!r}")
        definition = named[0]
    known = {d.name.value: d for d in parsed.definitions if isinstance(d, FragmentDefinitionNode)}
    fragments = _reached(definition, known)
    nodes = [definition, *fragments.values()]
    written = compact(nodes)
    return Operation(
        type=definition.operation,
        name=definition.name.value if definition.name else None,
        definition=definition,
        fragments=fragments,
        variables=frozenset(v.variable.name.value for v in definition.variable_definitions or ()),
        incremental=any(_is_incremental(node.selection_set) for node in nodes),
        text=written.text,
        digest=hashlib.sha256(written.text.encode()).hexdigest(),
        opened=written.opened,
        source=source,
    )


def _reached(
    definition: OperationDefinitionNode, known: Mapping[str, FragmentDefinitionNode]
) -> dict[str, FragmentDefinitionNode]:
    """The fragments reached from the operation, by name; unknown ones are left to validation."""
    found: dict[str, FragmentDefinitionNode] = {}
    waiting = [definition.selection_set]
    while waiting:
        for node in selections(waiting.pop()):
            if isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if name in known and name not in found:
                    found[name] = known[name]
                    waiting.append(known[name].selection_set)
    return dict(sorted(found.items()))


def selections(root: SelectionSetNode) -> Iterator[Node]:
    """Every selection below ``root`` without following fragment spreads."""
    waiting = [root]
    while waiting:
        for node in waiting.pop().selections:
            yield node
            nested = getattr(node, "selection_set", None)
            if nested is not None:
                waiting.append(nested)


def _is_incremental(root: SelectionSetNode) -> bool:
    return any(
        directive.name.value in ("defer", "stream")
        for node in selections(root)
        for directive in getattr(node, "directives", None) or ()
    )
