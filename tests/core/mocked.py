"""Any schema with resolvers whose every answer follows from seed, object, field and arguments."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLResolveInfo, GraphQLSchema, execute_sync, parse
from graphql.type import (
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
)

from tests.core.world import TEXTS, Ref

_KEYS = ("id", "_id", "key")
ERRORS = 0.02
"""The share of fields that fail."""


@dataclass
class Mocked:
    """``asked`` collects the object types of which a field besides ``__typename`` was resolved."""

    schema: GraphQLSchema
    seed: int
    asked: set[str] = field(default_factory=set)

    def run(self, text: str, variables: Mapping[str, Any]) -> Any:
        """The response as a dict."""
        result = execute_sync(
            self.schema,
            parse(text),
            variable_values=dict(variables),
            field_resolver=self._resolve,
            type_resolver=lambda value, *_: value.type,
        )
        return result.formatted

    def _resolve(self, source: Ref | None, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        owner = source or Ref(info.parent_type.name, 0)
        self.asked.add(info.parent_type.name)
        name = info.field_name
        if name in _KEYS and is_leaf_type(get_named_type(info.return_type)):
            named = get_named_type(info.return_type).name
            return owner.n if named in ("Int", "Float") else f"{owner.type}-{owner.n}"
        given = json.dumps(arguments, sort_keys=True, default=str)
        picks = random.Random(f"{self.seed} {owner} {name} {given}")
        if picks.random() < ERRORS:
            raise ValueError(f"{name} failed")
        return self._value(info.return_type, picks)

    def _value(self, type_: Any, picks: random.Random) -> Any:
        nullable = get_nullable_type(type_)
        if not isinstance(type_, GraphQLNonNull) and picks.random() < 0.12:
            return None
        if isinstance(nullable, GraphQLList):
            return [self._value(nullable.of_type, picks) for _ in range(picks.choice([0, 1, 2]))]
        if isinstance(nullable, GraphQLEnumType):
            return picks.choice(list(nullable.values))
        if is_leaf_type(nullable):
            return _leaf(nullable.name, picks)
        if is_abstract_type(nullable):
            possible = sorted(t.name for t in self.schema.get_possible_types(nullable))
            return Ref(picks.choice(possible), picks.randrange(3))
        return Ref(nullable.name, picks.randrange(3))


def _leaf(name: str, picks: random.Random) -> Any:
    match name:
        case "Int":
            return picks.randrange(100)
        case "Float":
            return picks.choice([1.0, 0.5, 1e30])
        case "Boolean":
            return picks.random() < 0.5
        case "String" | "ID":
            return picks.choice(TEXTS)
        case _:
            return picks.choice([*TEXTS, 5, {"id": 1, "nested": [None, {}]}])
