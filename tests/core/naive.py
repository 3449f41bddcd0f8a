"""The simplest thing that could find entities: ask every object for everything, then look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from graphql import (
    FieldNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    parse,
    print_ast,
    visit,
)

from controller.core.tags import Tag, entity_tag
from tests.core.world import ENTITIES, INDEX, SCHEMA

TYPE = "zzType"


def naive_text(text: str) -> str:
    """The document with typename and all keys of all keyed types in every selection of a field."""
    info = TypeInfo(SCHEMA)

    class Naive(Visitor):
        def leave_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
            if node.selection_set is None:
                return None
            own = [f"{TYPE}: __typename"]
            for name in _possible(info.get_type()) & set(ENTITIES):
                parts = {part for key in INDEX.keys(SCHEMA.type_map[name]) for part in key}
                own.append(f"... on {name} {{ {' '.join(f'zz{name}{p}: {p}' for p in parts)} }}")
            definition = parse(f"{{ {' '.join(own)} }}").definitions[0]
            assert isinstance(definition, OperationDefinitionNode)
            both = (*node.selection_set.selections, *definition.selection_set.selections)
            return replace(node, selection_set=SelectionSetNode(selections=both))

    document = parse(text)
    return print_ast(visit(document, TypeInfoVisitor(info, Naive())))


def naive_objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of an answer to a naive document that says its type."""
    if isinstance(value, list):
        for item in value:
            yield from naive_objects(item)
    elif isinstance(value, dict):
        if value.get(TYPE) in SCHEMA.type_map and value[TYPE] != "Query":
            yield value
        for item in value.values():
            yield from naive_objects(item)


def naive_entities(value: Any) -> Iterator[tuple[str, set[Tag]]]:
    """The type and all entity tags of every keyed object."""
    for found in naive_objects(value):
        name = found[TYPE]
        if name in ENTITIES:
            tags = set()
            for key in INDEX.keys(SCHEMA.type_map[name]):
                values = [found[f"zz{name}{part}"] for part in key]
                if None not in values:
                    tags.add(entity_tag(name, key, [str(v) for v in values]))
            yield name, tags


def _possible(type_: Any) -> set[str]:
    while hasattr(type_, "of_type"):
        type_ = type_.of_type
    return set(INDEX.possible_names(type_.name))
