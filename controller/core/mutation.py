"""From a mutation's outcome to what it purges, by the policy of each of its root fields.

Invariant 5: doubt widens the purge. What an answer names is purged entity by entity; a root field
whose answer names nothing purges what its entry in ``mutations`` says, or else the types it can be
about; one without an entry whose answer names none of the types in its own name purges those as
well; when nothing is known about the outcome, all that and every type the mutation selects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from graphql.language import FieldNode

from controller.core.answer import entity_tags
from controller.core.layout import Layout
from controller.core.mutation_entries import named_by
from controller.core.mutation_errors import Path, lost
from controller.core.mutation_types import (
    is_exempt,
    payload_types,
    types_below,
    types_of_name,
    types_selected,
)
from controller.core.operation import Operation, selections
from controller.core.policy import GLOBAL_ID, Key, MutationPolicy
from controller.core.schema import SchemaIndex
from controller.core.shape import Selected
from controller.core.tags import (
    NULL_ID,
    SOME_ID,
    Tag,
    entity_tag,
    id_tag,
    list_tag,
    null_tag,
    type_tag,
    unidentified_tag,
)
from controller.core.walk import Seen, walk


@dataclass(frozen=True, slots=True)
class Answered:
    """The mutation was executed and its answer could be read."""

    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class NotExecuted:
    """A request error: the origin refused the document before it executed anything."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Crash, time-out, ``data: null``, or an answer in doubt, of which ``data`` may be known.

    ``paths``: the doubt is about these places alone, where errors stand; None: about everything.
    """

    data: Mapping[str, object] | None = None
    paths: tuple[Path, ...] | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """What a later part of an answer holds; for the first part all was purged that it leaves open.

    ``data`` is as much of the whole as leads to it.
    """

    data: Mapping[str, object]


Outcome = Answered | NotExecuted | Unknown | Later


@dataclass(frozen=True, slots=True)
class MutationPurge:
    """``unnamed`` are the root fields that purge nothing because nothing names a type."""

    tags: tuple[Tag, ...]
    unnamed: tuple[str, ...]


def purge_for_mutation(
    index: SchemaIndex,
    operation: Operation,
    layout: Layout | None,
    outcome: Outcome,
    variables: Mapping[str, object] = MappingProxyType({}),
) -> MutationPurge:
    """What ``operation`` purges. ``layout`` is that of what was sent (None: sent as written).

    ``Unknown()`` is what it could touch: the intent that is recorded before it goes out.
    """
    if isinstance(outcome, NotExecuted):
        return MutationPurge((), ())
    if index.schema.get_root_type(operation.type) is None:
        return _by_name_alone(index, operation)
    layout = layout or Layout(index, operation, {})
    tags: set[Tag] = set()
    unnamed = []
    for key, selected in layout.root_fields.items():
        if selected.name == "__typename" or is_exempt(index.policy, selected.name):
            continue
        if isinstance(outcome, Later):
            later = _later(index, layout, key, outcome.data)
            if later is None:
                return purge_for_mutation(index, operation, layout, Unknown(), variables)
            tags |= later
            continue
        found = _root_field(index, operation, layout, key, outcome, variables)
        if found is None:
            unnamed.append(selected.name)
        else:
            tags |= found
    return MutationPurge(tuple(sorted(tags)), tuple(dict.fromkeys(unnamed)))


def purge_entity_tags(
    index: SchemaIndex, type_name: str, key: Key, values: Sequence[str]
) -> tuple[Tag, ...]:
    """What a purge of one entity purges: of an interface or union, in each possible type.

    With it go the objects of the type whose key is unknown, and nulls where it could stand.
    """
    tags = [
        tag
        for name in _concrete(index, type_name)
        for tag in (entity_tag(name, key, values), unidentified_tag(name), null_tag(name))
    ]
    if index.policy.global_ids and key == GLOBAL_ID:
        tags.append(id_tag(values[0]))
    return tuple(tags)


def purge_id_tags(value: str) -> tuple[Tag, ...]:
    """What a purge of an entity of unknown type purges, with ``globalIds``."""
    return (id_tag(value), SOME_ID, NULL_ID)


def purge_type_tags(index: SchemaIndex, type_name: str) -> tuple[Tag, ...]:
    """What a purge of a type purges: where it stands, is null, or could join a list."""
    return tuple(
        tag
        for name in _concrete(index, type_name)
        for tag in (type_tag(name), null_tag(name), list_tag(name))
    )


def _by_name_alone(index: SchemaIndex, operation: Operation) -> MutationPurge:
    """For a schema that has no mutations: the origin has newer ones than we know of."""
    parts = (operation.definition, *operation.fragments.values())
    tags = {
        tag
        for part in parts
        for node in selections(part.selection_set)
        if isinstance(node, FieldNode) and not is_exempt(index.policy, node.name.value)
        for name in types_of_name(index, node.name.value)
        for tag in purge_type_tags(index, name)
    }
    roots = operation.definition.selection_set.selections
    unnamed = [node.name.value for node in roots if isinstance(node, FieldNode) and not tags]
    return MutationPurge(tuple(sorted(tags)), tuple(unnamed))


def _root_field(
    index: SchemaIndex,
    operation: Operation,
    layout: Layout,
    key: str,
    outcome: Answered | Unknown,
    variables: Mapping[str, object],
) -> set[Tag] | None:
    """What one root field purges; None: it would have to purge something, and nothing says what."""
    selected = layout.root_fields[key]
    policy, targets = index.policy.mutation(selected.name)
    data = outcome.data or {}
    seen = _seen(layout, key, data)
    missing = _missing(index, operation, selected, key, outcome)
    certain = missing is not None and not seen.unexpected
    if certain and key not in data and not selected.certain:
        return set()
    if not index.policy.failed_mutations_purge and _failed(key, outcome):
        return set()
    tags = _tags_of_targets(index, operation, selected, variables, data.get(key))
    if policy == "None":
        return tags
    tags |= _seen_tags(index, seen, policy)
    types = set(missing or ())
    if not certain or not (seen.keyed or targets):
        types |= payload_types(index, selected.shape.type if selected.shape else None)
    named = types_of_name(index, selected.name)
    # An answer that names only others (``deletePost { user { id } }``) leaves its own type unsaid.
    if not targets and (not certain or named.isdisjoint(types | seen.keyed)):
        types |= named
    if not certain:
        types |= types_selected(index, operation, selected)
    tags |= {tag for name in types for tag in purge_type_tags(index, name)}
    return tags if tags or targets else None


def _later(
    index: SchemaIndex, layout: Layout, key: str, data: Mapping[str, object]
) -> set[Tag] | None:
    """The entities of a root field in a later part; None: they cannot be told."""
    policy, _ = index.policy.mutation(layout.root_fields[key].name)
    if policy == "None" or key not in data:
        return set()
    seen = _seen(layout, key, data)
    return None if seen.unexpected else _seen_tags(index, seen, policy)


def _missing(
    index: SchemaIndex,
    operation: Operation,
    selected: Selected,
    key: str,
    outcome: Answered | Unknown,
) -> set[str] | None:
    """The keyed types of which the answer may have lost something to an error; None: anything may
    be missing.
    """
    if isinstance(outcome, Answered):
        return set()
    if outcome.data is None or outcome.paths is None:
        return None
    types: set[str] = set()
    for path in outcome.paths:
        if path[0] != key:
            continue
        value = outcome.data.get(key)
        found = lost(index, selected, value, path[1:]) if value is not None else None
        if found is None:
            return None
        for each in found:
            types |= types_below(index, operation, each)
    return types


def _failed(key: str, outcome: Answered | Unknown) -> bool:
    """Whether a root field is null with an error, by an origin's whole answer."""
    return (
        isinstance(outcome, Unknown)
        and outcome.paths is not None
        and (outcome.data or {}).get(key) is None
        and any(path[0] == key for path in outcome.paths)
    )


def _tags_of_targets(
    index: SchemaIndex,
    operation: Operation,
    selected: Selected,
    variables: Mapping[str, object],
    result: object,
) -> set[Tag]:
    """By the policy as well: an entity that an entry names reaches as far as one in the answer."""
    policy, targets = index.policy.mutation(selected.name)
    named = named_by(index, targets, operation, selected, variables, result)
    tags = set(named.tags)
    for name, key, values in named.entities:
        tags.update(purge_entity_tags(index, name, key, values))
        if policy == "List":
            tags.update(map(list_tag, _concrete(index, name)))
        elif policy == "Type":
            tags.update(purge_type_tags(index, name))
    return tags.union(*(purge_type_tags(index, name) for name in named.types))


def _seen(layout: Layout, key: str, data: Mapping[str, object]) -> Seen:
    selected, value = layout.root_fields[key], data.get(key)
    if selected.shape is None or value is None:
        return Seen()
    return walk(layout, value, layout.position(selected))


def _seen_tags(index: SchemaIndex, seen: Seen, policy: MutationPolicy) -> set[Tag]:
    """By the policy, entities by their keys; of one that does not tell its key, the type."""
    whole = seen.keyed if policy == "Type" else seen.unidentified
    tags = {tag for name in whole for tag in purge_type_tags(index, name)}
    if policy == "List":
        tags.update(map(list_tag, seen.keyed))
    if policy != "Type":
        for name, found in entity_tags(index, seen).items():
            tags.update((*found, unidentified_tag(name), null_tag(name)))
    return tags


def _concrete(index: SchemaIndex, type_name: str) -> Sequence[str]:
    return sorted(index.possible_names(type_name)) or [type_name]
