"""What is wrong with a document, as the reference implementation says it, with locations.

The gateway keeps no locations and stops at the first error; this is for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from graphql import GraphQLError, parse, validate

from controller.core.documents import validation_rules
from controller.core.operation import MAX_MESSAGE, MAX_TOKENS, Operation
from controller.core.schema import SchemaIndex
from controller.core.schemaless.document import errors_of

MOST: Final = 20
"""Errors that are looked for."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A GraphQL error. ``locations`` are pairs of line and column, counted from 1."""

    message: str
    locations: tuple[tuple[int, int], ...]


def document_faults(
    index: SchemaIndex | None, document: str, operation: Operation | None
) -> tuple[Fault, ...]:
    """The errors of a document whose ``operation`` is meant: of syntax, else of validation.

    None where there are none, or without an operation. Without a schema: those of any schema.
    """
    try:
        parsed = parse(document, max_tokens=MAX_TOKENS, allow_empty_selection_sets=False)
    except GraphQLError as error:
        return (_fault(error),)
    if operation is None:
        return ()
    if index is None:
        return tuple(map(_fault, errors_of(parsed, MOST)))
    errors = validate(index.schema, parsed, validation_rules(operation), max_errors=MOST)
    return tuple(map(_fault, errors))


def _fault(error: GraphQLError) -> Fault:
    places = tuple((place.line, place.column) for place in error.locations or ())
    return Fault(error.message[:MAX_MESSAGE], places)
