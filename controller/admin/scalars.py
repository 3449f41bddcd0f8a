"""A ``String`` that also takes numbers, enum literals and booleans: clients in the wild send them.

A tag holds the text of a leaf whatever its GraphQL type, so ``5``, ``"5"`` and an enum meet.
"""

from __future__ import annotations

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    GraphQLError,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    IntValueNode,
    StringValueNode,
    ValueNode,
    print_ast,
)

_LEAVES = (StringValueNode, IntValueNode, FloatValueNode, EnumValueNode)


def text_of(value: object) -> str:
    """A leaf as text.

    Raises:
        GraphQLError: it is none.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case _:
            raise GraphQLError(f"String cannot represent {value!r}: give a text or a number")


def _text_of_literal(node: ValueNode) -> str:
    if isinstance(node, BooleanValueNode):
        return text_of(node.value)
    if isinstance(node, _LEAVES):
        return node.value  # the lexeme, so that an id of 24 digits stays as it is
    raise GraphQLError(f"String cannot represent {print_ast(node)}", node)


def tolerant_string() -> GraphQLScalarType:
    """The type for arguments; ``named_string`` makes it the schema's ``String``."""
    return GraphQLScalarType(
        name="_String",
        description=GraphQLString.description,
        coerce_input_value=text_of,
        coerce_input_literal=_text_of_literal,
    )


def named_string(schema: GraphQLSchema, tolerant: GraphQLScalarType) -> GraphQLSchema:
    """Give ``tolerant`` its name in ``schema``, which is changed.

    graphql-core lets nobody define a ``String`` or call the built-in one otherwise, so the type is
    renamed once the schema is built: introspection, printing and variables then find it.
    """
    del schema.type_map[tolerant.name]
    tolerant.name = "String"
    schema.type_map["String"] = tolerant
    return schema
