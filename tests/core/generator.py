"""Random valid operations over any schema, and values for their variables."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    type_from_ast,
    validate,
)
from graphql.language import DocumentNode, OperationType, parse
from graphql.type import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_required_argument,
    is_required_input_field,
)

_SCALARS: dict[str, Any] = {"Int": 3, "Float": 1.5, "Boolean": True, "String": "x", "ID": "id-1"}
_CONDITIONS = [" @include(if: $yes)", " @skip(if: $yes)"]


Values = Callable[[str, Any, random.Random], Any]
"""A JSON value for an argument, from its name and its type."""


@dataclass(frozen=True)
class Written:
    """A document with one operation, and values for the variables that it declares."""

    text: str
    variables: dict[str, Any]


@dataclass
class _Writer:
    schema: GraphQLSchema
    picks: random.Random
    width: int
    values: Values
    optional: float
    fragments: dict[str, str] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    aliases: int = 0

    def selections(self, type_: Any, depth: int, *, root: bool = False) -> str:
        count = self.picks.randint(1, self.width)
        return "{ " + " ".join(self.selection(type_, depth, root) for _ in range(count)) + " }"

    def selection(self, type_: Any, depth: int, root: bool) -> str:
        if self.picks.random() < 0.2 and depth and not root:
            return self.fragment(type_, depth - 1)
        if not root and self.picks.random() < 0.08:
            return "__typename"
        fields = {
            name: f
            for name, f in getattr(type_, "fields", {}).items()
            if depth or not is_composite_type(get_named_type(f.type))
        }
        if is_abstract_type(type_) and depth and (not fields or self.picks.random() < 0.5):
            return self.fragment(type_, depth - 1)
        if not fields:
            return "__typename"
        wanted = [n for n in ("id", "key", "nodes", "edges", "node") if n in fields]
        name = self.picks.choice(wanted if wanted and self.picks.random() < 0.4 else [*fields])
        return self.field(name, fields[name], depth)

    def field(self, name: str, definition: GraphQLField, depth: int) -> str:
        named = get_named_type(definition.type)
        arguments = self.arguments(definition)
        alias = ""
        if arguments or self.picks.random() < 0.3:
            self.aliases += 1
            alias = f"a{self.aliases}: "
        nested = f" {self.selections(named, depth - 1)}" if is_composite_type(named) else ""
        return f"{alias}{name}{arguments}{self.condition()}{nested}"

    def arguments(self, definition: GraphQLField) -> str:
        given = [
            f"{name}: {self.argument(name, argument.type)}"
            for name, argument in definition.args.items()
            if is_required_argument(argument) or self.picks.random() < self.optional
        ]
        return f"({', '.join(given)})" if given else ""

    def argument(self, name: str, type_: Any) -> str:
        value = self.values(name, type_, self.picks)
        if self.picks.random() < 0.5:
            return literal(type_, value)
        name = f"v{len(self.declared)}"
        self.declared[name], self.variables[name] = str(type_), value
        return f"${name}"

    def fragment(self, type_: Any, depth: int) -> str:
        possible = [type_]
        if is_abstract_type(type_):
            possible += self.schema.get_possible_types(type_)
        else:
            possible += type_.interfaces
        on = self.picks.choice(possible)
        body = self.selections(on, depth)
        if self.picks.random() < 0.6:
            return f"... on {on.name}{self.condition()} {body}"
        name = f"F{len(self.fragments)}"
        self.fragments[name] = f"fragment {name} on {on.name} {body}"
        return f"...{name}{self.condition()}"

    def condition(self) -> str:
        if self.picks.random() > 0.1:
            return ""
        self.declared["yes"], self.variables["yes"] = "Boolean!", True
        return self.picks.choice(_CONDITIONS)


def write(
    schema: GraphQLSchema,
    kind: OperationType,
    seed: int,
    *,
    width: int = 6,
    depth: int = 6,
    values: Values = lambda _, type_, picks: input_value(type_, picks),
    optional: float = 0.15,
) -> Written:
    """A valid document that follows from ``seed``: at most ``width`` members in each of at most
    ``depth`` selections below the root's. ``optional`` is the share of such arguments that stand.
    """
    root = schema.get_root_type(kind)
    assert root is not None
    for attempt in range(100):
        picks = random.Random(f"{seed} {attempt}")
        writer = _Writer(schema, picks, picks.randint(2, width), values, optional)
        body = writer.selections(root, picks.randint(min(3, depth), depth), root=True)
        declared = ", ".join(f"${name}: {type_}" for name, type_ in writer.declared.items())
        head = f"{kind.value} Doc{f'({declared})' if declared else ''} "
        text = "\n".join([head + body, *writer.fragments.values()])
        # Members of an abstract type may have fields of one name and several types. Nothing else
        # can be wrong with it.
        if not validate(schema, parse(text), [OverlappingFieldsCanBeMergedRule], max_errors=1):
            return Written(text, writer.variables)
    raise AssertionError("no valid document")


def variables_of(schema: GraphQLSchema, document: DocumentNode, seed: int) -> dict[str, Any]:
    """Values for all variables of the first operation."""
    operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    picks = random.Random(seed)
    return {
        definition.variable.name.value: input_value(type_from_ast(schema, definition.type), picks)
        for definition in operation.variable_definitions or ()
    }


def input_value(type_: Any, picks: random.Random, depth: int = 3) -> Any:
    """A JSON value of an input type."""
    if isinstance(type_, GraphQLNonNull):
        return input_value(type_.of_type, picks, depth)
    if isinstance(type_, GraphQLList):
        return [input_value(type_.of_type, picks, depth)]
    if isinstance(type_, GraphQLEnumType):
        return picks.choice(list(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        return dict(_members(type_, picks, depth))
    return _SCALARS.get(type_.name, "2024-01-01")


def _members(
    type_: GraphQLInputObjectType, picks: random.Random, depth: int
) -> Iterator[tuple[str, Any]]:
    fields = type_.fields
    if type_.is_one_of:
        name = picks.choice(list(fields))
        yield name, input_value(fields[name].type, picks, depth - 1)
        return
    for name, definition in fields.items():
        if is_required_input_field(definition) or (depth > 0 and picks.random() < 0.2):
            yield name, input_value(definition.type, picks, depth - 1)


def literal(type_: Any, value: Any) -> str:
    """A JSON value of an input type as GraphQL text."""
    if isinstance(type_, GraphQLNonNull):
        return literal(type_.of_type, value)
    if isinstance(type_, GraphQLList):
        return f"[{', '.join(literal(type_.of_type, item) for item in value)}]"
    if isinstance(type_, GraphQLInputObjectType):
        fields = type_.fields
        members = (f"{name}: {literal(fields[name].type, item)}" for name, item in value.items())
        return f"{{{', '.join(members)}}}"
    return value if isinstance(type_, GraphQLEnumType) else json.dumps(value)
