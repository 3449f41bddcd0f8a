"""Validation by graphql-core's rules, in a third of the time that its ``validate`` takes.

The rules, their types and their limits are graphql-core's. Only the traversal is not: it asks each
rule just at the nodes that it has a method for, leaves names alone, and stops at the first error.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NoReturn

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    ValidationContext,
    Visitor,
    assert_valid_schema,
)
from graphql.language import SKIP, FragmentSpreadNode, Node, SelectionSetNode
from graphql.language.ast import QUERY_DOCUMENT_KEYS
from graphql.validation import ASTValidationRule
from graphql.validation.validate import FragmentNestingVisitor, ValidationAbortedError
from graphql.validation.validation_context import VariableUsage, VariableUsageVisitor

_CHILDREN: Final[Mapping[str, tuple[str, ...]]] = {
    kind: tuple(key for key in keys if key not in ("alias", "name", "description"))
    for kind, keys in QUERY_DOCUMENT_KEYS.items()
}
"""By kind the attributes that hold nodes. No rule looks at names by themselves."""


def first_error(
    schema: GraphQLSchema, document: DocumentNode, rules: Collection[type[ASTValidationRule]]
) -> GraphQLError | None:
    """The first of the errors that ``validate(schema, document, rules)`` reports.

    Raises:
        TypeError: the schema is not valid, and not known to be (``assume_valid``).
    """
    assert_valid_schema(schema)
    types = TypeInfo(schema)
    context = _Context(schema, document, types, _stop)
    visitors: list[Visitor] = [rule(context) for rule in rules]
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    if fragments:
        visitors.insert(0, FragmentNestingVisitor(fragments))
    try:
        _Traversal(visitors, types).visit(document, None)
    except _Found as found:
        return found.error
    except ValidationAbortedError as error:
        return error.with_traceback(None)
    except RecursionError:
        return ValidationAbortedError("Validation aborted.")
    return None


class _Found(Exception):
    """The first error."""

    def __init__(self, error: GraphQLError) -> None:
        super().__init__()
        self.error = error


def _stop(error: GraphQLError) -> NoReturn:
    raise _Found(error)


class _Context(ValidationContext):
    """What the rules share. Found by identity: graphql-core hashes whole trees to find it."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        types: TypeInfo,
        on_error: Callable[[GraphQLError], None],
    ) -> None:
        super().__init__(schema, document, types, on_error)
        self._types = types
        self._spreads: dict[int, list[FragmentSpreadNode]] = {}
        self._usages: dict[int, list[VariableUsage]] = {}
        self._recursive: dict[int, list[VariableUsage]] = {}

    def get_fragment_spreads(self, node: SelectionSetNode) -> list[FragmentSpreadNode]:
        found = self._spreads.get(id(node))
        if found is None:
            found = self._spreads[id(node)] = super().get_fragment_spreads(node)
        return found

    def get_variable_usages(
        self, node: OperationDefinitionNode | FragmentDefinitionNode
    ) -> list[VariableUsage]:
        found = self._usages.get(id(node))
        if found is None:
            visitor = VariableUsageVisitor(self._types)
            _Traversal([visitor], self._types).visit(node, None)
            found = self._usages[id(node)] = visitor.usages
        return found

    def get_recursive_variable_usages(
        self, operation: OperationDefinitionNode
    ) -> list[VariableUsage]:
        found = self._recursive.get(id(operation))
        if found is None:
            found = super().get_recursive_variable_usages(operation)
            self._recursive[id(operation)] = found
        return found


class _Traversal:
    """One walk through a tree with several visitors and the types of what they see.

    The same as graphql-core's ``visit`` with ``TypeInfoVisitor`` and ``ParallelVisitor``, for
    visitors that change nothing and use neither key nor path.
    """

    def __init__(self, visitors: Sequence[Visitor], types: TypeInfo) -> None:
        self._visitors = visitors
        self._types = types
        self._classes = tuple(map(type, visitors))
        self._skipping = [False] * len(visitors)
        self._ancestors: list[object] = []
        self._by_kind: dict[str, tuple[Any, ...]] = {}

    def visit(self, node: Node, parent: object) -> None:
        """Visit a node and all below it. ``parent`` is the node or the tuple that holds it."""
        kind = node.kind
        methods = self._by_kind.get(kind)
        if methods is None:
            methods = self._by_kind[kind] = self._methods(kind)
        enter_types, enters, children, leaves, leave_types = methods
        ancestors, skipping = self._ancestors, self._skipping
        skipped: list[int] | None = None
        if enter_types is not None:
            enter_types(node)
        for number, method in enters:
            if not skipping[number]:
                result = method(node, None, parent, None, ancestors)
                if result is not None:
                    _only_skips(result)
                    skipping[number] = True
                    skipped = [*(skipped or ()), number]
        if parent is not None:
            ancestors.append(parent)
        for name in children:
            child = getattr(node, name)
            if child.__class__ is tuple:
                ancestors.append(node)
                for element in child:
                    self.visit(element, child)
                ancestors.pop()
            elif child is not None:
                self.visit(child, node)
        if parent is not None:
            ancestors.pop()
        for number, method in leaves:
            if not skipping[number]:
                result = method(node, None, parent, None, ancestors)
                if result is not None:
                    _only_skips(result)
        if skipped is not None:
            for number in skipped:
                skipping[number] = False
        if leave_types is not None:
            leave_types()

    def _methods(self, kind: str) -> tuple[Any, ...]:
        enters, leaves = (
            [
                (number, getattr(self._visitors[number], name))
                for number, name in _named_methods(self._classes, way, kind)
            ]
            for way in ("enter", "leave")
        )
        enter_types = getattr(self._types, f"enter_{kind}", None)
        leave_types = getattr(self._types, f"leave_{kind}", None)
        return enter_types, enters, _CHILDREN.get(kind, ()), leaves, leave_types


@lru_cache(maxsize=1_000)
def _named_methods(classes: tuple[type, ...], way: str, kind: str) -> tuple[tuple[int, str], ...]:
    """Which visitors ``enter`` or ``leave`` nodes of a kind: by a method for it, or for all."""
    return tuple(
        (number, name)
        for number, class_ in enumerate(classes)
        for name in [f"{way}_{kind}" if hasattr(class_, f"{way}_{kind}") else way]
        if hasattr(class_, name)
    )


def _only_skips(result: object) -> None:
    """A rule that ends its traversal or changes the document is none that this knows."""
    if result is not SKIP and result is not False:
        raise TypeError(f"a validation rule answered {result!r}")
