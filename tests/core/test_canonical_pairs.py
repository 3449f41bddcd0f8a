"""Documents and variables side by side: a key each, or one key for two spellings."""

from __future__ import annotations

import pytest
from graphql import build_schema

from controller.core.documents import Documents
from controller.core.policy import Policy
from controller.core.schema import SchemaIndex
from tests.core.keys import RULES, key

JSON_SHOP = Documents(
    SchemaIndex(
        build_schema("""
        scalar Json
        enum Order { NEW OLD }
        input Filter { size: Int = 10, json: Json }
        type Query {
          find(json: Json, text: String, n: Int = 5, x: Float, filter: Filter, order: Order): Int
          other: Int
        }
        """),
        Policy("shop", "d", rules=RULES),
    ),
    size=500,
)
DOCUMENTS = [
    "{ find }",
    "{ find(json: null) }",
    "{ find(json: 1) }",
    "{ find(json: 1.0) }",
    "{ find(json: 1e0) }",
    '{ find(json: "1") }',
    "{ find(json: [1]) }",
    "{ find(json: []) }",
    "{ find(json: {}) }",
    "{ find(json: { a: 1, b: 2 }) }",
    "{ find(json: { a: 2, b: 1 }) }",
    "{ find(json: { a: null }) }",
    "{ find(json: true) }",
    "{ find(json: ENUM) }",
    '{ find(json: "ENUM") }',
    '{ find(text: "a b") }',
    '{ find(text: "a  b") }',
    '{ find(text: "a,b") }',
    '{ find(text: "a #b") }',
    '{ find(text: "a\\nb") }',
    '{ find(text: "é") }',
    '{ find(text: "e\\u0301") }',
    '{ find(text: "") }',
    "{ find(n: 5) }",
    "{ find(n: null) }",
    "{ find(n: 0) }",
    "{ find(n: -0) }",
    "{ find(x: 0.1) }",
    "{ find(x: 0.10) }",
    "{ find(order: NEW) }",
    "{ find(order: OLD) }",
    "{ find(filter: {}) }",
    "{ find(filter: { size: 10 }) }",
    "{ find(filter: { size: null }) }",
    "{ find(filter: { json: { size: 10 } }) }",
    "{ find other }",
    "{ other find }",
    "{ find: other }",
    "{ a: find }",
    "{ find @include(if: true) }",
    "{ find @skip(if: false) }",
    "{ ... { find } }",
    "{ ... on Query { find } }",
    "{ ... @include(if: true) { find } }",
    "{ ...F } fragment F on Query { find }",
    "{ ...G } fragment G on Query { find }",
    "query A { find }",
    "query B { find }",
    "query ($n: Int) { find(n: $n) }",
    "query ($n: Int = 5) { find(n: $n) }",
    "query ($n: Int = null) { find(n: $n) }",
    "query ($n: Int!) { find(n: $n) }",
    "query ($m: Int) { find(n: $m) }",
]


def test_documents_that_can_be_answered_differently_have_a_key_each() -> None:
    keys = {text: key(text, '{"n":1,"m":1}', shop=JSON_SHOP) for text in DOCUMENTS}
    by_key: dict[str, list[str]] = {}
    for text, found in keys.items():
        by_key.setdefault(found, []).append(text)
    assert [texts for texts in by_key.values() if len(texts) > 1] == []


VALUES = [
    "{}",
    '{"json":null}',
    '{"json":1}',
    '{"json":1.0}',
    '{"json":1e0}',
    '{"json":"1"}',
    '{"json":true}',
    '{"json":[]}',
    '{"json":[null]}',
    '{"json":{}}',
    '{"json":{"a":1,"b":2}}',
    '{"json":{"a":2,"b":1}}',
    '{"json":{"a":{"b":1}}}',
    '{"json":{"":{"b":1}}}',
    '{"json":10000000000000000000000000000000001}',
    '{"json":10000000000000000000000000000000002}',
    '{"json":"\\ud800"}',
    '{"json":"\\udbff"}',
    '{"n":5}',
    '{"n":null}',
    '{"n":"5"}',
    '{"n":5.0}',
    '{"f":{}}',
    '{"f":{"size":10}}',
    '{"f":{"size":null}}',
    '{"f":{"json":{"size":10}}}',
    '{"f":null}',
    '{"json":5,"n":null}',
    '{"n":5,"json":null}',
]


@pytest.mark.parametrize("get", [False, True])
def test_variables_that_can_be_answered_differently_have_a_key_each(get: bool) -> None:
    """A default that is given and one that is left out count as two: a resolver can tell."""
    text = "query ($json: Json, $n: Int = 5, $f: Filter) { find(json: $json, n: $n, filter: $f) }"
    keys = {key(text, values, get=get, shop=JSON_SHOP): values for values in VALUES}
    assert len(keys) == len(VALUES), set(VALUES) - set(keys.values())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{ find(json: { a: 1, b: 2 }) }", "{find(json:{a:1 b:2})}"),
        ("query { find }", "{ find }"),
        ("query Q { find }", "query Q{find}#end"),
        ('{ find(text: "\\u0041") }', '{ find(text: "A") }'),
        ('{ find(text: "\\u{1F600}") }', '{ find(text: "\U0001f600") }'),
    ],
)
def test_spellings_of_one_document(one: str, other: str) -> None:
    assert key(one, "{}", shop=JSON_SHOP) == key(other, "{}", shop=JSON_SHOP)
