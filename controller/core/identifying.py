"""What can be part of a key."""

from __future__ import annotations

from graphql import GraphQLField, is_leaf_type, is_required_argument
from graphql.type import get_nullable_type


def identifies(field: GraphQLField | None) -> bool:
    """Whether a field can be part of a key: a leaf that needs no arguments."""
    return (
        field is not None
        and is_leaf_type(get_nullable_type(field.type))
        and not any(is_required_argument(argument) for argument in field.args.values())
    )
