"""Which types a mutation can be about, by its payload, its name and what it selects."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from graphql.language import SelectionSetNode
from graphql.type import GraphQLCompositeType, get_named_type

from controller.core.names import named_types, types_by_form
from controller.core.operation import Operation
from controller.core.policy import Policy
from controller.core.schema import SchemaIndex
from controller.core.shape import Selected
from controller.core.sites import selected_types


def is_exempt(policy: Policy, field_name: str) -> bool:
    """Whether a root field purges nothing whatever it answers: policy None and nothing else."""
    what, targets = policy.mutation(field_name)
    return what == "None" and not targets


def silent_fields(index: SchemaIndex) -> tuple[str, ...]:
    """The mutation fields without an entry of whose answers it cannot be said which entity changed.

    They can hold no entity, or none of a type that the field's name contains.
    """
    root = index.schema.mutation_type
    fields = root.fields if root is not None else {}
    found = []
    for name, field in fields.items():
        policy, targets = index.policy.mutation(name)
        if policy == "None" or targets:
            continue
        payload = payload_types(index, index.named(get_named_type(field.type).name))
        named = types_of_name(index, name)
        if not payload or (named and named.isdisjoint(payload)):
            found.append(name)
    return tuple(found)


def payload_types(index: SchemaIndex, payload_type: GraphQLCompositeType | None) -> set[str]:
    """The keyed types that a mutation's payload is, or can hold one level down, connections and
    their edges seen through.
    """
    payload: set[str] = set()
    if payload_type is not None:
        for type_ in index.possible_types(payload_type):
            payload |= keyed_types(index, type_.name) or {
                name
                for field in type_.fields.values()
                for name in _held(index, get_named_type(field.type).name)
            }
    return payload


def _held(index: SchemaIndex, name: str) -> set[str]:
    """The keyed types of this name, or those that an edge or a connection of this name holds."""
    found = keyed_types(index, name)
    type_ = index.object_type(name)
    if not found and type_ is not None:
        for member in ("node", "nodes"):
            if member in type_.fields:
                found |= keyed_types(index, get_named_type(type_.fields[member].type).name)
    return found


def types_selected(index: SchemaIndex, operation: Operation, selected: Selected) -> set[str]:
    """The keyed types that the field selects."""
    root = index.schema.get_root_type(operation.type)
    assert root is not None
    start = [(SelectionSetNode(selections=selected.nodes), root)]
    found = selected_types(index, operation.fragments, start)
    return {name for name in found if keyed_types(index, name)}


def types_below(index: SchemaIndex, operation: Operation, selected: Selected) -> set[str]:
    """The keyed types that can stand where this field is, and those that it selects of them."""
    assert selected.type is not None
    sets = [(n.selection_set, selected.type) for n in selected.nodes if n.selection_set is not None]
    found = selected_types(index, operation.fragments, sets)
    return keyed_types(index, selected.type.name) | {
        name for name in found if keyed_types(index, name)
    }


def keyed_types(index: SchemaIndex, name: str) -> set[str]:
    """The possible types of this name that have a key."""
    return {name for name in index.possible_names(name) if _has_key(index, name)}


def _has_key(index: SchemaIndex, name: str) -> bool:
    type_ = index.object_type(name)
    return type_ is not None and bool(index.keys(type_))


def types_of_name(index: SchemaIndex, field_name: str) -> set[str]:
    """The keyed types that a mutation's name contains."""
    found = named_types(field_name, _forms(index))
    return {name for abstract in found for name in keyed_types(index, abstract)}


@lru_cache(maxsize=4)
def _forms(index: SchemaIndex) -> Mapping[str, set[str]]:
    """The names of all types that are keyed, or stand for keyed types, by form."""
    return types_by_form(name for name in index.schema.type_map if keyed_types(index, name))
