"""From a mutation's outcome to what it purges (policy Entity).

Invariant 5: doubt widens the purge. What an answer names is purged entity by entity; a root field
whose answer names nothing purges the types it can be about; one whose answer names none of the
types in its own name purges those as well; when nothing is known about the outcome, all that and
every type the mutation selects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from graphql.language import FieldNode, SelectionSetNode
from graphql.type import GraphQLCompositeType, GraphQLObjectType, get_named_type

from controller.core.answer import entity_tags
from controller.core.layout import Layout
from controller.core.names import named_types, types_by_form
from controller.core.operation import Operation, selections
from controller.core.policy import GLOBAL_ID, Key
from controller.core.schema import SchemaIndex
from controller.core.shape import Selected
from controller.core.sites import selected_types
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
    """Crash, time-out, ``data: null``, or an answer in doubt, of which ``data`` may be known."""

    data: Mapping[str, object] | None = None


Outcome = Answered | NotExecuted | Unknown


@dataclass(frozen=True, slots=True)
class MutationPurge:
    """``unnamed`` are the root fields that purge nothing because nothing names a type."""

    tags: tuple[Tag, ...]
    unnamed: tuple[str, ...]


def purge_for_mutation(
    index: SchemaIndex, operation: Operation, layout: Layout | None, outcome: Outcome
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
        if selected.name == "__typename":
            continue
        found = _root_field(index, operation, layout, key, selected, outcome)
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
        if isinstance(node, FieldNode)
        for name in _named(index, node.name.value)
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
    selected: Selected,
    outcome: Answered | Unknown,
) -> set[Tag] | None:
    """What one root field purges; None: it would have to purge something, and nothing says what."""
    data = outcome.data or {}
    seen = _seen(layout, key, data)
    certain = isinstance(outcome, Answered) and not seen.unexpected
    if certain and key not in data and not selected.certain:
        return set()
    tags = _seen_tags(index, seen)
    named = _named(index, selected.name)
    types: set[str] = set()
    if not (certain and seen.keyed):
        types = _payload_types(index, selected.shape.type if selected.shape else None)
    # An answer that names only others (``deletePost { user { id } }``) leaves its own type unsaid.
    if not certain or named.isdisjoint(types | seen.keyed):
        types |= named
    if not certain:
        types |= _selected_types(index, operation, selected)
    tags |= {tag for name in types for tag in purge_type_tags(index, name)}
    return tags or None


def _seen(layout: Layout, key: str, data: Mapping[str, object]) -> Seen:
    selected, value = layout.root_fields[key], data.get(key)
    if selected.shape is None or value is None:
        return Seen()
    return walk(layout, value, layout.position(selected))


def _seen_tags(index: SchemaIndex, seen: Seen) -> set[Tag]:
    """Entities by their keys; of one that does not tell its key, the type."""
    tags = {
        tag
        for name, found in entity_tags(index, seen).items()
        for tag in (*found, unidentified_tag(name), null_tag(name))
    }
    return tags.union(*(purge_type_tags(index, name) for name in seen.unidentified))


def unnamed_mutations(index: SchemaIndex) -> tuple[str, ...]:
    """The mutation fields that purge nothing when their answer holds no entity."""
    root = index.schema.mutation_type
    fields = root.fields if root is not None else {}
    return tuple(
        name
        for name, field in fields.items()
        if not _payload_types(index, index.named(get_named_type(field.type).name))
        and not _named(index, name)
    )


def _payload_types(index: SchemaIndex, payload_type: GraphQLCompositeType | None) -> set[str]:
    """The keyed types that a mutation's payload is, or can hold one level down."""
    payload: set[str] = set()
    if payload_type is not None:
        for type_ in index.possible_types(payload_type):
            payload |= _keyed(index, type_.name) or {
                name
                for field in type_.fields.values()
                for name in _keyed(index, get_named_type(field.type).name)
            }
    return payload


def _selected_types(index: SchemaIndex, operation: Operation, selected: Selected) -> set[str]:
    """The keyed types that the field selects."""
    root = index.schema.get_root_type(operation.type)
    assert root is not None
    start = [(SelectionSetNode(selections=selected.nodes), root)]
    found = selected_types(index, operation.fragments, start)
    return {name for name in found if _keyed(index, name)}


def _keyed(index: SchemaIndex, name: str) -> set[str]:
    """The possible types of this name that have a key."""
    return {name for name in index.possible_names(name) if _has_key(index, name)}


def _has_key(index: SchemaIndex, name: str) -> bool:
    type_ = index.named(name)
    return isinstance(type_, GraphQLObjectType) and bool(index.keys(type_))


def _named(index: SchemaIndex, field_name: str) -> set[str]:
    found = named_types(field_name, _forms(index))
    return {name for abstract in found for name in _keyed(index, abstract)}


@lru_cache(maxsize=4)
def _forms(index: SchemaIndex) -> Mapping[str, set[str]]:
    """The names of all types that are keyed, or stand for keyed types, by form."""
    return types_by_form(name for name in index.schema.type_map if _keyed(index, name))


def _concrete(index: SchemaIndex, type_name: str) -> Sequence[str]:
    return sorted(index.possible_names(type_name)) or [type_name]
