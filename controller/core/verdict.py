"""The verdict on a request: a query that may be cached, a mutation, or something to pass.

A verdict depends on the request, the schema and the policy alone, never on data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, assert_never

from controller.core.canonical import canonical_json, canonical_key, declared
from controller.core.documents import Documents
from controller.core.introspection import asks_for_schema, may_name_schema
from controller.core.lexemes import Json
from controller.core.mutation_text import may_hold_mutation
from controller.core.operation import Operation, Refusal
from controller.core.request import Batch, HttpRequest, Single, Unread, read_request
from controller.core.rules import Decision

__all__ = ["CacheableQuery", "Documents", "Mutation", "Pass", "Verdict", "decide", "is_blocked"]

_BLOCKED: Final = "introspection-blocked"


@dataclass(frozen=True, slots=True)
class CacheableQuery:
    """``variables`` is canonical JSON of the declared variables, ``values`` the same as values.

    ``key`` names the question: 64 hex digits (docs/protocol.md).
    """

    operation: Operation
    key: str
    variables: str
    values: Mapping[str, Json]
    decision: Decision


@dataclass(frozen=True, slots=True)
class Mutation:
    """A valid mutation, with all variables as sent. ``item`` is its place in a batch, if known."""

    operation: Operation
    variables: Mapping[str, Json]
    by_get: bool = False
    item: int | None = None


@dataclass(frozen=True, slots=True)
class Pass:
    """Passed as sent, or blocked. ``detail`` is one of details.py.

    ``writes`` are the mutations inside. ``may_write``: there may be one that is not among them;
    its outcome is unknown. ``operation`` is the one operation, where it is known. ``size`` is how
    many operations a batch has.
    """

    detail: str
    message: str
    writes: tuple[Mutation, ...] = ()
    may_write: bool = False
    operation: Operation | None = None
    size: int | None = None


Verdict: TypeAlias = CacheableQuery | Mutation | Pass


def decide(
    http: HttpRequest, documents: Documents, *, block_introspection: bool = False
) -> Verdict:
    """The verdict on a request. Never raises: what cannot be decided is passed as sent, unless
    ``block_introspection`` forbids it: ``is_blocked`` tells.
    """
    blocked = Pass(_BLOCKED, "it asks for __schema or __type")
    try:
        if block_introspection and asks_for_schema(http):
            return blocked
        return _decide(http, documents)
    except Exception as error:
        named = may_name_schema(http.body) or may_name_schema(http.query_string)
        if block_introspection and (named or http.content_encoding):
            return blocked
        write = may_hold_mutation(http.body) or may_hold_mutation(http.query_string)
        return Pass("internal-error", f"{type(error).__name__}: {error}", may_write=write)


def is_blocked(verdict: Verdict) -> bool:
    """Whether a request is answered with an error and never handed on."""
    return isinstance(verdict, Pass) and verdict.detail == _BLOCKED


def _decide(http: HttpRequest, documents: Documents) -> Verdict:
    asked = read_request(http)
    match asked:
        case Single():
            return _single(asked, documents)
        case Batch(items=items):
            return _batch(items, documents)
        case Unread():
            return _passed(asked.detail, asked.message, asked, documents)
        case _:
            assert_never(asked)


def _single(asked: Single, documents: Documents) -> Verdict:
    analysis = documents.analyse(asked.document, asked.operation_name)
    operation, outcome = analysis.operation, analysis.outcome
    if isinstance(outcome, Refusal):
        return Pass(outcome.detail, outcome.message, (), analysis.may_write, operation)
    assert operation is not None
    if outcome is None:
        return Mutation(operation, asked.variables, asked.by_get)
    values = declared(operation, asked.variables)
    return CacheableQuery(
        operation=operation,
        key=canonical_key(documents.key_plan(outcome), operation, values),
        variables=canonical_json(values),
        values=values,
        decision=outcome,
    )


def _batch(items: Sequence[Single | Unread], documents: Documents) -> Pass:
    """Equal writes stay several: they were sent so."""
    writes: list[Mutation] = []
    may_write = False
    for place, item in enumerate(items):
        found = _passed("batch", "", item, documents)
        # What could be several operations is none that an element of the answer could be read by.
        known = len(found.writes) == 1 and (isinstance(item, Single) or len(item.items) == 1)
        writes += [replace(write, item=place if known else None) for write in found.writes]
        may_write = may_write or found.may_write
    message = f"{len(items)} operations at once"
    return Pass("batch", message, tuple(writes), may_write, size=len(items))


def _passed(detail: str, message: str, asked: Single | Unread, documents: Documents) -> Pass:
    """Passed as sent, with the writes inside."""
    writes: list[Mutation] = []
    may_write = isinstance(asked, Unread) and asked.may_write
    for single in asked.items if isinstance(asked, Unread) else (asked,):
        verdict = _single(single, documents)
        if isinstance(verdict, Mutation):
            writes.append(verdict)
        elif isinstance(verdict, Pass):
            may_write = may_write or verdict.may_write
    return Pass(detail, message, tuple(writes), may_write)
