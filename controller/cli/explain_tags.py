"""What an operation is tagged with before there is data, and what its intent purges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from controller.brain import Brain
from controller.cli.explain_free import free_mutations_purge
from controller.cli.explained import ShownPurge, ShownTags
from controller.core.arguments import root_field_arguments
from controller.core.layout import Layout
from controller.core.mutation import Unknown, purge_for_mutation
from controller.core.operation import Operation
from controller.core.tags import (
    list_tag,
    operation_tag,
    root_field_arguments_tag,
    root_field_tag,
    service_tag,
    type_tag,
    unidentified_tag,
)
from controller.core.verdict import CacheableQuery


def query_tags(brain: Brain, verdict: CacheableQuery, layout: Layout) -> ShownTags:
    """The tags of every answer to a query, by category; those of types as far as it holds them."""
    assert brain.index is not None
    operation = verdict.operation
    types = [name for name in sorted(verdict.decision.types) if not brain.index.is_root(name)]
    roots = [found for found in layout.root_fields.values() if found.field is not None]
    arguments = [
        root_field_arguments_tag(root.name, written)
        for root in roots
        if root.field is not None
        for written in root_field_arguments(
            root.field, root.nodes[0], operation.definition, verdict.values
        )
    ]
    declared = [
        tag
        for name in sorted(layout.declared)
        for tag in (type_tag(name), list_tag(name), unidentified_tag(name))
    ]
    return ShownTags(
        service=(service_tag(brain.policy.service),),
        types=tuple(map(type_tag, types)),
        declared=tuple(declared),
        root_fields=_once(root_field_tag(root.name) for root in roots),
        root_field_arguments=_once(arguments),
        operation=(operation_tag(operation.name),) if operation.name is not None else (),
    )


def mutations_purge(
    brain: Brain, operations: Sequence[Operation], *, everything: bool = False
) -> ShownPurge:
    """What these mutations could touch: the intent that is recorded before they go out."""
    if brain.index is None:
        return free_mutations_purge(brain, operations, everything=everything)
    found = [purge_for_mutation(brain.index, one, None, Unknown()) for one in operations]
    tags = sorted({tag for purge in found for tag in purge.tags})

    def of(kind: str) -> tuple[str, ...]:
        return tuple(tag for tag in tags if tag.startswith(f"{kind}:"))

    unnamed = _once(name for purge in found for name in purge.unnamed)
    return ShownPurge(of("type"), of("list"), of("null"), unnamed, everything)


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
