"""The root types by the names that the config gives them (``rootTypeNames``).

The schema decides what the roots are. The config's names are other names for them, so that rules
can be written before the schema is known, or for ``Query`` where the schema says ``query_root``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from graphql import GraphQLSchema, OperationType

from controller.core.policy import Policy, Rule

RootNames = Mapping[OperationType, str]

USUAL: Final[RootNames] = {
    OperationType.QUERY: "Query",
    OperationType.MUTATION: "Mutation",
    OperationType.SUBSCRIPTION: "Subscription",
}
"""The names of roots where neither schema nor config names others (GraphQL, section 3.3)."""


def schema_name(schema: GraphQLSchema, names: RootNames, name: str) -> str:
    """What the schema calls the type that the config calls ``name``.

    Another word for a root only where ``names`` names that root and no type has this very name.
    """
    if schema.get_type(name) is None:
        for kind, given in names.items():
            root = schema.get_root_type(kind)
            if root is not None and name in (given, USUAL[kind]):
                return root.name
    return name


def in_schema_names(policy: Policy, schema: GraphQLSchema) -> Policy:
    """``policy`` with every type by the name that the schema has for it."""
    if not policy.root_names:
        return policy

    def renamed(coordinate: str) -> str:
        type_name, dot, field = coordinate.partition(".")
        return schema_name(schema, policy.root_names, type_name) + dot + field

    field_types: dict[str, tuple[str, ...]] = {}
    for coordinate, names in policy.field_types.items():
        field_types[renamed(coordinate)] = (*field_types.get(renamed(coordinate), ()), *names)
    return replace(
        policy,
        rules=tuple(_renamed_rule(rule, policy.root_names, schema) for rule in policy.rules),
        non_cacheable=frozenset(map(renamed, policy.non_cacheable)),
        field_types=field_types,
    )


def _renamed_rule(rule: Rule, names: RootNames, schema: GraphQLSchema) -> Rule:
    types: dict[str, frozenset[str] | None] = {}
    for written, fields in rule.types.items():
        name = schema_name(schema, names, written)
        before = types.get(name, frozenset())
        types[name] = None if fields is None or before is None else before | fields
    return replace(rule, types=types)


def contradicted(schema: GraphQLSchema, names: RootNames) -> Iterator[tuple[OperationType, str]]:
    """The roots that the schema names otherwise, or does not have, with its own word for them."""
    for kind, given in names.items():
        root = schema.get_root_type(kind)
        if root is None or root.name != given:
            yield kind, root.name if root is not None else "none"
