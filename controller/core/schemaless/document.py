"""What a document says by itself: its text as a whole, its root fields, the types it names.

Without a schema nobody can tell whether an operation that was not selected makes the document
invalid, so the whole document is the key and goes to the origin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    InlineFragmentNode,
    build_schema,
    print_ast,
    strip_ignored_characters,
    validate,
)
from graphql.language import FragmentSpreadNode, SelectionSetNode
from graphql.validation import (
    ExecutableDefinitionsRule,
    KnownFragmentNamesRule,
    LoneAnonymousOperationRule,
    NoFragmentCyclesRule,
    NoUndefinedVariablesRule,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    UniqueArgumentNamesRule,
    UniqueFragmentNamesRule,
    UniqueInputFieldNamesRule,
    UniqueOperationNamesRule,
    UniqueVariableNamesRule,
)

from controller.core.operation import Operation, Refusal
from controller.core.reach import left_out

_NO_TYPES: Final = build_schema("type Query { nothing: Int }")
_RULES: Final = (
    ExecutableDefinitionsRule,
    UniqueOperationNamesRule,
    LoneAnonymousOperationRule,
    UniqueFragmentNamesRule,
    KnownFragmentNamesRule,
    NoFragmentCyclesRule,
    NoUnusedFragmentsRule,
    UniqueVariableNamesRule,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    UniqueArgumentNamesRule,
    UniqueInputFieldNamesRule,
)
"""The rules of the specification's section 5 that ask no schema."""


@dataclass(frozen=True, slots=True)
class Named:
    """What an operation names. ``roots`` are the fields of its root, ``typed`` the fields selected
    right under each type condition, ``fields`` all field names. Introspection is left out;
    ``introspection`` says that there was some.
    """

    roots: frozenset[str]
    typed: Mapping[str, frozenset[str]]
    fields: frozenset[str]
    introspection: bool


def whole_operation(operation: Operation, parsed: DocumentNode) -> Operation | Refusal:
    """``operation`` with the text of all of ``parsed``: its own text, then what it does not use."""
    own = {id(operation.definition), *map(id, operation.fragments.values())}
    rest = [node for node in parsed.definitions if id(node) not in own]
    if not rest:
        return operation
    try:
        parts = [operation.text, *map(print_ast, rest)]
        return replace(operation, text=strip_ignored_characters("\n".join(parts)))
    except RecursionError as error:
        return Refusal("unparsable-document", str(error))


def invalid(parsed: DocumentNode) -> str | None:
    """Why a document is invalid under any schema."""
    errors = validate(_NO_TYPES, parsed, _RULES, max_errors=1)
    return errors[0].message if errors else None


def named(operation: Operation, below: Iterable[SelectionSetNode] | None = None) -> Named:
    """What ``operation`` names, or the selections ``below`` some field of it. Linear in the
    document: each fragment is entered at most twice.
    """
    roots: set[str] = set()
    typed: dict[str, set[str]] = {}
    fields: set[str] = set()
    introspection = False
    spread: set[tuple[str, bool]] = set()
    tops = [operation.definition.selection_set] if below is None else below
    waiting: list[tuple[SelectionSetNode, str | None, bool]] = [
        (top, None, below is None) for top in tops
    ]
    while waiting:
        top, condition, root = waiting.pop()
        for node in top.selections:
            if left_out(node):
                continue
            if isinstance(node, FieldNode):
                name = node.name.value
                if name.startswith("__"):
                    introspection = introspection or (root and name != "__typename")
                    continue
                fields.add(name)
                if root:
                    roots.add(name)
                if condition is not None:
                    typed.setdefault(condition, set()).add(name)
                if node.selection_set is not None:
                    waiting.append((node.selection_set, None, False))
            elif isinstance(node, InlineFragmentNode):
                on = node.type_condition.name.value if node.type_condition else condition
                waiting.append((node.selection_set, on, root))
            elif isinstance(node, FragmentSpreadNode):
                definition = operation.fragments.get(node.name.value)
                if definition is not None and (node.name.value, root) not in spread:
                    spread.add((node.name.value, root))
                    on = definition.type_condition.name.value
                    waiting.append((definition.selection_set, on, root))
    return Named(
        roots=frozenset(roots),
        typed={name: frozenset(found) for name, found in typed.items()},
        fields=frozenset(fields),
        introspection=introspection,
    )
