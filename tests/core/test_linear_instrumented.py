"""Linear's SDK: what is injected into 663 real operations, and what its mutations purge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, print_ast, validate
from graphql.utilities import separate_operations

from controller.core.instrument import instrument
from controller.core.instrument_source import instrument_source
from controller.core.mutation import Unknown, purge_for_mutation
from controller.core.operation import Operation
from controller.core.policy import Policy
from controller.core.schema import SchemaIndex
from tests.core.world import PREFIX, operation

LINEAR = Path(__file__).parents[3] / "shared" / "corpora" / "linear"
ALIAS_LIMIT = 15
"""A common limit (GraphQL Armor's default)."""

pytestmark = pytest.mark.skipif(not LINEAR.is_dir(), reason=f"{LINEAR} is absent")


@pytest.fixture(scope="module")
def index() -> SchemaIndex:
    schema = build_schema((LINEAR / "schema.graphql").read_text(), assume_valid=True)
    return SchemaIndex(schema, Policy("linear", "digest"))


@pytest.fixture(scope="module")
def operations() -> list[Operation]:
    parsed = parse((LINEAR / "documents.graphql").read_text(), no_location=True)
    return [operation(print_ast(document)) for document in separate_operations(parsed).values()]


def _valid(schema: GraphQLSchema, text: str) -> bool:
    return not validate(schema, parse(text, no_location=True))


def test_no_document_gets_over_the_alias_limit(
    index: SchemaIndex,
    operations: list[Operation],
    record_property: Callable[[str, object], None],
) -> None:
    counts = [instrument(index, o, prefix=PREFIX).text.count(PREFIX) for o in operations]
    assert len(counts) == 663
    assert sum(count > 0 for count in counts) > 200
    over = sum(count > ALIAS_LIMIT for count in counts)
    record_property("documents_over_15_aliases", over)
    assert over == 0


def test_instrumented_documents_are_valid(index: SchemaIndex, operations: list[Operation]) -> None:
    sample = [o for o in operations if PREFIX in instrument(index, o, prefix=PREFIX).text][::8]
    assert len(sample) > 20
    for asked in sample:
        assert _valid(index.schema, instrument(index, asked, prefix=PREFIX).text), asked.name
        assert _valid(index.schema, instrument_source(index, asked, prefix=PREFIX).text), asked.name


def test_nearly_every_mutation_purges_something(
    index: SchemaIndex, operations: list[Operation]
) -> None:
    mutations = [o for o in operations if o.type.value == "mutation"]
    unnamed = [n for o in mutations for n in purge_for_mutation(index, o, None, Unknown()).unnamed]
    assert len(mutations) == 323
    assert len(unnamed) <= 9, unnamed
