"""The arguments of a root field as canonical JSON, for the tag that names them.

Sorted member names, ASCII escapes, no spaces, and every leaf but null a string: in tags ``5``,
``"5"`` and an enum meet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from graphql import (
    FieldNode,
    GraphQLField,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
)
from graphql.type import GraphQLArgument

_MISSING: Final = object()


def canonical_arguments(arguments: Mapping[str, object]) -> str:
    """Arguments as the Purging API gets them, or nodes of a document without variables."""
    return _written(arguments, {})


def root_field_arguments(
    field: GraphQLField,
    node: FieldNode,
    definition: OperationDefinitionNode,
    variables: Mapping[str, object],
) -> tuple[str, ...]:
    """The forms under which a purge can name these arguments: as passed, and with the schema's
    defaults for those that were not.
    """
    known = {
        v.variable.name.value: v.default_value
        for v in definition.variable_definitions or ()
        if v.default_value is not None
    } | dict(variables)
    passed: dict[str, object] = {a.name.value: a.value for a in node.arguments or ()}
    passed = {name: value for name, value in passed.items() if _known(value, known)}
    filled = {
        name: _default(argument) for name, argument in field.args.items() if name not in passed
    }
    complete = passed | {n: value for n, value in filled.items() if value is not _MISSING}
    return tuple(dict.fromkeys((_written(passed, known), _written(complete, known))))


def _default(argument: GraphQLArgument) -> object:
    """As written in SDL or introspection: a literal; in code it may be a plain value."""
    default = argument.default
    if default is None:
        return _MISSING
    return default.literal if default.literal is not None else default.value


class _Text(str):
    """JSON that is already written."""

    __slots__ = ()


def _written(value: object, variables: Mapping[str, object]) -> str:
    """Iterative: a client's variables nest as deep as it likes."""
    out: list[str] = []
    stack: list[object] = [value]
    while stack:
        item = _resolved(stack.pop(), variables)
        if isinstance(item, _Text):
            out.append(item)
        elif isinstance(item, Mapping):
            out.append("{")
            stack.append(_Text("}"))
            stack.extend(_object(item, variables))
        elif isinstance(item, list | tuple):
            out.append("[")
            stack.append(_Text("]"))
            for position in range(len(item) - 1, -1, -1):
                stack.append(item[position])
                if position:
                    stack.append(_Text(","))
        else:
            out.append(_leaf(item))
    return "".join(out)


def _object(item: Mapping[str, object], variables: Mapping[str, object]) -> list[object]:
    """The parts between the braces, last first. A member whose variable is missing is left out."""
    parts: list[object] = []
    present = sorted((name for name in item if _known(item[name], variables)), reverse=True)
    for name in present:
        parts += [item[name], _Text(json.dumps(name) + ":"), _Text(",")]
    return parts[:-1]


def _known(value: object, variables: Mapping[str, object]) -> bool:
    return not isinstance(value, VariableNode) or value.name.value in variables


def _resolved(value: object, variables: Mapping[str, object]) -> object:
    """A node of the document as the JSON value it means."""
    if isinstance(value, VariableNode):
        value = variables.get(value.name.value)
    if isinstance(value, ListValueNode):
        return list(value.values)
    if isinstance(value, ObjectValueNode):
        return {field.name.value: field.value for field in value.fields}
    if isinstance(value, NullValueNode):
        return None
    if isinstance(value, ValueNode):
        return getattr(value, "value", None)
    return value


def _leaf(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return '"true"' if value else '"false"'
    return json.dumps(value if isinstance(value, str) else str(value))
