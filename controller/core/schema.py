"""The schema as the core asks it: possible types, key fields, root types."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

from graphql import (
    GraphQLAbstractType,
    GraphQLCompositeType,
    GraphQLObjectType,
    GraphQLSchema,
    is_abstract_type,
    lexicographic_sort_schema,
    print_schema,
)
from graphql.type import (
    GraphQLInterfaceType,
    GraphQLNamedType,
    get_named_type,
)

from controller.core.direct import keyed_by_templates
from controller.core.hints import read_hints
from controller.core.identifying import identifies
from controller.core.policy import Key, Policy
from controller.core.roots import in_schema_names


class SchemaIndex:
    """A schema together with the policy's key fields.

    ``digest`` identifies schema and policy together: it is part of every canonical key, so an
    object tagged under other rules can never be hit. ``key_names`` are all names of key fields.
    ``policy`` names every type as the schema does.
    """

    def __init__(self, schema: GraphQLSchema, policy: Policy) -> None:
        self.schema = schema
        self.policy = policy = keyed_by_templates(in_schema_names(policy, schema), schema)
        self.hints = read_hints(schema)
        # print_schema prints no applied directives.
        printed = print_schema(lexicographic_sort_schema(schema)) + self.hints.text()
        self.digest = hashlib.sha256(f"{policy.digest}\n{printed}".encode()).hexdigest()[:16]
        self.key_names = frozenset(
            name
            for keys in (policy.default_keys, *policy.key_fields.values())
            for key in keys
            for name in key
        )
        self._keys: dict[str, tuple[Key, ...]] = {}
        self._payloads = _payloads(schema)
        self.applies = lru_cache(maxsize=65_536)(self._applies)
        self.possible_names = lru_cache(maxsize=65_536)(self._possible_names)

    def possible_types(self, type_: GraphQLCompositeType) -> tuple[GraphQLObjectType, ...]:
        """The object types a value of this static type can have."""
        if is_abstract_type(type_):
            return tuple(self.schema.get_possible_types(type_))
        assert isinstance(type_, GraphQLObjectType)
        return (type_,)

    def named(self, name: str) -> GraphQLCompositeType | None:
        """The object, interface or union of this name."""
        type_ = self.schema.get_type(name)
        if isinstance(type_, GraphQLObjectType) or is_abstract_type(type_):
            return type_
        return None

    def object_type(self, name: str) -> GraphQLObjectType | None:
        """The object type of this name."""
        type_ = self.schema.get_type(name)
        return type_ if isinstance(type_, GraphQLObjectType) else None

    def keys(self, type_: GraphQLObjectType | GraphQLInterfaceType) -> tuple[Key, ...]:
        """The alternative keys of a type; empty for a value type (Money, PageInfo).

        Only leaf fields that need no arguments can identify anything. A root is no entity, even
        where it has an id (PostGraphile's Query is a Node). Nor is a mutation's payload that no
        query can hold: ``DeletePostPayload { id }`` would pass for the Post that it is about.
        """
        if self.is_root(type_.name) or type_.name in self._payloads:
            return ()
        found = self._keys.get(type_.name)
        if found is None:
            wanted = self.policy.key_fields.get(type_.name, self.policy.default_keys)
            found = tuple(
                key for key in wanted if all(identifies(type_.fields.get(name)) for name in key)
            )
            self._keys[type_.name] = found
        return found

    def is_root(self, name: str) -> bool:
        """Whether this type is the query, mutation or subscription root."""
        roots = (
            self.schema.query_type,
            self.schema.mutation_type,
            self.schema.subscription_type,
        )
        return any(root is not None and root.name == name for root in roots)

    def _possible_names(self, name: str) -> frozenset[str]:
        """The names of the object types that a value of the named type can have."""
        type_ = self.named(name)
        return frozenset(t.name for t in self.possible_types(type_)) if type_ else frozenset()

    def _applies(self, condition: str, type_name: str) -> bool:
        """Whether a fragment ``on condition`` holds for the object type ``type_name``."""
        if condition == type_name:
            return True
        abstract = self.schema.get_type(condition)
        type_ = self.schema.get_type(type_name)
        return (
            is_abstract_type(abstract)
            and isinstance(type_, GraphQLObjectType)
            and self.schema.is_sub_type(_abstract(abstract), type_)
        )


def _payloads(schema: GraphQLSchema) -> frozenset[str]:
    """The object types that mutations return and that stand nowhere below the query root."""
    mutation = schema.mutation_type
    returned = [get_named_type(f.type) for f in mutation.fields.values()] if mutation else []
    queried = _reachable(schema, [schema.query_type] if schema.query_type else [])
    names = {name for type_ in returned for name in _members(schema, type_)}
    return frozenset(names - queried)


def _reachable(schema: GraphQLSchema, start: Iterable[GraphQLNamedType]) -> set[str]:
    """The names of the object types that an answer to selections on ``start`` can hold."""
    found: set[str] = set()
    waiting = [name for type_ in start for name in _members(schema, type_)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            type_ = schema.type_map[name]
            assert isinstance(type_, GraphQLObjectType)
            for field in type_.fields.values():
                waiting += _members(schema, get_named_type(field.type))
    return found


def _members(schema: GraphQLSchema, type_: GraphQLNamedType) -> list[str]:
    """The object types that a value of the type can have; none for a leaf."""
    if is_abstract_type(type_):
        return [possible.name for possible in schema.get_possible_types(_abstract(type_))]
    return [type_.name] if isinstance(type_, GraphQLObjectType) else []


def _abstract(type_: object) -> GraphQLAbstractType:
    assert is_abstract_type(type_)
    return type_
