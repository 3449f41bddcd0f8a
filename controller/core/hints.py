"""``@cacheControl`` in a schema's SDL, as Apollo Server reads it.

https://www.apollographql.com/docs/apollo-server/performance/caching: on object types, interfaces,
unions and fields; ``inheritMaxAge`` overrides ``maxAge`` in the same place. Introspection does not
carry applied directives, so that a schema that was introspected has no hints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from graphql import (
    ConstDirectiveNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    is_composite_type,
)
from graphql.language import (
    BooleanValueNode,
    EnumValueNode,
    IntValueNode,
    NullValueNode,
    StringValueNode,
)

DIRECTIVE: Final = "cacheControl"
LONGEST: Final = 2**31 - 1
"""Seconds; the largest Int of GraphQL (3.5.1)."""
Audience = Literal["PUBLIC", "PRIVATE"]


@dataclass(frozen=True, slots=True)
class Hint:
    """What one place says; None where it says nothing. ``max_age`` is seconds."""

    max_age: int | None = None
    scope: Audience | None = None


@dataclass(frozen=True, slots=True)
class Hints:
    """The hints of a schema: of types by name, of fields by ``Type.field``."""

    types: Mapping[str, Hint] = field(default_factory=dict)
    fields: Mapping[str, Hint] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.types or self.fields)

    def text(self) -> str:
        """One text for the same hints, in whatever order the schema names them."""
        places = sorted([*self.types.items(), *self.fields.items()])
        return "\n".join(f"{place} {hint.max_age} {hint.scope}" for place, hint in places)


def read_hints(schema: GraphQLSchema) -> Hints:
    """Every hint in the SDL that the schema was built from.

    A field of an interface speaks for the fields that implement it, as far as they say nothing.
    """
    types: dict[str, Hint] = {}
    fields: dict[str, Hint] = {}
    for name, type_ in schema.type_map.items():
        if not is_composite_type(type_):
            continue
        nodes = [node for node in (type_.ast_node, *type_.extension_ast_nodes) if node is not None]
        said = _strictest(_hint(d) for node in nodes for d in _directives(node.directives))
        if said != Hint():
            types[name] = said
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for field_name in type_.fields:
                said = _of_field(type_, field_name)
                if said != Hint():
                    fields[f"{name}.{field_name}"] = said
    return Hints(types, fields)


def _of_field(type_: GraphQLObjectType | GraphQLInterfaceType, name: str) -> Hint:
    own = _said_of(type_, name)
    inherited = _strictest(_said_of(interface, name) for interface in type_.interfaces)
    return Hint(
        inherited.max_age if own.max_age is None else own.max_age,
        inherited.scope if own.scope is None else own.scope,
    )


def _said_of(type_: GraphQLObjectType | GraphQLInterfaceType, name: str) -> Hint:
    found = type_.fields.get(name)
    node = found.ast_node if found is not None else None
    return _strictest(map(_hint, _directives(node.directives if node is not None else ())))


def _directives(nodes: Iterable[ConstDirectiveNode] | None) -> list[ConstDirectiveNode]:
    return [node for node in nodes or () if node.name.value == DIRECTIVE]


def _hint(directive: ConstDirectiveNode) -> Hint:
    """One directive; what cannot be understood is taken for the strictest it could mean."""
    arguments = {argument.name.value: argument.value for argument in directive.arguments or ()}
    age, inherit = arguments.get("maxAge"), arguments.get("inheritMaxAge")
    max_age: int | None = None
    inherits = isinstance(inherit, BooleanValueNode) and inherit.value
    if not (age is None or isinstance(age, NullValueNode) or inherits):
        max_age = max(0, min(int(age.value[:12]), LONGEST)) if isinstance(age, IntValueNode) else 0
    named = arguments.get("scope")
    if named is None or isinstance(named, NullValueNode):
        return Hint(max_age)
    word = named.value if isinstance(named, EnumValueNode | StringValueNode) else None
    return Hint(max_age, "PUBLIC" if word == "PUBLIC" else "PRIVATE")


def _strictest(hints: Iterable[Hint]) -> Hint:
    said = list(hints)
    ages = [hint.max_age for hint in said if hint.max_age is not None]
    scopes = [hint.scope for hint in said if hint.scope is not None]
    # PRIVATE comes before PUBLIC.
    return Hint(min(ages, default=None), min(scopes, default=None))
