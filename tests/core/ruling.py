"""What the tests of rules share: rules, what they say to an operation, and how they refuse."""

from __future__ import annotations

from typing import Any

from controller.core.operation import Refusal
from controller.core.policy import PUBLIC, Policy, Rule
from controller.core.rules import Decision, decide_rules
from controller.core.schema import SchemaIndex
from tests.core.world import SCHEMA, operation


def rule(
    *names: str, max_age: int = 60, swr: int = 10, scope: str = PUBLIC, index: int = 0
) -> Rule:
    """A rule for ``Type`` and ``Type.field`` names."""
    types: dict[str, frozenset[str] | None] = {}
    for name in names:
        type_name, _, member = name.partition(".")
        types[type_name] = (types.get(type_name) or frozenset()) | {member} if member else None
    return Rule(index, types, max_age, swr, scope)


def decided(text: str, *rules: Rule, **policy: Any) -> Decision | Refusal:
    """What the rules say to the only operation of a document, by the shop's schema."""
    index = SchemaIndex(SCHEMA, Policy("shop", "digest", rules=rules, **policy))
    return decide_rules(index, operation(text))


def assert_refused(found: Decision | Refusal, detail: str) -> None:
    assert isinstance(found, Refusal), found
    assert found.detail == detail
