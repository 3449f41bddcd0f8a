"""What ``mutations`` says that a mutation purges, with the values of one request and its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from controller.core.argument_values import NoValue, values_in_arguments, values_in_result
from controller.core.operation import Operation
from controller.core.policy import Key, PurgeOperation, PurgeQuery, PurgeTarget, PurgeType
from controller.core.schema import SchemaIndex
from controller.core.shape import Selected
from controller.core.tags import Tag, operation_tag, root_field_tag


@dataclass(slots=True)
class Named:
    """What targets come to. A target that should name entities and cannot is in ``types``."""

    entities: set[tuple[str, Key, tuple[str, ...]]] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    tags: set[Tag] = field(default_factory=set)


def named_by(
    index: SchemaIndex,
    targets: Sequence[PurgeTarget],
    operation: Operation,
    selected: Selected,
    variables: Mapping[str, object],
    result: object,
) -> Named:
    """What ``targets`` name for one root field. ``result`` is its value in the answer, if known."""
    named = Named()
    for target in targets:
        match target:
            case PurgeQuery(name):
                named.tags.add(root_field_tag(name))
            case PurgeOperation(name):
                named.tags.add(operation_tag(name))
            case PurgeType():
                _type(named, index, target, operation, selected, variables, result)
    return named


def _type(
    named: Named,
    index: SchemaIndex,
    target: PurgeType,
    operation: Operation,
    selected: Selected,
    variables: Mapping[str, object],
    result: object,
) -> None:
    key = key_of(index, target)
    if key is None or not target.places:
        named.types.add(target.type)
        return
    try:
        columns = [
            values_in_result(result, _result_keys(index, selected, place[1:]))
            if place[0] == "result"
            else _argument_values(operation, selected, variables, place[1:])
            for place in target.places
        ]
        for row in zip(*columns, strict=True):
            named.entities.update((target.type, key, values) for values in product(*row))
    except (NoValue, ValueError):
        named.types.add(target.type)


def key_of(index: SchemaIndex, target: PurgeType) -> Key | None:
    """The key that a target gives values of; None where it is none of every type it stands for.

    Objects of a type are tagged by each of its keys, so one of them finds them all.
    """
    keys = [
        index.keys(type_)
        for name in sorted(index.possible_names(target.type))
        if (type_ := index.object_type(name)) is not None
    ]
    if not keys or not keys[0]:
        return None
    key = target.key or next((k for k in keys[0] if len(k) == len(target.places)), None)
    return key if key is not None and all(key in known for known in keys) else None


def _argument_values(
    operation: Operation, selected: Selected, variables: Mapping[str, object], path: Sequence[str]
) -> list[tuple[str, ...]]:
    if selected.field is None:
        raise NoValue
    return values_in_arguments(
        selected.field, selected.nodes[0], operation.definition, variables, path
    )


def _result_keys(
    index: SchemaIndex, selected: Selected, path: Sequence[str]
) -> list[tuple[str, ...]]:
    """Per step the response keys under which the fields of these names stand."""
    found = []
    here = [selected]
    for name in path:
        inner = [
            member
            for each in here
            if each.shape is not None
            for type_name in sorted(index.possible_names(each.shape.type.name))
            for member in each.shape.on(type_name).values()
            if member.name == name and not member.nodes[0].arguments
        ]
        found.append(tuple(dict.fromkeys(member.key for member in inner)))
        here = inner
    return found
