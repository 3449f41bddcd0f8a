"""What a document says by itself: its text as a whole, its root fields, the types it names.

Without a schema nobody can tell whether an operation that was not selected makes the document
invalid, so the whole document is the key and goes to the origin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
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

from controller.core.operation import Operation, Refusal, with_text
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


@dataclass(slots=True)
class Block:
    """What stands under one type condition, or none: fields, and fragments under further ones."""

    fields: set[str] = field(default_factory=set)
    nested: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Named:
    """What an operation names. ``roots`` are the fields of its root, ``fields`` all field names,
    ``conditions`` what stands under each type condition. ``objects``: something below the root is
    selected of objects. Introspection is left out; ``introspection`` says that there was some.
    """

    roots: frozenset[str]
    fields: frozenset[str]
    conditions: Mapping[str, tuple[Block, ...]]
    objects: bool
    introspection: bool

    def on(self, type_name: str) -> frozenset[str] | None:
        """The fields selected under conditions on a type, further ones between; None without such.
        An object there is of the type, whatever the further ones ask.
        """
        if type_name not in self.conditions:
            return None
        met: dict[int, Block] = {}
        waiting = [*self.conditions[type_name]]
        while waiting:
            block = waiting.pop()
            if id(block) not in met:
                met[id(block)] = block
                waiting += block.nested
        return frozenset().union(*(block.fields for block in met.values()))


def whole_operation(operation: Operation, parsed: DocumentNode) -> Operation | Refusal:
    """``operation`` with the text of all of ``parsed``: its own text, then what it does not use."""
    own = {id(operation.definition), *map(id, operation.fragments.values())}
    rest = [node for node in parsed.definitions if id(node) not in own]
    if not rest:
        return operation
    try:
        parts = [operation.text, *map(print_ast, rest)]
        return with_text(operation, strip_ignored_characters("\n".join(parts)))
    except RecursionError as error:
        return Refusal("unparsable-document", str(error))


def errors_of(parsed: DocumentNode, most: int) -> list[GraphQLError]:
    """Why a document is invalid under any schema: the first ``most`` reasons."""
    return validate(_NO_TYPES, parsed, _RULES, max_errors=most)


def named(operation: Operation, below: Iterable[SelectionSetNode] | None = None) -> Named:
    """What a valid ``operation`` names, or the selections ``below`` some field of it. Linear in
    the document: each fragment is entered at most twice.
    """
    roots: set[str] = set()
    fields: set[str] = set()
    conditions: dict[str, list[Block]] = {}
    objects = introspection = False
    spread: dict[tuple[str, bool], Block] = {}
    tops = [operation.definition.selection_set] if below is None else below
    waiting = [(top, Block(), below is None) for top in tops]
    while waiting:
        top, block, root = waiting.pop()
        for node in top.selections:
            if left_out(node):
                continue
            if isinstance(node, FieldNode):
                name = node.name.value
                if name.startswith("__"):
                    introspection = introspection or (root and name != "__typename")
                    continue
                fields.add(name)
                block.fields.add(name)
                if root:
                    roots.add(name)
                if node.selection_set is not None:
                    objects = True
                    waiting.append((node.selection_set, Block(), False))
                continue
            nested = Block()
            condition: str | None = None
            if isinstance(node, InlineFragmentNode):
                waiting.append((node.selection_set, nested, root))
                condition = node.type_condition.name.value if node.type_condition else None
            elif isinstance(node, FragmentSpreadNode):
                definition = operation.fragments.get(node.name.value)
                if definition is None:
                    continue
                step = node.name.value, root
                nested = spread.get(step, nested)
                if step not in spread:
                    spread[step] = nested
                    waiting.append((definition.selection_set, nested, root))
                condition = definition.type_condition.name.value
            block.nested.append(nested)
            if condition is not None:
                conditions.setdefault(condition, []).append(nested)
    return Named(
        roots=frozenset(roots),
        fields=frozenset(fields),
        conditions={name: tuple(found) for name, found in conditions.items()},
        objects=objects,
        introspection=introspection,
    )
