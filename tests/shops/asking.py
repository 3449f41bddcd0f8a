"""Random queries and mutations to a random shop, with arguments that name what is there."""

from __future__ import annotations

import random
from typing import Any

from graphql import GraphQLSchema, OperationType

from tests.core.generator import Written, write
from tests.shops.plan import Shop, lower

_TITLES = ["red", "blue", "green"]


def ask(shop: Shop, schema: GraphQLSchema, seed: int) -> Written:
    """A query."""
    depth = 1 + seed % 3
    return write(
        schema, OperationType.QUERY, seed, width=2, depth=depth, values=_values(shop), optional=0.5
    )


def order(shop: Shop, schema: GraphQLSchema, seed: int) -> Written:
    """A mutation of one field or two."""
    return write(
        schema, OperationType.MUTATION, seed, width=2, depth=3, values=_values(shop), optional=0.3
    )


def _values(shop: Shop) -> Any:
    numbers = {}
    for name, entity in shop.entities.items():
        numbers[lower(name)] = numbers[f"other{name}"] = 100 * entity.number

    def value(name: str, _: Any, picks: random.Random) -> Any:
        match name:
            case "title":
                return picks.choice(_TITLES)
            case "first":
                return picks.choice([1, 2, 2, 3])
            case "offset":
                return picks.choice([0, 1])
            case "fail":
                return picks.random() < 0.5
            case _:
                return str(numbers[name] + picks.randint(1, 5))

    return value
