"""Linear's 663 operations: each gets a decision or a reason, and fast."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from graphql import OperationType, build_schema, parse, print_ast
from graphql.utilities import separate_operations

from controller.core.documents import Documents
from controller.core.operation import Operation, Refusal
from controller.core.policy import Policy, Rule
from controller.core.rules import Decision
from controller.core.schema import SchemaIndex

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "linear"
SAMPLE = 7
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpora/linear is absent")


@pytest.fixture(scope="module")
def index() -> SchemaIndex:
    rules = (
        Rule(0, {"Query": None}, 900, 900, "AUTHENTICATED"),
        Rule(1, {"Issue": None, "Node": None}, 60, 30, "AUTHENTICATED"),
        Rule(2, {"User": frozenset({"email"})}, 0, 0, "AUTHENTICATED"),
    )
    schema = build_schema((CORPUS / "schema.graphql").read_text(), assume_valid=True)
    return SchemaIndex(schema, Policy("linear", "digest", rules=rules))


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Every ``SAMPLE``-th operation with its fragments."""
    parsed = parse((CORPUS / "documents.graphql").read_text(), no_location=True)
    separated = list(separate_operations(parsed).values())
    assert len(separated) == 663
    return [print_ast(document) for document in separated[::SAMPLE]]


def test_every_operation_is_decided_in_milliseconds(index: SchemaIndex, texts: list[str]) -> None:
    documents = Documents(index, size=1_000)
    counts = {"cacheable": 0, "mutation": 0, "max-age-0": 0}
    slowest = 0.0
    for text in texts:
        started = time.process_time()
        found = documents.analyse(text, None)
        slowest = max(slowest, time.process_time() - started)
        operation = found.operation
        assert isinstance(operation, Operation), found
        if isinstance(found.outcome, Decision):
            counts["cacheable"] += 1
            assert found.outcome.max_age in (60, 900)
        elif isinstance(found.outcome, Refusal):
            counts[found.outcome.detail] += 1
        else:
            assert operation.type is OperationType.MUTATION
            counts["mutation"] += 1
    assert counts["mutation"] > 40
    assert counts["cacheable"] > 20
    assert counts["max-age-0"] > 0
    assert slowest < 2
