"""The key from the request on: one for every way to ask a question, never one for two questions."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from graphql import (
    BooleanValueNode,
    FieldNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Visitor,
    build_schema,
    parse,
    print_ast,
    validate,
    visit,
)
from graphql.language import ArgumentNode, DirectiveNode, NameNode
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.documents import Documents
from controller.core.policy import PUBLIC, Policy, Rule
from controller.core.request import HttpRequest
from controller.core.schema import SchemaIndex
from controller.core.verdict import CacheableQuery, decide
from tests.core.documents import VARIABLES, documents
from tests.core.world import POLICY, SCHEMA
from tests.support.effort import examples

RULES = (Rule(0, {"Query": None}, 900, 0, PUBLIC),)
SHOP = Documents(SchemaIndex(SCHEMA, replace(POLICY, rules=RULES)), size=500)
OTHER = (
    "query Other { others: posts { ...Unused } } fragment Unused on Post { id owner { ...Far } }"
    " fragment Far on User { name }"
)
_BETWEEN = [" ", "\n", ",", "\t,", ' # a comment, " {\n', "\r\n", "\ufeff "]
_LEXICAL = re.compile(r'"(?:[^"\\]|\\.)*"|\.\.\.|[\w]+|[^\s\w]')


def key(
    text: str,
    variables: Mapping[str, Any] | str,
    name: str | None = None,
    *,
    get: bool = False,
    shop: Documents = SHOP,
) -> str:
    """The key of a request; it must be cacheable. ``variables`` may be JSON text."""
    written = variables if isinstance(variables, str) else json.dumps(variables)
    if get:
        members = {"query": text, "variables": written, **({"operationName": name} if name else {})}
        http = HttpRequest("GET", urlencode(members).encode(), None, b"")
    else:
        query, called = json.dumps(text), json.dumps(name)
        body = f'{{"query":{query},"variables":{written},"operationName":{called}}}'
        http = HttpRequest("POST", b"", "application/json", body.encode())
    found = decide(http, shop)
    assert isinstance(found, CacheableQuery), found
    return found.key


def test_every_way_to_ask_a_question_has_one_key() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(80), deadline=None)
    @given(documents(), st.randoms(use_true_random=False), st.sets(st.sampled_from(WAYS)))
    def check(text: str, picks: random.Random, ways: set[str]) -> None:
        seen.update(ways)
        asked, values = text, dict(VARIABLES)
        name = "Doc" if {"another operation", "name"} & ways else None
        if "another operation" in ways:
            asked = f"{OTHER} {asked}" if picks.random() < 0.5 else f"{asked} {OTHER}"
        if "order of definitions" in ways:
            parts = [print_ast(d) for d in parse(asked).definitions]
            picks.shuffle(parts)
            asked = "\n".join(parts)
        if "ignored characters" in ways:
            tokens = _LEXICAL.findall(asked)
            asked = "".join(token + picks.choice(_BETWEEN) for token in tokens)
        if "order of variables" in ways:
            values = dict(picks.sample(list(values.items()), len(values)))
        if "undeclared variables" in ways:
            values |= {"undeclared": [1, {"a": None}], "Yes": False}
        assert key(asked, values, name, get="get" in ways) == key(text, VARIABLES)

    check()
    assert all(seen[way] > 10 for way in WAYS), seen


WAYS = [
    "another operation",
    "get",
    "ignored characters",
    "name",
    "order of definitions",
    "order of variables",
    "undeclared variables",
]


def _field(node: FieldNode, picks: random.Random) -> FieldNode:
    """A field that is answered otherwise, or under another name, or perhaps not at all."""
    match picks.choice(["alias", "directive", "argument", "selection"]):
        case "alias":
            alias = None if node.alias else NameNode(value="renamed")
            return replace(node, alias=alias)
        case "directive":
            name, on = picks.choice([("include", True), ("include", False), ("skip", False)])
            value = BooleanValueNode(value=on)
            condition = ArgumentNode(name=NameNode(value="if"), value=value)
            directive = DirectiveNode(name=NameNode(value=name), arguments=(condition,))
            return replace(node, directives=(*(node.directives or ()), directive))
        case "argument" if node.arguments:
            return replace(node, arguments=tuple(node.arguments)[1:])
        case _ if node.selection_set is not None:
            first = FieldNode(name=NameNode(value="__typename"), arguments=(), directives=())
            selections = (first, *node.selection_set.selections)
            return replace(node, selection_set=SelectionSetNode(selections=selections))
        case _:
            return replace(node, alias=NameNode(value="renamed"))


def changed(text: str, picks: random.Random) -> str:
    """The document with one field changed."""
    document = parse(text, no_location=True)
    fields: list[FieldNode] = []

    class Collect(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            fields.append(node)

    visit(document, Collect())
    chosen = picks.randrange(len(fields))

    class Change(Visitor):
        def __init__(self) -> None:
            super().__init__()
            self.met = -1

        def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
            self.met += 1
            return _field(node, picks) if self.met == chosen else None

    return print_ast(visit(document, Change()))


def test_a_change_to_any_field_is_another_question() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(120), deadline=None)
    @given(documents(), st.randoms(use_true_random=False))
    def check(text: str, picks: random.Random) -> None:
        other = changed(text, picks)
        if validate(SCHEMA, parse(other)):
            seen["invalid"] += 1
            return
        assert key(other, VARIABLES) != key(text, VARIABLES), other
        seen["changed"] += 1

    check()
    assert seen["changed"] > 50, seen


def test_the_order_of_fields_is_the_order_of_the_answer() -> None:
    @settings(max_examples=examples(60), deadline=None)
    @given(documents())
    def check(text: str) -> None:
        document = parse(text, no_location=True)
        definition = document.definitions[0]
        assert isinstance(definition, OperationDefinitionNode)
        turned = SelectionSetNode(selections=definition.selection_set.selections[::-1])
        operation = replace(definition, selection_set=turned)
        other = print_ast(replace(document, definitions=(operation, *document.definitions[1:])))
        assert key(other, VARIABLES) != key(text, VARIABLES)

    check()


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
