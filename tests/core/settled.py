"""Random policies, and what a controller without a schema makes of an answer under them."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import GraphQLResolveInfo
from graphql.type import is_abstract_type
from hypothesis import strategies as st

from controller.brain import Unruled
from controller.core.answer import Answer, Uncuttable
from controller.core.policy import ANONYMOUS, PUBLIC, Policy, Rule
from controller.core.request import HttpRequest
from controller.core.rules import Decision
from controller.core.verdict import CacheableQuery, Pass
from controller.schemaless import SchemalessBrain
from tests.core.documents import VARIABLES
from tests.core.world import (
    POLICY,
    SCHEMA,
    STYLES,
    Ref,
    World,
    arranged,
)

SEEDS = st.integers(0, 2**30)
OBJECTS = sorted(
    name
    for name, type_ in SCHEMA.type_map.items()
    if hasattr(type_, "interfaces")
    and not is_abstract_type(type_)
    and not name.startswith("__")
    and name not in ("Mutation", "Subscription", "PostPayload", "Log", "Failure")
)


@dataclass
class Watched(World):
    """``met`` are the fields that were resolved, with the types of their objects."""

    met: set[tuple[str, str]] = field(default_factory=set)

    def _resolve(self, source: Ref | None, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        self.met.add((info.parent_type.name, info.field_name))
        return super()._resolve(source, info, **arguments)


def policy_of(seed: int) -> Policy:
    """Random rules for object types and their fields, and random entries of ``nonCacheable``."""
    picks = random.Random(seed)

    def entry() -> tuple[str, frozenset[str] | None]:
        name = picks.choice(OBJECTS)
        fields = sorted(SCHEMA.type_map[name].fields)  # type: ignore[attr-defined]
        wanted = picks.sample(fields, min(len(fields), 2))
        return name, frozenset(wanted) if picks.random() < 0.5 else None

    rules = [
        Rule(
            index,
            dict(entry() for _ in range(picks.randint(1, 4))),
            max_age=picks.choice([5, 60, 900]),
            swr=picks.choice([0, 60]),
            scope=picks.choice([PUBLIC, PUBLIC, PUBLIC, ANONYMOUS, "USER", "SHOP"]),
        )
        for index in range(picks.randint(1, 4))
    ]
    never = set()
    if picks.random() < 0.2:
        name, fields = entry()
        never = {name} if fields is None else {f"{name}.{f}" for f in fields}
    return replace(POLICY, rules=tuple(rules), non_cacheable=frozenset(never))


def asked(text: str) -> HttpRequest:
    body = json.dumps({"query": text, "variables": VARIABLES}).encode()
    return HttpRequest("POST", "", "application/json", body, None)


def fetched(
    brain: SchemalessBrain, text: str, world: World, style: str = "compact", order: str = ""
) -> tuple[CacheableQuery, Answer | Uncuttable, Decision | Unruled]:
    """What the gateway does with a query that may be cached."""
    verdict = brain.decide(asked(text))
    assert isinstance(verdict, CacheableQuery), verdict
    sent = brain.instrumented(verdict.operation)
    response = world.run(sent.text, VARIABLES)
    for alias in sent.aliases:
        assert alias.startswith(sent.prefix)
    response = arranged(response, order, random.Random(1))
    return verdict, *brain.read(verdict, sent, STYLES[style](response))


def settled(brain: SchemalessBrain, text: str, world: World) -> Decision | Unruled | Pass:
    """The same until no scope is news any more. An answer with a late one is never ruled fit."""
    for _ in range(6):
        verdict = brain.decide(asked(text))
        if not isinstance(verdict, CacheableQuery):
            assert isinstance(verdict, Pass)
            return verdict
        _, read, ruled = fetched(brain, text, world)
        assert isinstance(read, Answer)
        if not isinstance(ruled, Unruled) or ruled.purge is None:
            return ruled
        assert ruled.detail == "late-scope"
    raise AssertionError("the scopes never settle")


def meets(entry: tuple[str, frozenset[str] | None], met: set[tuple[str, str]]) -> bool:
    """Whether an entry of rules is about a field that was resolved."""
    name, fields = entry
    return any(t == name and (fields is None or f in fields) for t, f in met)
