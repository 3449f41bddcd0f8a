"""Documents and answers without a schema, as tests of the core make them."""

from __future__ import annotations

import json
from typing import Any

from controller.brain import Unruled
from controller.core.answer import Answer, Uncuttable
from controller.core.operation import Operation, select_operation
from controller.core.policy import PUBLIC, Policy, Rule
from controller.core.request import HttpRequest
from controller.core.rules import Decision
from controller.core.schemaless.document import Named, named
from controller.core.verdict import CacheableQuery, Pass
from controller.schemaless import SchemalessBrain


def rule(index: int, *types: str, scope: str = PUBLIC, max_age: int = 900, swr: int = 0) -> Rule:
    """``types`` are ``Type`` or ``Type.field``."""
    found: dict[str, frozenset[str] | None] = {}
    for entry in types:
        name, _, of = entry.partition(".")
        found[name] = (found.get(name) or frozenset()) | {of} if of else None
    return Rule(index, found, max_age, swr, scope)


def brain(*rules: Rule, **policy: Any) -> SchemalessBrain:
    """One that has seen nothing yet."""
    return SchemalessBrain(Policy("shop", "digest", rules=rules, **policy))


def decided(found: SchemalessBrain, text: str, **variables: Any) -> CacheableQuery | Pass:
    """The verdict on a query."""
    body = json.dumps({"query": text, "variables": variables}).encode()
    verdict = found.decide(HttpRequest("POST", b"", "application/json", body))
    assert isinstance(verdict, CacheableQuery | Pass)
    return verdict


def answered(
    found: SchemalessBrain, text: str, data: Any, **more: Any
) -> tuple[Answer | Uncuttable, Decision | Unruled]:
    """What is made of ``data``, in which ``T`` stands for the injected member."""
    verdict = decided(found, text)
    assert isinstance(verdict, CacheableQuery), verdict
    sent = found.instrumented(verdict.operation)
    alias = next(iter(sent.aliases), "none")
    body = json.dumps({"data": data, **more}).replace('"T":', f'"{alias}":')
    return found.read(verdict, sent, body.encode())


def names_of(text: str) -> Named:
    """What a document names."""
    operation = select_operation(text, None)
    assert isinstance(operation, Operation), operation
    return named(operation)
