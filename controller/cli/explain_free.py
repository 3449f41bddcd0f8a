"""What ``shellac explain`` says without a schema: what the document tells, and what it leaves open.

The types are in the answer, so the outcome is "perhaps cached" wherever an answer can forbid it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.brain import Brain
from controller.cli.explained import (
    LeftToTheAnswer,
    OpenRule,
    Outcome,
    ShownPurge,
    ShownTags,
)
from controller.core.arguments import passed_arguments
from controller.core.mutation import Unknown
from controller.core.operation import Operation
from controller.core.policy import PUBLIC, Policy
from controller.core.ruled import RuledType
from controller.core.schemaless.answer import declared_types
from controller.core.schemaless.document import named
from controller.core.schemaless.known import KnownTypes
from controller.core.schemaless.layout import FreeLayout
from controller.core.schemaless.mutation import free_purge_for_mutation
from controller.core.schemaless.ruled import named_types_ruled
from controller.core.schemaless.rules import left_to_answer, non_cacheable_by_answer
from controller.core.tags import (
    list_tag,
    operation_tag,
    root_field_arguments_tag,
    root_field_tag,
    service_tag,
    type_tag,
)
from controller.core.verdict import CacheableQuery


def free_types(policy: Policy, operation: Operation) -> tuple[RuledType, ...]:
    """The types that the document itself names."""
    return named_types_ruled(policy, named(operation))


def left_open(policy: Policy, operation: Operation) -> LeftToTheAnswer:
    """What only the answer can decide."""
    says = named(operation)
    entries: dict[int, dict[str, None]] = {}
    for rule, entry in left_to_answer(policy, operation, says):
        entries.setdefault(rule.index, {})[entry] = None
    rules = [rule for rule in policy.rules if rule.index in entries]
    return LeftToTheAnswer(
        rules=tuple(
            OpenRule(f"rules[{r.index}]", r.max_age, r.swr, r.scope, tuple(entries[r.index]))
            for r in rules
        ),
        non_cacheable=non_cacheable_by_answer(policy, says),
    )


def free_outcome(found: LeftToTheAnswer) -> Outcome:
    """How much is certain of a query that may be cached."""
    return "perhaps cached" if found.rules or found.non_cacheable else "cached"


def free_notes(verdict: CacheableQuery, found: LeftToTheAnswer) -> Iterator[str]:
    """What a reader has to know of the figures."""
    yield "there is no schema: types are known, and tagged, where an answer names them"
    if not found.rules:
        return
    if verdict.decision.matched:
        yield "maxAge and swr are the longest there can be: the rules left open can shorten them"
    else:
        yield (
            "no rule matches for certain: it is stored only if the answer shows what one of the "
            "rules left open names; maxAge and swr are the longest of those"
        )
    scopes = {rule.scope for rule in found.rules} - {PUBLIC} - verdict.decision.scopes
    if scopes:
        yield (
            f"an answer can show further scopes ({', '.join(sorted(scopes))}): the first that does "
            "is not stored, and the key is another from then on"
        )


def free_query_tags(policy: Policy, verdict: CacheableQuery, layout: FreeLayout) -> ShownTags:
    """The tags of every answer to a query, by category."""
    operation = verdict.operation
    nodes = [
        selected.nodes[0]
        for selected in layout.root_fields.values()
        if not selected.nodes[0].name.value.startswith("__")
    ]
    arguments = [
        root_field_arguments_tag(
            node.name.value, passed_arguments(node, operation.definition, verdict.values)
        )
        for node in nodes
    ]
    declared = [
        tag
        for name in sorted(declared_types(policy, layout))
        for tag in (type_tag(name), list_tag(name))
    ]
    return ShownTags(
        service=(service_tag(policy.service),),
        types=(),
        declared=tuple(declared),
        root_fields=tuple(dict.fromkeys(root_field_tag(node.name.value) for node in nodes)),
        root_field_arguments=tuple(dict.fromkeys(arguments)),
        operation=(operation_tag(operation.name),) if operation.name is not None else (),
    )


def free_mutations_purge(
    brain: Brain, operations: Sequence[Operation], *, everything: bool
) -> ShownPurge:
    """What these mutations could touch, by the types of the config: a running controller also
    knows those that answers have named.
    """
    known = KnownTypes(brain.policy)
    found = [
        free_purge_for_mutation(brain.policy, one, None, Unknown(), known) for one in operations
    ]
    tags = sorted({tag for purge in found for tag in purge.tags})

    def of(kind: str) -> tuple[str, ...]:
        return tuple(tag for tag in tags if tag.startswith(f"{kind}:"))

    return ShownPurge(
        of("type"),
        of("list"),
        of("null"),
        tuple(dict.fromkeys(name for purge in found for name in purge.unnamed)),
        everything or any(purge.everything for purge in found),
        tuple(tag for tag in tags if ":" not in tag),
    )
