"""An executable definition as text without ignored characters, and where its selections open.

The same text as graphql-core's ``strip_ignored_characters(print_ast(node))``, written in one pass
instead of printing, lexing and joining again; the offsets save reading that text once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import print_ast, strip_ignored_characters
from graphql.language import Node, SelectionSetNode

_PUNCTUATORS: Final = frozenset("!$&().:=@[]{|}")
"""The first characters of punctuators (GraphQL specification, 2.1.8). Other tokens, and a spread
behind one of them, are kept apart by a space.
"""
_Parts = list[Any]
"""Tokens and nodes, in order."""


@dataclass(frozen=True, slots=True)
class Compact:
    """``opened`` maps each selection set, by identity, to the offset behind its brace."""

    text: str
    opened: Mapping[int, int]


def compact(definitions: Iterable[Node]) -> Compact:
    """Definitions of operations and fragments. Iterative: their depth is the client's choice."""
    out: list[str] = []
    opened: dict[int, int] = {}
    length = 0
    after_word = False
    stack: _Parts = list(definitions)[::-1]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            word = part[0] not in _PUNCTUATORS
            if after_word and (word or part == "..."):
                out.append(" ")
                length += 1
            out.append(part)
            length += len(part)
            after_word = word
            continue
        if isinstance(part, SelectionSetNode):
            opened[id(part)] = length + 1
        write = _KINDS.get(part.kind)
        if write is None:
            stack.append(strip_ignored_characters(print_ast(part)))
        else:
            stack += write(part)[::-1]
    return Compact("".join(out), opened)


def _operation(node: Any) -> _Parts:
    variables = _listed("(", node.variable_definitions, ")")
    named = [node.operation.value, *_name(node), *variables, *(node.directives or ())]
    short = named == ["query"] and node.description is None
    return [*_description(node), *([] if short else named), node.selection_set]


def _fragment(node: Any) -> _Parts:
    variables = _listed("(", node.variable_definitions, ")")
    condition = ["on", node.type_condition.name.value]
    head = ["fragment", node.name.value, *variables, *condition, *(node.directives or ())]
    return [*_description(node), *head, node.selection_set]


def _description(node: Any) -> _Parts:
    return [] if node.description is None else [node.description]


def _name(node: Any) -> _Parts:
    return [] if node.name is None else [node.name.value]


def _variable_definition(node: Any) -> _Parts:
    default = [] if node.default_value is None else ["=", node.default_value]
    declared = ["$", node.variable.name.value, ":", node.type, *default]
    return [*_description(node), *declared, *(node.directives or ())]


def _field(node: Any) -> _Parts:
    parts = [node.name.value]
    if node.alias is not None:
        parts = [node.alias.value, ":", *parts]
    if node.arguments:
        parts += _listed("(", node.arguments, ")")
    if node.directives:
        parts += node.directives
    if node.selection_set is not None:
        parts.append(node.selection_set)
    return parts


def _inline_fragment(node: Any) -> _Parts:
    condition = node.type_condition
    on = [] if condition is None else ["on", condition.name.value]
    return ["...", *on, *(node.directives or ()), node.selection_set]


def _listed(opening: str, items: Iterable[Any] | None, closing: str) -> _Parts:
    """Nothing without items, as the grammar has neither ``()`` nor ``f()``."""
    return [opening, *items, closing] if items else []


_KINDS: Final[Mapping[str, Callable[[Any], _Parts]]] = {
    "operation_definition": _operation,
    "fragment_definition": _fragment,
    "variable_definition": _variable_definition,
    "selection_set": lambda node: ["{", *node.selections, "}"],
    "field": _field,
    "inline_fragment": _inline_fragment,
    "fragment_spread": lambda node: ["...", node.name.value, *(node.directives or ())],
    "directive": lambda node: ["@", node.name.value, *_listed("(", node.arguments, ")")],
    "argument": lambda node: [node.name.value, ":", node.value],
    "object_field": lambda node: [node.name.value, ":", node.value],
    "variable": lambda node: ["$", node.name.value],
    "named_type": lambda node: [node.name.value],
    "list_type": lambda node: ["[", node.type, "]"],
    "non_null_type": lambda node: [node.type, "!"],
    "list_value": lambda node: ["[", *node.values, "]"],
    "object_value": lambda node: ["{", *node.fields, "}"],
    "int_value": lambda node: [node.value],
    "float_value": lambda node: [node.value],
    "enum_value": lambda node: [node.value],
    "boolean_value": lambda node: ["true" if node.value else "false"],
    "null_value": lambda _: ["null"],
}
"""Strings are left to graphql-core: it knows how a block string is indented."""
