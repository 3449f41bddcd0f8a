"""Whether a text that nobody could read may hold a mutation."""

from __future__ import annotations

import gzip
import json
import time
from urllib.parse import quote

import pytest
from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from hypothesis import example, given
from hypothesis import strategies as st

from controller.core.mutation_text import holds_mutation, may_hold_mutation


@pytest.mark.parametrize(
    "text",
    [
        "mutation { a",
        "mutation{a}",
        "\ufeffmutation{a}",
        "{a}mutation",
        ",,,mutation",
        "#\nmutation",
        "# comment\rmutation {",
        "# comment\u2028mutation {",
        '"string" mutation',
        '"\\"" mutation',
        '"\\\\" mutation',
        '"""block \\""" "" """ mutation',
        '""" a """" mutation',
        '"" mutation',
        '"""""" mutation',
        '{a(b:"never closed mutation',
        '{a(b:"never closed\nmutation',
        '"""never closed mutation',
        '"""never closed " "" mutation \\"""',
        "1mutation",
        "@mutation",
    ],
)
def test_a_mutation_is_seen(text: str) -> None:
    assert holds_mutation(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "query { a",
        "mutations mutation_ _mutation xmutation mutation1 Mutation MUTATION",
        "# mutation",
        "{a # mutation { b }\n",
        '{a(b:"mutation"',
        '{a(b:"\\" mutation"',
        '"""mutation""" {',
        '""" \\""" mutation """ {',
        '""" " "" mutation """ {',
        "mu tation",
    ],
)
def test_what_only_looks_like_one_is_not(text: str) -> None:
    assert not holds_mutation(text)


_PIECES = st.sampled_from(
    ["mutation", "query", "M", "{a}", " ", "\n", "#", '"', '""', '"""', "\\", "x", "{", "}", "a"]
)


@given(st.lists(_PIECES, max_size=14).map("".join))
@example('query M{a(b:"""x""" c:"")}mutation M{a}')
def test_no_document_that_parses_hides_its_mutation(text: str) -> None:
    try:
        definitions = parse(text).definitions
    except GraphQLError:
        return
    operations = [d.operation for d in definitions if isinstance(d, OperationDefinitionNode)]
    if OperationType.MUTATION in operations:
        assert holds_mutation(text)


BODY = json.dumps({"query": "mutation{a}"})
ESCAPED = '{"query":"\\u006dutatio\\u006E{a}"}'


@pytest.mark.parametrize(
    "data",
    [
        BODY.encode(),
        BODY.encode("utf-16"),
        BODY.encode("utf-32-be"),
        ESCAPED.encode(),
        ESCAPED.encode("utf-16-le"),
        b"\xff\xfe mutation",
        b"query=mutation%7Ba%7D",
        b"query=%6dutation{a}",
        quote(ESCAPED).encode(),
        b'{"query":"\\nmutation{a}',
    ],
)
def test_bytes_of_every_encoding_are_looked_through(data: bytes) -> None:
    assert may_hold_mutation(data)


@pytest.mark.parametrize(
    "data", [b"", b'{"query":"{a}"}', b"Mutation", b"\xff\xd8\xff\xe0 a photo"]
)
def test_other_bytes_hold_none(data: bytes) -> None:
    assert not may_hold_mutation(data)


def test_compressed_bytes_say_nothing() -> None:
    """So they have to be decompressed first."""
    assert not may_hold_mutation(gzip.compress(BODY.encode()))


@pytest.mark.parametrize(
    "piece", ['"', '""', '"""', '\\"""', '"""\\', "\\", "\\u", "#", "_", "%", '"\n']
)
def test_no_text_takes_long(piece: str) -> None:
    text = "mutatio" + "n1" + piece * (400_000 // len(piece))
    started = time.process_time()
    holds_mutation(text)
    may_hold_mutation(text.replace("mutation", "x").encode())
    assert time.process_time() - started < 2
