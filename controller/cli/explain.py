"""``shellac explain``: what happens to a document, and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from controller.brain import Brain
from controller.core.details import DETAILS
from controller.core.policy import PUBLIC
from controller.core.request import HttpRequest
from controller.core.tags import operation_tag, root_field_tag, service_tag, type_tag
from controller.core.verdict import CacheableQuery, Mutation, Pass
from controller.errors import RequestRefused
from controller.policy_of import policy_of
from controller.schema_source import fetch_schema
from vclgen.config import Config


@dataclass(frozen=True, slots=True)
class Explained:
    """``tags`` are those known before there is data: entities, lists and nulls come with it."""

    outcome: str
    reason: str | None = None
    operation: str | None = None
    key: str | None = None
    max_age: int | None = None
    swr: int | None = None
    scopes: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sent: str | None = None
    notes: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)

    def as_text(self) -> str:
        """For people: a line for each thing that is known."""
        lines = [f"{self.outcome}{f': {self.reason}' if self.reason else ''}"]
        named: list[tuple[str, object]] = [
            ("operation", self.operation),
            ("max-age", None if self.max_age is None else f"{self.max_age} s"),
            ("swr", None if self.swr is None else f"{self.swr} s"),
            ("scopes", ", ".join(self.scopes)),
            ("key", self.key),
        ]
        lines += [f"  {name:<10}{value}" for name, value in named if value]
        for title, values in (("rule", self.rules), ("tag", self.tags), ("note", self.notes)):
            lines += [f"  {title:<10}{value}" for value in values]
        if self.sent:
            lines.append(f"  {'sent':<10}{self.sent}")
        return "\n".join(lines)


async def explain(
    config: Config, document: str, variables: str, operation: str | None, headers: Sequence[str]
) -> Explained:
    """What Shellac does with a document.

    ``document`` is its text, a file, or ``-`` for standard input; ``variables`` is JSON; each of
    ``headers`` is ``Name: value``.

    Raises:
        SchemaUnavailable: there is no schema to explain it by.
        RequestRefused: the variables are not a JSON object, or a header has no colon.
    """
    name = b"" if operation is None else b',"operationName":' + orjson.dumps(operation)
    body = b'{"query":%b,"variables":%b%b}' % (
        orjson.dumps(_text(document)),
        _checked_variables(variables).encode(),
        name,
    )
    brain = Brain(policy_of(config), await fetch_schema(config))
    verdict = brain.decide(HttpRequest("POST", b"", "application/json", body))
    match verdict:
        case CacheableQuery():
            return _query(config, brain, verdict, _headers(headers))
        case Mutation(operation=found):
            sent = brain.instrumented_source(found).text
            return Explained("mutation", "never cached", found.name, sent=sent)
        case Pass(detail=detail, message=message):
            meaning = DETAILS.get(detail, detail)
            return Explained("passed, not cached", f"{detail} ({meaning}): {message}")


def _query(
    config: Config, brain: Brain, verdict: CacheableQuery, headers: dict[str, str]
) -> Explained:
    decision = verdict.decision
    operation = verdict.operation
    index = brain.index
    assert index is not None
    types = [name for name in sorted(decision.types) if not index.is_root(name)]
    tags = [service_tag(config.name), *map(type_tag, types)]
    if operation.name:
        tags.append(operation_tag(operation.name))
    layout = brain.instrumented(operation).layout
    tags += [root_field_tag(s.name) for s in layout.root_fields.values() if s.field is not None]
    return Explained(
        outcome="cached",
        operation=operation.name,
        key=verdict.key,
        max_age=decision.max_age,
        swr=decision.swr,
        scopes=tuple(_scope(config, name, headers) for name in sorted(decision.scopes))
        or (PUBLIC,),
        rules=tuple(
            f"{_rule(match.rule)} ({match.entry}) matches {match.coordinate}"
            for match in decision.matched
        ),
        tags=tuple(dict.fromkeys(tags)),
        sent=brain.instrumented(operation).text,
        notes=("with data come tags for entities, lists and nulls",),
    )


def _rule(index: int | None) -> str:
    return "@cacheControl" if index is None else f"rules[{index}]"


def _scope(config: Config, name: str, headers: dict[str, str]) -> str:
    """A scope with where its value comes from, and the value these headers give it."""
    scope = config.scopes.get(name)
    if scope is None:
        return f"{name} (shared among requests without credentials)"
    for source in scope.sources:
        if source.kind == "header" and source.name in headers:
            return f"{name} = {headers[source.name]!r} by {source}"
        if source.kind == "cookie":
            for pair in headers.get("cookie", "").split(";"):
                cookie, _, value = pair.strip().partition("=")
                if cookie == source.name:
                    return f"{name} = {value!r} by {source}"
    return f"{name} (by {scope}; these headers hold none)"


def _text(document: str) -> str:
    if document == "-":
        return sys.stdin.read()
    if "{" not in document and Path(document).is_file():
        return Path(document).read_text()
    return document


def _checked_variables(text: str) -> str:
    """The text itself: numbers keep their lexemes."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise RequestRefused(400, f"--variables is no JSON: {error}", "BAD_REQUEST") from error
    if not isinstance(found, dict):
        raise RequestRefused(400, "--variables is not a JSON object", "BAD_REQUEST")
    return text


def _headers(lines: Sequence[str]) -> dict[str, str]:
    found = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise RequestRefused(400, f"{line!r} is no header: write NAME: VALUE", "BAD_REQUEST")
        found[name.strip().lower()] = value.strip()
    return found
