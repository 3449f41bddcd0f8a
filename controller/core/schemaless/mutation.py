"""From a mutation's outcome to what it purges, without a schema.

What the answer names is purged entity by entity, and as a type where it shows no key, or where the
policy is List or Type: which lists there are of a type, only a schema says for sure. A root field
whose answer names nothing purges what earlier answers of this field named, the types of its
fragments, and those of its name, as far as they are known from the config and from answers. An
object that does not say its type can be any entity, and so can what an outcome was that nobody
knows, where nothing speaks of a type: that purges everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller.core.answer import entity_tags_under
from controller.core.mutation import Answered, Later, MutationPurge, NotExecuted, Outcome, Unknown
from controller.core.mutation_types import is_exempt
from controller.core.names import named_types
from controller.core.operation import Operation
from controller.core.policy import Policy, PurgeOperation, PurgeQuery, PurgeTarget, PurgeType
from controller.core.schemaless.known import KnownTypes
from controller.core.schemaless.layout import FreeLayout, Selected
from controller.core.schemaless.tags import UNKNOWN, purge_type_tags, without_key_tag
from controller.core.schemaless.walk import FreeSeen, walk_freely
from controller.core.tags import Tag, null_tag, operation_tag, root_field_tag, unidentified_tag


@dataclass(frozen=True, slots=True)
class FreePurge(MutationPurge):
    """``everything``: nobody knows what the mutation has done, nor what it is about.

    ``met`` are the types that each root field's answer named, by the field's name.
    """

    everything: bool = False
    met: Mapping[str, frozenset[str]] | None = None


def free_purge_for_mutation(
    policy: Policy,
    operation: Operation,
    layout: FreeLayout | None,
    outcome: Outcome,
    known: KnownTypes,
) -> FreePurge:
    """What ``operation`` purges. ``layout`` is that of what was sent (None: sent as written)."""
    if isinstance(outcome, NotExecuted):
        return FreePurge((), ())
    if isinstance(outcome, Later):
        outcome = Unknown(outcome.data)
    layout = layout or FreeLayout(policy, operation, {})
    nothing_heard = isinstance(outcome, Unknown) and outcome.data is None
    tags: set[Tag] = set()
    unnamed = []
    untyped = False
    met: dict[str, frozenset[str]] = {}
    for key, selected in layout.root_fields.items():
        name = selected.nodes[0].name.value
        if name.startswith("__"):
            continue
        seen = _seen(layout, key, selected, outcome)
        met[name] = met.get(name, frozenset()) | seen.types
        if is_exempt(policy, name):
            continue
        found, says = _root_field(policy, key, selected, outcome, seen, known)
        tags |= found
        if not says:
            unnamed.append(name)
        untyped = untyped or seen.untyped
    everything = layout.opaque or untyped or (nothing_heard and bool(unnamed))
    if tags:
        tags.add(UNKNOWN)
    return FreePurge(tuple(sorted(tags)), tuple(dict.fromkeys(unnamed)), everything, met)


def _root_field(
    policy: Policy,
    key: str,
    selected: Selected,
    outcome: Answered | Unknown,
    seen: FreeSeen,
    known: KnownTypes,
) -> tuple[set[Tag], bool]:
    """What one root field purges, and whether anything says what that has to be."""
    certain = isinstance(outcome, Answered) and not seen.unexpected
    if certain and key not in (outcome.data or {}) and not selected.certain:
        return set(), True
    name = selected.nodes[0].name.value
    what, targets = policy.mutation(name)
    tags = {tag for target in targets for tag in _target_tags(target)}
    if what == "None":
        return tags, True
    of_name = named_types(name, known.forms)
    entities = entity_tags_under(policy, seen)
    types = set(seen.unidentified)
    if what in ("Type", "List"):
        types |= entities.keys()
    if not (certain and (entities or targets)):
        conditions = selected.position.below().conditions if selected.position else {}
        types |= known.by_field.get(name, frozenset()) | conditions.keys()
    # An answer that names only others leaves its own type unsaid.
    if not certain or (not targets and of_name.isdisjoint(types | entities.keys())):
        types |= of_name
    tags |= {tag for type_name in types for tag in purge_type_tags(type_name)}
    for type_name, found in entities.items():
        tags |= {*found, unidentified_tag(type_name), null_tag(type_name)}
    tags.update(without_key_tag(*shown) for shown, found in seen.entities.items() if found)
    # What shows no key and was in no answer to a query is a payload's own type.
    return tags, bool(entities or targets or not known.names.isdisjoint(types))


def _target_tags(target: PurgeTarget) -> tuple[Tag, ...]:
    """Of a type all of it: what an argument is made of, only a schema says."""
    match target:
        case PurgeType(type_name):
            return purge_type_tags(type_name)
        case PurgeQuery(name):
            return (root_field_tag(name),)
        case PurgeOperation(name):
            return (operation_tag(name),)


def _seen(
    layout: FreeLayout, key: str, selected: Selected, outcome: Answered | Unknown
) -> FreeSeen:
    value = (outcome.data or {}).get(key)
    if selected.position is None or value is None:
        return FreeSeen()
    return walk_freely(layout, value, selected.position)
