"""A random shop as a GraphQL origin, which remembers what each answer was made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
)

from tests.shops.changes import about, mutate
from tests.shops.data import Data, Part, Ref, Root
from tests.shops.plan import Field, Kind

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Met:
    """A field that was answered: whose it is (None: the query root's), and with what.

    In ``value`` entities stand as ``Ref``, lists as tuples, the edge of a connection as ``Edge``,
    other objects as their type's name. ``given`` are the entities that a mutation's arguments name.
    """

    owner: Ref | None
    on: str
    field: Field
    value: Any
    given: tuple[Ref, Ref] | None = None


@dataclass(frozen=True)
class Edge:
    """An edge of a connection, which shows the entity that it leads to only as its ``node``."""

    to: Ref


Trace = Mapping[Path, Met]
"""Each field of an answer by its path."""


class Origin:
    """Answers operations from ``data``, which mutations change."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self.schema: GraphQLSchema = build_schema(data.shop.sdl)

    def run(
        self, text: str, variables: Mapping[str, Any], name: str | None = None
    ) -> tuple[dict[str, Any], Trace]:
        """The response, and what it was made of: of what an error took away, too."""
        trace: dict[Path, Met] = {}

        def resolve(source: Any, info: GraphQLResolveInfo, **given: Any) -> Any:
            name, on = info.field_name, info.parent_type.name
            owner = source if isinstance(source, Ref | Part) else None
            path = tuple(info.path.as_list())
            if on == "Mutation":
                mutation = self.data.shop.mutations[name]
                own = Field(name, str(info.return_type), Kind.PAYLOAD)
                # One that fails leaves nothing else.
                trace[path] = Met(None, on, own, None, about(mutation, given))
                value = mutate(self.data, mutation, given)
            else:
                value = self.data.resolve(owner, name, given)
                own = self.data.field_of(owner, name)
            entity = owner.owner if isinstance(owner, Part) else owner
            asked = trace[path].given if path in trace else None
            trace[path] = Met(entity, on, own, _remembered(value), asked)
            return value

        result = execute_sync(
            self.schema,
            _parsed(text),
            variable_values=dict(variables),
            operation_name=name,
            field_resolver=resolve,
            type_resolver=lambda value, *_: value.type,
        )
        return result.formatted, trace


@lru_cache(maxsize=1_000)
def _parsed(text: str) -> DocumentNode:
    return parse(text)


def _remembered(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_remembered, value))
    if isinstance(value, Part):
        return value.type if value.means is None else Edge(value.means)
    return "Query" if isinstance(value, Root) else value
