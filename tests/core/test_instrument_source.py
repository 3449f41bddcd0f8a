"""A mutation's own text: only insertions, a probe that executes nothing, locations put back."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from graphql import Source, execute_sync, get_location, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.instrument_source import instrument_source, source_as_written
from tests.core.documents import VARIABLES, documents
from tests.core.world import INDEX, PASSIVE, PREFIX, SCHEMA, STYLES, World, operation
from tests.support.effort import examples


def sent(text: str, name: str | None = None) -> Any:
    return instrument_source(INDEX, operation(text, name), prefix=PREFIX)


def test_members_are_inserted_and_nothing_else_changes() -> None:
    text = '\ufeffmutation # "{"\n{ a : updatePost ( title : """ { """ ) {post{ # why\n title }}}'
    expected = text.replace("{post{", f"{{post{{{PREFIX}0:id ")
    assert sent(text).text == expected
    assert validate(SCHEMA, parse(expected)) == []


def test_other_operations_and_fragments_stay_as_they_are() -> None:
    text = (
        "query Q { post { title } } mutation M { befriend { ...F } } mutation N { ping }\n"
        "fragment F on User { name friends { name } } fragment G on User { friends { name } }"
    )
    expected = text.replace("befriend {", f"befriend {{{PREFIX}0:id ").replace(
        "F on User { name friends {", f"F on User {{ name friends {{{PREFIX}0:id "
    )
    assert sent(text, "M").text == expected


def test_with_instrument_false_nothing_is_inserted() -> None:
    text = "mutation { befriend { name } }"
    assert instrument_source(PASSIVE, operation(text)).text == text
    assert source_as_written(INDEX, operation(text)).text == text
    assert source_as_written(INDEX, operation(text)).restore_locations(b"x") == b"x"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mutation { befriend { name } }", None),
        ("mutation($id: ID) { updatePost(id: $id) { post { title } } } # end", None),
        ("mutation P { befriend { name } }", None),
        ("mutation P { befriend { name } } query P_ { count }", "P"),
    ],
)
def test_the_probe_is_valid_and_executes_nothing(text: str, name: str | None) -> None:
    document, operation_name = sent(text, name).probe
    assert PREFIX in document
    assert validate(SCHEMA, parse(document)) == []

    def refuse(*_: object) -> None:
        raise AssertionError("executed")

    answer = execute_sync(
        SCHEMA, parse(document), operation_name=operation_name, field_resolver=refuse
    )
    assert answer.formatted == {"data": {"__typename": "Query"}}


def test_the_probe_fails_where_the_document_would() -> None:
    document, _ = sent("mutation { befriend { name } }").probe
    assert validate(SCHEMA, parse(document.replace(":id ", ":nope ")))


@pytest.mark.parametrize(
    ("given_", "restored"),
    [
        # befriend { <24 characters> name } on line 1: the insertion begins at column 22.
        ('{"errors":[{"locations":[{"line":1,"column":21}]}]}', 21),
        ('{"errors":[{"locations":[{"line":1,"column":22}]}]}', 22),
        ('{"errors":[{"locations":[{"line":1,"column":30}]}]}', 22),
        ('{"errors":[{"locations":[{"line":1,"column":47}]}]}', 23),
        ('{"errors":[{"locations":[{"column" : 47, "line" :1}]}]}', 23),
        ('{"errors":[{"locations":[{"line":2,"column":47}]}]}', 47),
        ('{"errors":[{"locations":[{"column":47}]}]}', 47),
        ('{"errors":[{"extensions":[{"line":1,"column":47}]}]}', 47),
        ('{"data":[{"locations":[{"line":1,"column":47}]}],"errors":[]}', 47),
        ('{"errors":{"0":{"locations":[{"line":1,"column":47}]}}}', 47),
        ('{"errors":[{"locations":[{"line":"1","column":47}]}]}', 47),
    ],
)
def test_only_the_columns_of_error_locations_move(given_: str, restored: int) -> None:
    source = sent("mutation { befriend { name } }")
    assert source.shifts == ((1, 22, 24),)
    column = next(c for c in ("47", "30", "22", "21") if c in given_)
    expected = given_.replace(column, str(restored))
    assert source.restore_locations(given_.encode()).decode() == expected


def _scattered(text: str, picks: random.Random) -> str:
    """The same tokens with line ends, comments and other scripts between them."""
    gaps = [*" " * 20, "\n", "\r\n", "\r", "\t", ",", " # caf\u00e9 { \n", "\n\n  "]
    return "".join(picks.choice(gaps) if c == " " else c for c in text)


def test_locations_are_those_of_the_text_as_sent() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(200), deadline=None)
    @given(documents("mutation"), st.integers(0, 2**30), st.sampled_from(sorted(STYLES)))
    def check(text: str, seed: int, style: str) -> None:
        text = _scattered(text, random.Random(seed))
        source = sent(text)
        document, _ = source.probe
        assert validate(SCHEMA, parse(document)) == []
        plain, instrumented = (
            World(seed, errors=0.15, nulls=0.02).run(t, VARIABLES, "Doc").get("errors", [])
            for t in (text, source.text)
        )
        bodies = [STYLES[style]({"errors": errors}) for errors in (plain, instrumented)]
        assert source.restore_locations(bodies[1]) == bodies[0]
        seen["errors"] += bool(plain)
        seen["shifted"] += bodies[0] != bodies[1]

    check()
    assert seen["errors"] > 20, seen
    assert seen["shifted"] > 20, seen


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_insertions_are_placed_as_the_reference_implementation_counts_lines(end: str) -> None:
    text = end.join(["mutation {", "# é", " a: befriend { name }", "b: befriend { name }", "}"])
    found = instrument_source(INDEX, operation(text))
    places = []
    for line, column, _ in found.shifts:
        offset = sum(len(part) + len(end) for part in text.split(end)[: line - 1]) + column - 1
        location = get_location(Source(text), offset)
        places.append((location.line, location.column, text[offset - 1]))
    assert places == [(line, column, "{") for line, column, _ in found.shifts]
    assert [line for line, _, _ in found.shifts] == [3, 4]
