"""Input types that take what clients in the wild send: numbers for strings, strings for enums.

A tag holds the text of a leaf whatever its GraphQL type, so ``5``, ``"5"`` and an enum meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast

from graphql import (
    BooleanValueNode,
    ConstValueNode,
    EnumValueNode,
    FloatValueNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    IntValueNode,
    ListValueNode,
    NameNode,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
)

from controller.core.lexemes import Lexeme

_LEAVES = (StringValueNode, IntValueNode, FloatValueNode, EnumValueNode)
_BUILT_IN: Final = (GraphQLString, GraphQLID, GraphQLInt, GraphQLFloat)


def text_of(value: object) -> str:
    """A leaf as text.

    Raises:
        GraphQLError: it is none.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float() | Lexeme():
            return str(value)
        case _:
            raise GraphQLError(f"String cannot represent {value!r}: give a text or a number")


# What refuses a literal raises ValueError: the validation knows where the literal stands, and a
# node in which variables were replaced does not.


def _text_of_literal(node: ValueNode) -> str:
    if isinstance(node, BooleanValueNode):
        return text_of(node.value)
    if isinstance(node, _LEAVES):
        return node.value  # the lexeme, so that an id of 24 digits stays as it is
    raise ValueError("give a text or a number")


def _number_of(value: object) -> Lexeme:
    text = text_of(value)
    try:
        finite = not isinstance(value, bool) and Decimal(text).is_finite()
    except InvalidOperation:
        finite = False
    if not finite:
        raise GraphQLError(f"{value!r} is no number")
    return Lexeme(text)


def _number_of_literal(node: ValueNode) -> Lexeme:
    try:
        return _number_of(_text_of_literal(node))
    except GraphQLError as error:
        raise ValueError(error.message) from error


def literal_of(value: object) -> ConstValueNode:
    """A JSON value as a literal, so that a variable can stand inside one.

    Raises:
        TypeError: it is no JSON value.
    """
    match value:
        case None:
            node: ValueNode = NullValueNode()
        case bool():
            node = BooleanValueNode(value=value)
        case str():
            node = StringValueNode(value=value)
        case int():
            node = IntValueNode(value=str(value))
        case float() | Lexeme():
            node = FloatValueNode(value=str(value))
        case list():
            node = ListValueNode(values=tuple(literal_of(item) for item in value))
        case Mapping():
            node = ObjectValueNode(
                fields=tuple(
                    ObjectFieldNode(name=NameNode(value=name), value=literal_of(member))
                    for name, member in value.items()
                )
            )
        case _:
            raise TypeError(f"{value!r} is no JSON value")
    return cast("ConstValueNode", node)


def tolerant_scalars() -> dict[str, GraphQLScalarType]:
    """Types for arguments and variables in the place of the built-in ones, by their names.

    ``put_in_place`` gives them those names. ``Int`` and ``Float`` take any number, of any length.
    """
    texts: tuple[Callable[[Any], Any], Callable[[ValueNode], Any]] = (text_of, _text_of_literal)
    numbers: tuple[Callable[[Any], Any], Callable[[ValueNode], Any]] = (
        _number_of,
        _number_of_literal,
    )
    made = {}
    for built_in in _BUILT_IN:
        by_value, by_literal = numbers if built_in in (GraphQLInt, GraphQLFloat) else texts
        made[built_in.name] = GraphQLScalarType(
            name=f"_{built_in.name}",
            description=built_in.description,
            coerce_input_value=by_value,
            coerce_input_literal=by_literal,
            value_to_literal=literal_of,
        )
    return made


def put_in_place(schema: GraphQLSchema, scalars: Mapping[str, GraphQLScalarType]) -> GraphQLSchema:
    """Give ``scalars`` their names in ``schema``, which is changed.

    graphql-core lets nobody define a ``String`` or call the built-in one otherwise, so the types
    are renamed once the schema is built: introspection, printing and variables then find them.
    """
    for name, scalar in scalars.items():
        del schema.type_map[scalar.name]
        scalar.name = name
        schema.type_map[name] = scalar
    return schema


def arguments_object() -> GraphQLScalarType:
    """``_ArgumentsJSONObject``: the arguments of a field, as an object literal or as JSON.

    Its values are mappings of JSON values, or of nodes without variables.
    """

    def of_value(value: object) -> Mapping[str, object]:
        if isinstance(value, Mapping):
            return value
        raise GraphQLError(f"Arguments are an object, not {value!r}")

    def of_literal(node: ValueNode) -> Mapping[str, object]:
        if isinstance(node, ObjectValueNode):
            return {field.name.value: field.value for field in node.fields}
        raise ValueError("arguments are an object")

    return GraphQLScalarType(
        name="_ArgumentsJSONObject",
        description="The arguments of a query field by name. They have to be all that was passed.",
        coerce_input_value=of_value,
        coerce_input_literal=of_literal,
        value_to_literal=literal_of,
    )


class QueryEnum(GraphQLEnumType):
    """``_QueryEnum``: the fields of the query root, as enum literals or as strings.

    Takes any name: one that the schema does not have is the resolver's to refuse, with its path.
    """

    def coerce_input_literal(
        self,
        value_node: ConstValueNode,
        hide_suggestions: bool = False,  # noqa: ARG002  the base class has it
    ) -> str:
        return _text_of_literal(value_node)

    def coerce_input_value(
        self,
        input_value: object,
        hide_suggestions: bool = False,  # noqa: ARG002  the base class has it
    ) -> str:
        return text_of(input_value)

    def value_to_literal(self, value: object) -> ConstValueNode:
        return literal_of(value)


def query_enum(names: Iterable[str]) -> QueryEnum | None:
    """The enum of these fields; None if none of them can be an enum value (GraphQL, 3.9)."""
    values = {
        name: name
        for name in names
        if not name.startswith("__") and name not in ("true", "false", "null")
    }
    return QueryEnum("_QueryEnum", values, description="Fields of Query.") if values else None
