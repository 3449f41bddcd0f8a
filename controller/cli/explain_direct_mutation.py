"""What a write purges in a direct profile: by ``tagTemplates``, and why nothing or everything."""

from __future__ import annotations

from collections.abc import Sequence

from controller.brain import Brain
from controller.cli.explained_direct import ChangedType, DirectPurge, MutationField
from controller.core.direct import places, templates_of
from controller.core.direct_purges import type_wide
from controller.core.mutation import Unknown, purge_for_mutation
from controller.core.mutation_types import is_exempt
from controller.core.tags import Purge
from controller.core.verdict import Mutation
from controller.gateway.mutation_purges import root_fields

UNREAD = "it may hold a mutation that cannot be read: everything"
ALONE = "nothing: no controller reads it (direct.controller)"
BYPASSED = "nothing: it carries one of bypassCacheHeaders"
QUERY = "nothing: it is no mutation"


def mutation_purge_of(brain: Brain, writes: Sequence[Mutation], intent: Purge) -> DirectPurge:
    """What these mutations purge. ``intent`` is what is recorded before they go out: all that they
    could touch, in the origin's tags.
    """
    names = tuple(dict.fromkeys(n for write in writes for n in root_fields(brain, write)))
    fields = tuple(MutationField(name, brain.policy.mutation(name)[0]) for name in names)
    if all(is_exempt(brain.policy, name) for name in names):
        return DirectPurge("nothing: policy None", fields)
    tags = tuple(sorted(tag.removeprefix("origin:") for tag in intent.tags))
    if brain.index is None:
        return DirectPurge(_without_schema(intent), fields, (), tags, intent.everything)
    types, unnamed = _changed(brain, writes)
    known = tuple(_type(brain, name) for name in types)
    mapped = tuple(each for each in known if each.entity or each.whole)
    without = tuple(each.name for each in known if not (each.entity or each.whole))
    words = _words(mapped, without, unnamed, everything=intent.everything)
    return DirectPurge(words, fields, mapped, tags, intent.everything, without, unnamed)


def _changed(brain: Brain, writes: Sequence[Mutation]) -> tuple[list[str], tuple[str, ...]]:
    """The types that they can change, and the root fields of which nothing names one."""
    assert brain.index is not None
    found = [purge_for_mutation(brain.index, w.operation, None, Unknown()) for w in writes]
    types = {
        tag.partition(":")[2] for each in found for tag in each.tags if tag.startswith("type:")
    }
    unnamed = dict.fromkeys(name for each in found for name in each.unnamed)
    return sorted(types), tuple(unnamed)


def _type(brain: Brain, name: str) -> ChangedType:
    direct, index = brain.policy.direct, brain.index
    assert direct is not None
    assert index is not None
    texts = templates_of(direct.templates, name, index.schema)
    entity = tuple(text for text in texts if places(text))
    return ChangedType(name, entity, tuple(type_wide(texts)))


def _words(
    types: Sequence[ChangedType],
    without: Sequence[str],
    unnamed: Sequence[str],
    *,
    everything: bool,
) -> str:
    if not types and not everything:
        if without:
            return f"nothing: tagTemplates has nothing for {', '.join(without)}"
        of = f" of {', '.join(unnamed)}" if unnamed else ""
        return f"nothing: neither payload nor name{of} says which type it changes"
    if not types:
        return "everything: no tag of the origin stands for what it changes"
    vague = [each.name for each in types if not each.whole]
    said = "the tags of the entities that its answer names"
    if vague:
        return f"{said}; everything where it is not known which {' or '.join(vague)} it changed"
    return f"{said}; all of a type where it is not known which one it changed"


def _without_schema(intent: Purge) -> str:
    if intent.everything:
        return "what its answer names; everything where it names nothing: there is no schema"
    return "what its answer names: there is no schema that says it ahead of time"
