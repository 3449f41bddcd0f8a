"""The values that stand at one place of a field's arguments, as an origin's resolver gets them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from graphql import GraphQLField, OperationDefinitionNode, VariableNode
from graphql.language import FieldNode

from controller.core.arguments import (
    defaults,
    fields_of,
    known_variables,
    nullable,
    number_text,
    plain,
)
from controller.core.lexemes import Lexeme

Forms = tuple[str, ...]
"""One leaf in each text by which a key can name it: ``5.0`` in a variable can mean the id ``5``."""

_NOTHING: Final = object()


class NoValue(Exception):
    """Something on the way is null, missing, or no leaf at its end."""


def values_in_arguments(
    field: GraphQLField,
    node: FieldNode,
    definition: OperationDefinitionNode,
    variables: Mapping[str, object],
    path: Sequence[str],
) -> list[Forms]:
    """The leaves at ``path`` (argument, then input fields), variables and defaults resolved.

    A list on the way stands for each of its elements; an empty one for nothing.

    Raises:
        NoValue: the arguments name nothing there.
    """
    known = known_variables(definition, variables)
    passed = {a.name.value: a.value for a in node.arguments or ()}
    found: list[tuple[object, object]] = [(passed, field.args)]
    for name in path:
        found = [
            _member(value, type_, name, known)
            for place in found
            for value, type_ in _elements(*place, known)
        ]
    leaves = [value for place in found for value, _ in _elements(*place, known)]
    return [_forms(value) for value in leaves]


def values_in_result(value: object, keys: Sequence[Sequence[str]]) -> list[Forms]:
    """The leaves in a part of an answer. ``keys``: per step the members it may stand under.

    Raises:
        NoValue: the answer does not tell them.
    """
    found = list(_flat(value))
    for names in keys:
        found = [inner for each in found for inner in _flat(_first(each, names))]
    return [_forms(value) for value in found]


def _first(value: object, names: Sequence[str]) -> object:
    if isinstance(value, Mapping):
        for name in names:
            if name in value:
                return value[name]
    raise NoValue


def _flat(value: object) -> Iterator[object]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value))
        else:
            yield value


def _elements(
    value: object, type_: object, variables: Mapping[str, object]
) -> Iterator[tuple[object, object]]:
    """A value, or the elements of the list it is. Iterative: variables nest deep."""
    waiting = [(value, type_)]
    while waiting:
        value, type_ = waiting.pop()
        value, type_ = plain(value, variables), nullable(type_)
        inner = getattr(type_, "of_type", type_)
        if isinstance(value, list):
            waiting.extend((element, inner) for element in reversed(value))
        else:
            yield value, inner


def _member(
    value: object, type_: object, name: str, variables: Mapping[str, object]
) -> tuple[object, object]:
    if not isinstance(value, Mapping):
        raise NoValue
    fields = fields_of(nullable(type_))
    member = value.get(name, _NOTHING)
    if isinstance(member, VariableNode) and member.name.value not in variables:
        member = _NOTHING  # as if it were not there (GraphQL specification, 6.4.1)
    if member is not _NOTHING:
        return member, getattr(fields.get(name), "type", None)
    for known, default in defaults(fields):
        if known == name:
            return default.value, default.type
    raise NoValue


def _forms(value: object) -> Forms:
    match value:
        case str():
            return (value,)
        case bool():
            return ("true" if value else "false",)
        case int():
            return (str(value),)
        case Lexeme():
            return tuple(dict.fromkeys((value.text, number_text(value.text))))
        case _:  # a float has lost digits, perhaps
            raise NoValue
