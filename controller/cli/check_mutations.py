"""``mutations`` against the schema, and an entry for each mutation whose answer names no entity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from graphql import GraphQLField, GraphQLObjectType, is_leaf_type
from graphql.type import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    get_named_type,
)

from controller.cli.check_templates import check_templates
from controller.cli.findings import Finding, hint
from controller.core.mutation_entries import key_of
from controller.core.mutation_types import payload_types, silent_fields, types_of_name
from controller.core.policy import Key, PurgeOperation, PurgeQuery, PurgeTarget, PurgeType
from controller.core.schema import SchemaIndex

_DEPTH: Final = 3
"""How far into input objects a key is looked for."""

Inputs = Mapping[str, GraphQLArgument | GraphQLInputField]


def check_mutations(index: SchemaIndex) -> Iterator[Finding]:
    """Entries that name what the schema has not, then mutations that could do with one."""
    root = index.schema.mutation_type
    fields = root.fields if root is not None else {}
    for name, entry in index.policy.mutations.items():
        where = f"mutations.{name}"
        if name not in fields:
            yield Finding("error", where, f"the schema has no mutation {name}{hint(name, fields)}")
            continue
        for number, target in enumerate(entry.targets):
            yield from _check_target(index, fields[name], f"{where}.purge[{number}]", target)
    for name in silent_fields(index):
        yield _proposal(index, name, fields[name])
    if index.policy.direct is not None:
        yield from check_templates(index, index.policy.direct)


def _check_target(
    index: SchemaIndex, field: GraphQLField, where: str, target: PurgeTarget
) -> Iterator[Finding]:
    match target:
        case PurgeOperation():
            return
        case PurgeQuery(name):
            query = index.schema.query_type
            known = query.fields if query is not None else {}
            if name not in known:
                said = f"the query root has no field {name}{hint(name, known)}"
                yield Finding("error", f"{where}.query", said)
        case PurgeType(name):
            if index.named(name) is None:
                known_types = [n for n in index.schema.type_map if index.named(n) is not None]
                said = f"the schema has no type {name}{hint(name, known_types)}"
                yield Finding("error", f"{where}.type", said)
                return
            if target.places and key_of(index, target) is None:
                yield Finding("error", f"{where}.key", _keys(index, target))
            for place in target.places:
                said_of_place = _check_place(field, place)
                if said_of_place is not None:
                    yield Finding("error", f"{where}.from", said_of_place)


def _keys(index: SchemaIndex, target: PurgeType) -> str:
    """Why a target has no key."""
    found: dict[Key, None] = {}
    for name in sorted(index.possible_names(target.type)):
        if (type_ := index.object_type(name)) is not None:
            found.update(dict.fromkeys(index.keys(type_)))
    wanted = "+".join(target.key) if target.key else "one with as many fields as `from` has places"
    known = ", ".join("+".join(key) for key in found) or "none: see keyFields"
    return f"{target.type} has no such key ({wanted}); its keys: {known}"


def _check_place(field: GraphQLField, place: Sequence[str]) -> str | None:
    """What is wrong with a place, None if it leads to a leaf."""
    written = ".".join(place)
    type_: object = None
    known: Mapping[str, object] = field.args
    if place[0] == "result":
        type_ = get_named_type(field.type)
        known = getattr(type_, "fields", {})
    for depth, name in enumerate(place[1:], start=1):
        if name not in known:
            of = ".".join(place[:depth])
            return f"{written}: {of} has no {name}{hint(name, known)}"
        type_ = get_named_type(known[name].type)  # type: ignore[attr-defined]
        known = getattr(type_, "fields", {})
    if not is_leaf_type(type_):
        inside = ", ".join(f"{written}.{name}" for name in list(known)[:5])
        return f"{written} is no single value; go on, like {inside or 'nothing in it'}"
    return None


def _proposal(index: SchemaIndex, name: str, field: GraphQLField) -> Finding:
    """A warning with an entry to paste."""
    payload = payload_types(index, index.named(get_named_type(field.type).name))
    named = sorted(types_of_name(index, name) - payload)
    if not named:
        return Finding(
            "warning",
            f"Mutation.{name}",
            "purges nothing unless its answer holds an entity: neither its payload nor its name "
            "says which type it changes; say it below `mutations:`, or that it changes none: "
            f"{name}: {{policy: None}}",
        )
    targets = ", ".join(
        _target(index, type_name, field, alone=len(named) == 1) for type_name in named
    )
    return Finding(
        "warning",
        f"Mutation.{name}",
        f"its answer does not name the {' or '.join(named)} that it changes, so it purges every "
        f"answer with one; add below `mutations:` what it purges: {name}: {{purge: [{targets}]}}",
    )


def _target(index: SchemaIndex, type_name: str, field: GraphQLField, *, alone: bool) -> str:
    type_ = index.object_type(type_name)
    for key in index.keys(type_) if type_ is not None else ():
        if len(key) == 1:
            place = _place(type_name, key[0], field, alone=alone)
            if place is not None:
                return f"{{type: {type_name}, key: {key[0]}, from: {place}}}"
    return f"{{type: {type_name}}}"


def _place(type_name: str, key: str, field: GraphQLField, *, alone: bool) -> str | None:
    """Where the value of a key seems to stand. ``alone``: a bare key can mean this type only."""
    for words in _words(type_name, key, alone=alone):
        found = _argument(words, field.args, "args", _DEPTH)
        if found is not None:
            return found
    result = get_named_type(field.type)
    if alone and getattr(result, "name", None) == "ID" and key == "id":
        return "result"
    if isinstance(result, GraphQLObjectType):
        for name, inner in result.fields.items():
            ids = {f"deleted{key}", f"removed{key}", f"deleted{type_name}{key}".lower()}
            if is_leaf_type(get_named_type(inner.type)) and _folded(name).rstrip("s") in ids:
                return f"result.{name}"
    return None


def _words(type_name: str, key: str, *, alone: bool) -> Iterator[set[str]]:
    """The names that a value of the key may have, the surest first."""
    full = _folded(type_name + key)
    yield {full, f"{full}s"}
    if alone:
        yield {_folded(key), f"{_folded(key)}s"}


def _argument(words: Iterable[str], inputs: Inputs, path: str, depth: int) -> str | None:
    """The path of the first leaf with such a name, the outermost first."""
    for name, found in inputs.items():
        if _folded(name) in words and is_leaf_type(get_named_type(found.type)):
            return f"{path}.{name}"
    for name, found in inputs.items() if depth else ():
        type_ = get_named_type(found.type)
        if isinstance(type_, GraphQLInputObjectType):
            inner = _argument(words, type_.fields, f"{path}.{name}", depth - 1)
            if inner is not None:
                return inner
    return None


def _folded(name: str) -> str:
    return name.replace("_", "").lower()
