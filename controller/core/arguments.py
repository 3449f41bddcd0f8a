"""The arguments of a root field as canonical JSON, for the tag that names them.

Sorted member names, ASCII escapes, no spaces, and every leaf but null a string: in tags ``5``,
``"5"`` and an enum meet, and so do ``1``, ``1.0`` and ``1e0``. Null is not absent: where the schema
has a default, null is what takes its place (GraphQL specification, 6.4.1).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation, Overflow, Underflow
from typing import Final

from graphql import (
    FieldNode,
    FloatValueNode,
    GraphQLField,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
)
from graphql.type import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
)

from controller.core.lexemes import Lexeme

MAX_FILLED: Final = 1_000
"""Defaults that are written inside other defaults. A valid schema has no circle of them (3.10), but
an origin's schema is not validated.
"""


def canonical_arguments(arguments: Mapping[str, object]) -> str:
    """Arguments as the Purging API gets them, or nodes of a document without variables."""
    return _Writer({}, fill=False).written(_Typed(arguments))


def purge_arguments(arguments: Mapping[str, object], field: GraphQLField | None) -> tuple[str, ...]:
    """The forms under which answers have these arguments, where ``field`` is known or not.

    As given, and as the resolver gets them. Without arguments those answers alone are meant for
    which none were passed, so then nothing is filled in.
    """
    forms = [_Writer({}, fill=False).written(_Typed(arguments))]
    if field is not None and arguments:
        forms.append(_Writer({}, fill=True).written(_Typed(arguments, field.args)))
    return tuple(dict.fromkeys(forms))


def root_field_arguments(
    field: GraphQLField,
    node: FieldNode,
    definition: OperationDefinitionNode,
    variables: Mapping[str, object],
) -> tuple[str, ...]:
    """The forms under which a purge can name these arguments.

    As passed; and as the resolver gets them: with the schema's defaults at every depth for what was
    not passed, and one value for a list of one (3.11).
    """
    known = known_variables(definition, variables)
    forms = (
        passed_arguments(node, definition, variables),
        _Writer(known, fill=True).written(_Typed(_passed(node), field.args)),
    )
    return tuple(dict.fromkeys(forms))


def passed_arguments(
    node: FieldNode, definition: OperationDefinitionNode, variables: Mapping[str, object]
) -> str:
    """The arguments as passed, without what only a schema knows."""
    known = known_variables(definition, variables)
    return _Writer(known, fill=False).written(_Typed(_passed(node)))


def _passed(node: FieldNode) -> dict[str, object]:
    return {a.name.value: a.value for a in node.arguments or ()}


@dataclass(frozen=True, slots=True)
class _Typed:
    """A value and what is known of its type: an input type, the members of one, or nothing.

    ``default``: it is the schema's, or part of one.
    """

    value: object
    type: object = None
    default: bool = False


class _Text(str):
    """JSON that is already written."""

    __slots__ = ()


@dataclass(slots=True)
class _Writer:
    """Writes one value. Iterative: a client's variables nest as deep as it likes."""

    variables: Mapping[str, object]
    fill: bool
    filled: int = 0

    def written(self, start: _Typed) -> str:
        out: list[str] = []
        stack: list[_Typed | _Text] = [start]
        while stack:
            item = stack.pop()
            if isinstance(item, _Text):
                out.append(item)
                continue
            value, type_ = plain(item.value, self.variables), nullable(item.type)
            if isinstance(type_, GraphQLList) and not isinstance(value, list) and value is not None:
                value = [value]
            if isinstance(value, Mapping):
                out.append("{")
                stack.append(_Text("}"))
                stack.extend(self._object(value, type_, item.default))
            elif isinstance(value, list):
                element = type_.of_type if isinstance(type_, GraphQLList) else None
                out.append("[")
                stack.append(_Text("]"))
                for position in range(len(value) - 1, -1, -1):
                    stack.append(_Typed(value[position], element, item.default))
                    if position:
                        stack.append(_Text(","))
            else:
                out.append(_leaf(value))
        return "".join(out)

    def _object(
        self, value: Mapping[str, object], type_: object, default: bool
    ) -> list[_Typed | _Text]:
        """The parts between the braces, last first. A member whose variable is missing is left
        out, and may then have a default.
        """
        fields = fields_of(type_)
        members = {
            name: _Typed(member, getattr(fields.get(name), "type", None), default)
            for name, member in value.items()
            if self._known(member)
        }
        if self.fill and self.filled < MAX_FILLED:
            filled = {n: found for n, found in defaults(fields) if n not in members}
            self.filled += len(filled) if default else 0
            members |= filled
        parts: list[_Typed | _Text] = []
        for name in sorted(members, reverse=True):
            parts += [members[name], _Text(json.dumps(name) + ":"), _Text(",")]
        return parts[:-1]

    def _known(self, value: object) -> bool:
        return not isinstance(value, VariableNode) or value.name.value in self.variables


def known_variables(
    definition: OperationDefinitionNode, variables: Mapping[str, object]
) -> dict[str, object]:
    """The variables that have a value: given, or by the operation's default."""
    return {
        v.variable.name.value: v.default_value
        for v in definition.variable_definitions or ()
        if v.default_value is not None
    } | dict(variables)


def plain(value: object, variables: Mapping[str, object]) -> object:
    """A node of the document as the JSON value it means; a number as a ``Lexeme``. Members and
    elements are left as they are.
    """
    if isinstance(value, VariableNode):
        value = variables.get(value.name.value)
    if isinstance(value, ListValueNode | tuple):
        return list(value.values if isinstance(value, ListValueNode) else value)
    if isinstance(value, ObjectValueNode):
        return {field.name.value: field.value for field in value.fields}
    if isinstance(value, NullValueNode):
        return None
    if isinstance(value, IntValueNode | FloatValueNode):
        return Lexeme(value.value)
    if isinstance(value, ValueNode):
        return getattr(value, "value", None)
    return value


def nullable(type_: object) -> object:
    """The type without its exclamation mark."""
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def fields_of(type_: object) -> Mapping[str, GraphQLArgument | GraphQLInputField]:
    """The members of an input object's type, or the arguments themselves."""
    if isinstance(type_, GraphQLInputObjectType):
        fields: Mapping[str, GraphQLInputField] = type_.fields
        return fields
    return type_ if isinstance(type_, Mapping) else {}


def defaults(
    fields: Mapping[str, GraphQLArgument | GraphQLInputField],
) -> Iterator[tuple[str, _Typed]]:
    """As written in SDL or introspection: a literal; in code it may be a plain value."""
    for name, field in fields.items():
        default = field.default
        if default is not None:
            value = default.value if default.literal is None else default.literal
            yield name, _Typed(value, field.type, default=True)


def _leaf(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return '"true"' if value else '"false"'
    if isinstance(value, int | float | Lexeme):
        return json.dumps(number_text(str(value)))
    return json.dumps(value if isinstance(value, str) else str(value))


def number_text(text: str) -> str:
    """One text for all ways to write a number, without losing a digit."""
    if text.isdigit() and (text == "0" or text[0] != "0"):
        return text
    context = Context(prec=len(text), Emax=10**8, Emin=-(10**8))
    try:
        number = context.create_decimal(text)
    except (InvalidOperation, Overflow, Underflow):
        return text
    if not number.is_finite():
        return text
    plain = number.normalize(context) if number else Decimal(0)
    return f"{plain:f}" if -32 < plain.adjusted() < 32 else str(plain)
