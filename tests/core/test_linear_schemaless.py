"""Linear's queries without its schema: bytes, types, and how long it takes to read them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from graphql import GraphQLSchema, OperationType, build_schema, parse, print_ast, validate
from graphql.utilities import separate_operations

from controller.core.answer import Answer
from controller.core.operation import Operation
from controller.core.policy import PUBLIC
from controller.core.schemaless.answer import read_free_answer
from controller.core.schemaless.instrument import instrument_freely
from controller.core.tags import type_tag
from tests.core.free import brain, rule
from tests.core.generator import variables_of
from tests.core.mocked import Mocked
from tests.core.world import operation

LINEAR = Path(__file__).parents[3] / "shared" / "corpora" / "linear"
POLICY = brain(rule(0, "Query", scope=PUBLIC)).policy
SAMPLE = 5
pytestmark = pytest.mark.skipif(not LINEAR.is_dir(), reason=f"{LINEAR} is absent")


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema((LINEAR / "schema.graphql").read_text(), assume_valid=True)


@pytest.fixture(scope="module")
def queries() -> list[Operation]:
    parsed = parse((LINEAR / "documents.graphql").read_text(), no_location=True)
    sample = list(separate_operations(parsed).values())[::SAMPLE]
    found = [operation(print_ast(document)) for document in sample]
    return [o for o in found if o.type is OperationType.QUERY]


def test_answers_lose_what_was_added_and_show_their_types(
    schema: GraphQLSchema, queries: list[Operation]
) -> None:
    types = 0
    for asked in queries:
        sent = instrument_freely(POLICY, asked)
        document = parse(sent.text)
        assert not validate(schema, document), asked.name
        variables = variables_of(schema, parse(asked.source), 1)
        world = Mocked(schema, 1)
        plain = json.dumps(world.run(asked.source, variables)).encode()
        body = json.dumps(Mocked(schema, 1).run(sent.text, variables)).encode()
        if b'"errors"' in plain:
            continue  # its locations are those of another text
        read = read_free_answer(POLICY, asked, sent, body, variables)
        answer = getattr(read, "answer", None)
        assert isinstance(answer, Answer), (asked.name, read)
        assert answer.body == plain, asked.name
        seen = {type_tag(name) for name in world.asked - {"Query"}}
        assert seen <= set(answer.tags), asked.name
        types += len(seen)
    assert types > 50


def test_a_document_is_read_and_instrumented_in_milliseconds(queries: list[Operation]) -> None:
    found = brain(rule(0, "Query"))
    slowest = 0.0
    for asked in queries:
        started = time.process_time()
        found.documents.analyse(asked.source, None)
        instrument_freely(found.policy, asked)
        slowest = max(slowest, time.process_time() - started)
    assert slowest < 1
