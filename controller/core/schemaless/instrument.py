"""``__typename`` into every selection of objects below the root that does not select it plainly.

Nothing else: a key field that the type does not have would make an error of the whole answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    OperationType,
    parse,
)
from graphql.language import SelectionSetNode

from controller.core.instrument import (
    PREFIX,
    Insertion,
    Instrumented,
    insert,
    too_much,
)
from controller.core.instrument_source import SourceInstrumented, sourced
from controller.core.layout import MAX_NODES
from controller.core.operation import MAX_TOKENS, Operation, selections
from controller.core.policy import Policy
from controller.core.schemaless.layout import FreeLayout
from controller.core.sites import Fragments, collected_nodes


def instrument_freely(
    policy: Policy, operation: Operation, *, prefix: str = PREFIX
) -> Instrumented[FreeLayout]:
    """The text of ``operation``, the whole document, with type names in its answer."""
    if not _may_instrument(policy, operation, prefix):
        return freely_as_written(policy, operation, prefix=prefix)
    parsed = parse(operation.text, max_tokens=MAX_TOKENS)
    definition = parsed.definitions[0]  # operation.text begins with the operation
    assert isinstance(definition, OperationDefinitionNode)
    fragments = {
        d.name.value: d
        for d in parsed.definitions[1 : 1 + len(operation.fragments)]
        if isinstance(d, FragmentDefinitionNode)
    }
    insertions = _insertions(definition, fragments, prefix)
    if too_much(insertions, operation.text):
        return freely_as_written(policy, operation, prefix=prefix)
    aliases = _aliases(insertions, prefix)
    layout = FreeLayout(policy, operation, aliases)
    return Instrumented(insert(operation.text, insertions), aliases, prefix, layout)


def freely_as_written(
    policy: Policy, operation: Operation, *, prefix: str = PREFIX
) -> Instrumented[FreeLayout]:
    """Nothing injected: types are known where the client asks for them."""
    return Instrumented(operation.text, {}, prefix, FreeLayout(policy, operation, {}))


def instrument_source_freely(
    policy: Policy, operation: Operation, *, prefix: str = PREFIX
) -> SourceInstrumented[FreeLayout]:
    """A mutation's own text with type names in its answer."""

    def missing(
        definition: OperationDefinitionNode, fragments: Fragments
    ) -> tuple[list[Insertion], dict[str, str]]:
        if not _may_instrument(policy, operation, prefix):
            return [], {}
        reached = {name: fragments[name] for name in operation.fragments}
        insertions = _insertions(definition, reached, prefix)
        return insertions, _aliases(insertions, prefix)

    return sourced(operation, missing, lambda a: FreeLayout(policy, operation, a), prefix)


def source_freely_as_written(
    policy: Policy, operation: Operation, *, prefix: str = PREFIX
) -> SourceInstrumented[FreeLayout]:
    """The source as it is, for an origin that refused the probe."""
    layout = FreeLayout(policy, operation, {})
    return SourceInstrumented(operation.source, {}, prefix, layout, (), ("", ""))


def _may_instrument(policy: Policy, operation: Operation, prefix: str) -> bool:
    return (
        policy.instrument
        and not operation.incremental
        and operation.type is not OperationType.SUBSCRIPTION
        and prefix not in operation.source
        and collected_nodes(operation.definition, operation.fragments) <= MAX_NODES
    )


def _insertions(
    definition: OperationDefinitionNode, fragments: Fragments, prefix: str
) -> list[Insertion]:
    found = []
    for part in (definition, *fragments.values()):
        for top in _object_selections(part.selection_set):
            if not any(map(_is_typename, top.selections)):
                assert top.loc is not None
                found.append((top.loc.start + 1, f"{prefix}0:__typename "))
    return sorted(found)


def _object_selections(top: SelectionSetNode) -> Iterator[SelectionSetNode]:
    """What the fields of a selection select, down to the leaves; introspection left out."""
    introspected: set[int] = set()
    for node in selections(top):
        if not isinstance(node, FieldNode) or node.selection_set is None:
            continue
        if node.name.value.startswith("__") or id(node) in introspected:
            introspected.update(map(id, selections(node.selection_set)))
        else:
            yield node.selection_set


def _is_typename(node: object) -> bool:
    """``__typename`` under its own name, whatever the variables say."""
    return (
        isinstance(node, FieldNode)
        and node.name.value == "__typename"
        and node.alias is None
        and not node.directives
    )


def _aliases(insertions: list[Insertion], prefix: str) -> dict[str, str]:
    return {f"{prefix}0": "__typename"} if insertions else {}
