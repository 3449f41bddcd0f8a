"""A mutation's answer: fit for the client whatever comes back, doubt goes into the outcome."""

from __future__ import annotations

from collections import Counter

import pytest
from graphql import build_schema
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.instrument_source import instrument_source, source_as_written
from controller.core.mutation import (
    Answered,
    MutationPurge,
    NotExecuted,
    Outcome,
    Unknown,
    purge_for_mutation,
)
from controller.core.mutation_answer import MutationAnswer, read_mutation_answer
from controller.core.schema import SchemaIndex
from tests.core.documents import VARIABLES, documents
from tests.core.world import INDEX, POLICY, PREFIX, STYLES, World, operation
from tests.support.effort import examples

TEXT = "mutation { befriend { name } }"


def read(body: str, status: int = 200, text: str = TEXT) -> MutationAnswer:
    sent = instrument_source(INDEX, operation(text), prefix=PREFIX)
    return read_mutation_answer(sent, body.replace("@", PREFIX).encode(), status=status)


def test_an_answer_is_cut_and_its_data_known() -> None:
    answer = read('{"data":{"befriend":{"@0":"7","name":1.0}}}')
    assert answer.body == b'{"data":{"befriend":{"name":1.0}}}'
    assert answer.outcome == Answered({"befriend": {f"{PREFIX}0": "7", "name": 1.0}})


def test_a_long_number_reaches_the_outcome_with_all_digits() -> None:
    outcome = read('{"data":{"befriend":{"@0":123456789012345678901234}}}').outcome
    assert outcome == Answered({"befriend": {f"{PREFIX}0": "123456789012345678901234"}})


def test_error_locations_are_put_back() -> None:
    body = '{"errors":[{"locations":[{"line":1,"column":47}]}],"data":{"befriend":null}}'
    assert read(body).body == body.replace("47", "23").encode()


@pytest.mark.parametrize(
    ("body", "status", "outcome"),
    [
        ('{"errors":[{"message":"syntax"}]}', 200, NotExecuted()),
        ('{"errors":[{"message":"syntax"}]}', 400, NotExecuted()),
        ('{"errors":[{"message":"upstream timed out"}]}', 504, Unknown()),
        ('{"errors":[{"message":"x"}],"data":null}', 200, Unknown()),
        ('{"errors":[],"extensions":{}}', 200, Unknown()),
        ("{}", 200, Unknown()),
        ('{"data":[]}', 200, Unknown()),
        ("[]", 200, Unknown()),
        ("<html>", 500, Unknown()),
        ("", 200, Unknown()),
        ('{"data":{"befriend":5}}', 200, Unknown({"befriend": 5})),
    ],
)
def test_outcomes(body: str, status: int, outcome: Outcome) -> None:
    answer = read(body, status)
    assert answer.outcome == outcome
    assert answer.body == body.encode()


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        # A key as an object, a key that failed, a member twice, an echo of the document.
        ('{"data":{"befriend":{"@0":{"a":1},"name":"n"}}}', '{"data":{"befriend":{"name":"n"}}}'),
        (
            '{"data":{"befriend":{"@0":null}},"errors":[{"path":["befriend","@0"]}]}',
            '{"data":{"befriend":{}},"errors":[{"path":["befriend","id"]}]}',
        ),
        ('{"data":{"befriend":{"@0":1,"@0":1}}}', '{"data":{"befriend":{}}}'),
        ('{"data":{"befriend":{"@0":1,"name":"@0:id"}}}', '{"data":{"befriend":{"name":"id:id"}}}'),
    ],
)
def test_an_answer_in_doubt_is_cleaned_and_its_outcome_unknown(body: str, plain: str) -> None:
    answer = read(body)
    assert answer.body == plain.encode()
    assert isinstance(answer.outcome, Unknown)
    assert answer.outcome.data


def test_no_alias_leaves_in_an_unreadable_answer() -> None:
    answer = read('Error: {"@0":"7", "x":1} at @0:id')
    assert answer == MutationAnswer(b'Error: {"x":1} at id:id', Unknown())


def test_a_mutation_that_went_out_as_written() -> None:
    sent = source_as_written(INDEX, operation(TEXT))
    body = b'{"errors":[{"locations":[{"line":1,"column":47}]}],"data":{"befriend":{"name":"n"}}}'
    answer = read_mutation_answer(sent, body)
    # With errors nothing is certain: one may stand for an element that was written all the same.
    assert answer == MutationAnswer(body, Unknown({"befriend": {"name": "n"}}))


def test_a_schema_without_mutations_leaves_the_outcome_unknown() -> None:
    index = SchemaIndex(build_schema("type Query { befriend: User } type User { id: ID }"), POLICY)
    asked = operation(TEXT)
    sent = instrument_source(index, asked)
    assert sent.text == asked.source
    answer = read_mutation_answer(sent, b'{"data":{"befriend":{"name":"n"}}}')
    assert answer.outcome == Unknown({"befriend": {"name": "n"}})
    nothing = purge_for_mutation(index, asked, sent.layout, answer.outcome)
    assert nothing == MutationPurge((), ("befriend",))
    assert (
        "type:User"
        in purge_for_mutation(
            index, operation("mutation{dropUser}"), sent.layout, answer.outcome
        ).tags
    )


def test_the_answer_is_byte_for_byte_the_plain_one_with_its_errors() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(200), deadline=None)
    @given(documents("mutation"), st.integers(0, 2**30), st.sampled_from(sorted(STYLES)))
    def check(text: str, seed: int, style: str) -> None:
        world = World(seed, errors=0.1, nulls=0.05)
        sent = instrument_source(INDEX, operation(text), prefix=PREFIX)
        rich, plain = (STYLES[style](world.run(t, VARIABLES)) for t in (sent.text, text))
        answer = read_mutation_answer(sent, rich)
        assert answer.body == plain
        seen["errors"] += b'"errors"' in plain
        seen["cut"] += rich != plain
        seen["known"] += isinstance(answer.outcome, Answered)
        seen["nulls"] += b"null" in plain

    check()
    assert min(seen[k] for k in ("errors", "cut", "known", "nulls")) > 20, seen
