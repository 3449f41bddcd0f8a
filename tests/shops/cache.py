"""A cache in a dictionary around the real core: verdict, instrumentation, tags, purges."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.core.answer import Answer, read_answer
from controller.core.instrument import instrument
from controller.core.instrument_source import instrument_source
from controller.core.mutation import Outcome, Unknown, purge_for_mutation
from controller.core.mutation_answer import read_mutation_answer
from controller.core.schema import SchemaIndex
from controller.core.tags import Tag
from controller.core.verdict import CacheableQuery, Documents, HttpRequest, Mutation, decide
from tests.core.generator import Written
from tests.shops.origin import Origin, Trace


@dataclass(frozen=True)
class Cached:
    """An answer as a client gets it. ``trace`` is what the origin read for it."""

    written: Written
    body: bytes
    tags: frozenset[Tag]
    trace: Trace


@dataclass(frozen=True)
class Changed:
    """A mutation that was executed: the origin's response, what was read for it, what it purged."""

    response: Mapping[str, Any]
    trace: Trace
    purged: frozenset[Tag]
    unnamed: tuple[str, ...]


@dataclass
class Cache:
    """``kept`` holds answers by their canonical key."""

    origin: Origin
    index: SchemaIndex
    kept: dict[str, Cached] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.documents = Documents(self.index, 1_000)

    def ask(self, written: Written) -> bool:
        """Answer a query from the cache, or from the origin. A hit is what the origin says.

        Returns whether the answer is in the cache now.
        """
        verdict = decide(_request(written), self.documents)
        assert isinstance(verdict, CacheableQuery), verdict
        plain, trace = self.origin.run(written.text, written.variables)
        self.counted["queries"] += 1
        hit = self.kept.get(verdict.key)
        if hit is not None:
            self.counted["hits"] += 1
            assert hit.body == _body(plain)
            return True
        sent = instrument(self.index, verdict.operation)
        response, _ = self.origin.run(sent.text, verdict.values)
        answer = read_answer(self.index, verdict.operation, sent, _body(response), verdict.values)
        assert isinstance(answer, Answer), answer
        assert answer.body == _body(plain) or answer.has_errors
        if answer.has_errors or not answer.has_data:
            self.counted["not stored: errors"] += 1
        elif answer.too_many_tags:
            self.counted["not stored: too many tags"] += 1
        else:
            self.kept[verdict.key] = Cached(written, answer.body, frozenset(answer.tags), trace)
        return verdict.key in self.kept

    def change(self, written: Written, *, lost: bool) -> Changed:
        """Execute a mutation and purge what its answer says; ``lost``: the answer never came."""
        verdict = decide(_request(written), self.documents)
        assert isinstance(verdict, Mutation), verdict
        sent = instrument_source(self.index, verdict.operation)
        response, trace = self.origin.run(sent.text, verdict.variables)
        read = read_mutation_answer(sent, _body(response))
        outcome: Outcome = Unknown() if lost else read.outcome
        purge = purge_for_mutation(
            self.index, verdict.operation, sent.layout, outcome, verdict.variables
        )
        purged = frozenset(purge.tags)
        gone = [key for key, cached in self.kept.items() if cached.tags & purged]
        self.counted["purged"] += len(gone)
        for key in gone:
            del self.kept[key]
        return Changed(response, trace, purged, purge.unnamed)


def _request(written: Written) -> HttpRequest:
    body = json.dumps({"query": written.text, "variables": written.variables})
    return HttpRequest("POST", b"", "application/json", body.encode())


def _body(response: Any) -> bytes:
    return json.dumps(response).encode()
