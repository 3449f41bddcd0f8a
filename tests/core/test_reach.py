"""The types and fields that an operation reaches, against a naive walk and against executions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLResolveInfo,
    InlineFragmentNode,
    build_schema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)
from graphql.language import SelectionSetNode
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.operation import Operation
from controller.core.policy import Policy
from controller.core.reach import Reached, reach
from controller.core.schema import SchemaIndex
from tests.core.documents import VARIABLES, documents
from tests.core.ruling import rule
from tests.core.world import INDEX, SCHEMA, Ref, World, operation
from tests.support.effort import examples


def test_a_narrower_return_type_of_an_implementation_counts() -> None:
    schema = build_schema(
        """type Query { box: Box } interface Box { content: Content } interface Content { id: ID }
        type Jar implements Box { content: Jam } type Jam implements Content { id: ID }
        type Tin implements Content { id: ID }"""
    )
    index = SchemaIndex(schema, Policy("s", "d", rules=(rule("Jam"),)))
    reached = reach(index, operation("{ box { content { id } } }"))
    assert isinstance(reached, Reached)
    assert reached.types == {"Query", "Jar", "Jam"}


def naive(asked: Operation) -> set[tuple[str, str]]:
    """Every (object type, field), one position and one concrete type at a time."""
    found: set[tuple[str, str]] = set()
    done: set[tuple[str, int]] = set()

    def fields(
        type_name: str, set_: SelectionSetNode, inside: tuple[int, ...]
    ) -> Iterator[FieldNode]:
        if id(set_) in inside:
            return
        for node in set_.selections:
            if isinstance(node, FieldNode):
                yield node
                continue
            if isinstance(node, FragmentSpreadNode):
                fragment: Any = asked.fragments[node.name.value]
            else:
                assert isinstance(node, InlineFragmentNode)
                fragment = node
            on = fragment.type_condition
            if on is None or INDEX.applies(on.name.value, type_name):
                yield from fields(type_name, fragment.selection_set, (*inside, id(set_)))

    def visit(static: str, set_: SelectionSetNode) -> None:
        if (static, id(set_)) in done:
            return
        done.add((static, id(set_)))
        type_ = SCHEMA.get_type(static)
        abstract = is_abstract_type(type_)
        selected = {
            name: [n for n in fields(name, set_, ()) if n.name.value != "__typename"]
            for name in INDEX.possible_names(static)
        }
        empty = not any(selected.values())
        for name, nodes in selected.items():
            if nodes or empty or not abstract:
                found.add((name, ""))
            parent: Any = SCHEMA.get_type(name)
            for node in nodes:
                found.add((name, node.name.value))
                returned = get_named_type(parent.fields[node.name.value].type)
                if is_composite_type(returned):
                    assert node.selection_set is not None
                    visit(returned.name, node.selection_set)

    visit("Query", asked.definition.selection_set)
    return found


def reached_by(asked: Operation) -> Reached:
    found = reach(INDEX, asked)
    assert isinstance(found, Reached)
    return found


@settings(max_examples=examples(150))
@given(documents())
def test_what_is_reached_is_what_a_naive_walk_finds(text: str) -> None:
    asked = operation(text)
    reached = reached_by(asked)
    found = {(name, "") for name in reached.types}
    found |= {(n, f) for f, sets in reached.fields.items() for types in sets for n in types}
    assert found == naive(asked)


@dataclass
class _Recording(World):
    """A world that remembers which fields of which types were asked for."""

    seen: set[tuple[str, str]] = field(default_factory=set)

    def _resolve(self, source: Ref | None, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        self.seen.add((info.parent_type.name, info.field_name))
        return super()._resolve(source, info, **arguments)


@settings(max_examples=examples(60))
@given(documents(), st.integers(0, 5))
def test_an_execution_reaches_nothing_else(text: str, seed: int) -> None:
    world = _Recording(seed=seed, nulls=0.05)
    world.run(text, VARIABLES)
    reached = reached_by(operation(text))
    for type_name, name in world.seen:
        assert any(type_name in types for types in reached.fields[name])
        assert type_name in reached.types
