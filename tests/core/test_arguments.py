"""The arguments of a root field in the forms under which a purge can name them."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest
from graphql import FieldNode, OperationDefinitionNode, build_client_schema, build_schema, parse
from graphql import introspection_from_schema as introspected
from graphql.type import GraphQLSchema
from hypothesis import given
from hypothesis import strategies as st

from controller.core.arguments import canonical_arguments, root_field_arguments
from controller.core.lexemes import read_json

SCHEMA = build_schema("""
scalar Json
enum Order { NEW OLD }
input Page { size: Int = 10, after: ID }
input Filter {
  page: Page = { after: "start" }
  order: Order! = NEW
  tags: [String!] = "all"
  inner: Filter
  any: Json = { depth: [1.50, { deep: true }] }
}
type Query {
  posts(filter: Filter, filters: [Filter!], first: Int = 3, ids: [[ID!]!], json: Json): Int
  plain(order: Order = OLD, page: Page = {}): Int
}
""")
FILLED = {
    "any": {"depth": ["1.5", {"deep": "true"}]},
    "order": "NEW",
    "page": {"after": "start", "size": "10"},
    "tags": ["all"],
}


def forms(
    call: str, variables: str = "{}", declared: str = "", schema: GraphQLSchema = SCHEMA
) -> list[Any]:
    """The forms of one root field as JSON values; there is one if both are the same."""
    definition = parse(f"query Q{declared} {{ {call} }}", no_location=True).definitions[0]
    assert isinstance(definition, OperationDefinitionNode)
    node = definition.selection_set.selections[0]
    assert isinstance(node, FieldNode)
    assert schema.query_type is not None
    field = schema.query_type.fields[node.name.value]
    values = read_json(variables).value
    assert isinstance(values, dict)
    return [json.loads(form) for form in root_field_arguments(field, node, definition, values)]


def test_defaults_are_filled_in_at_every_depth() -> None:
    call = 'posts(first: 1, filter: { inner: { page: { after: "x" } }, tags: ["a"] })'
    passed, complete = forms(call)
    assert passed == {
        "first": "1",
        "filter": {"inner": {"page": {"after": "x"}}, "tags": ["a"]},
    }
    inner = {**FILLED, "page": {"after": "x", "size": "10"}}
    assert complete == {"first": "1", "filter": {**FILLED, "tags": ["a"], "inner": inner}}


def test_defaults_are_filled_into_the_elements_of_lists() -> None:
    _, complete = forms("posts(first: 1, filters: [{ order: OLD }, {}])")
    assert complete["filters"] == [{**FILLED, "order": "OLD"}, FILLED]


def test_defaults_are_filled_into_variables_and_into_their_defaults() -> None:
    declared = "($f: Filter, $g: [Filter!] = { order: OLD })"
    call = "posts(first: 1, filter: $f, filters: $g)"
    passed, complete = forms(call, '{"f":{"page":{}}}', declared)
    assert passed == {"first": "1", "filter": {"page": {}}, "filters": {"order": "OLD"}}
    assert complete == {
        "first": "1",
        "filter": {**FILLED, "page": {"size": "10"}},
        "filters": [{**FILLED, "order": "OLD"}],
    }


def test_a_default_is_filled_in_itself() -> None:
    assert forms("plain") == [{}, {"order": "OLD", "page": {"size": "10"}}]


@pytest.mark.parametrize(
    ("call", "variables", "first"),
    [
        ("posts", "{}", {"first": "3"}),
        ("posts(first: null)", "{}", {"first": None}),
        ("posts(first: $n)", "{}", {"first": "3"}),
        ("posts(first: $n)", '{"n":null}', {"first": None}),
        ("posts(first: $n)", '{"n":7}', {"first": "7"}),
    ],
)
def test_null_is_not_absent(call: str, variables: str, first: dict[str, Any]) -> None:
    assert forms(call, variables, "($n: Int)")[-1] == first


def test_null_keeps_a_nested_default_out() -> None:
    _, complete = forms("posts(first: 1, filter: { page: null, tags: null, any: null })")
    nulls = {"page": None, "tags": None, "any": None}
    assert complete["filter"] == {"order": "NEW", **nulls}


def test_a_missing_variable_leaves_a_member_to_its_default() -> None:
    call = "posts(first: 1, filter: { order: $o, page: { size: $n } })"
    passed, complete = forms(call, "{}", "($o: Order, $n: Int)")
    assert passed == {"first": "1", "filter": {"page": {}}}
    assert complete["filter"] == {**FILLED, "page": {"size": "10"}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("plain(order: OLD)", ("plain(order: $v)", '{"v":"OLD"}')),
        ("posts(ids: [[5]])", ("posts(ids: $v)", '{"v":[["5"]]}')),
        ("posts(ids: 5)", ("posts(ids: $v)", '{"v":[["5"]]}')),
        ("posts(first: 1)", ("posts(first: $v)", '{"v":1.0}')),
        ("posts(json: 100)", ("posts(json: $v)", '{"v":1e2}')),
        ("posts(json: -0.0)", ("posts(json: $v)", '{"v":0}')),
        ("posts(filter: { tags: [] })", ("posts(filter: $v)", '{"v":{"order":"NEW","tags":[]}}')),
        (
            'posts(json: { b: [1, null], a: { d: "x", c: true } })',
            ("posts(json: $v)", '{"v":{"a":{"c":true,"d":"x"},"b":[1,null]}}'),
        ),
    ],
)
def test_what_means_the_same_has_one_form(one: str, other: tuple[str, str]) -> None:
    call, variables = other
    assert forms(one)[-1] == forms(call, variables, "($v: Json)")[-1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("posts(json: [])", "posts(json: {})"),
        ("posts(json: [[]])", "posts(json: [])"),
        ("posts(json: [1, 2])", "posts(json: [2, 1])"),
        ('posts(json: "null")', "posts(json: null)"),
        ('posts(json: "1.0")', 'posts(json: "1")'),
        ("posts(json: 1.1)", "posts(json: 1.10000000000000000000000000000000001)"),
        ("posts(json: 123456789012345678901)", "posts(json: 123456789012345678902)"),
        ("posts(json: 1e400)", "posts(json: 1e401)"),
        ("posts(json: 1e99999999999)", "posts(json: 1e99999999998)"),
        ("posts(ids: [[1], [2]])", "posts(ids: [[1, 2]])"),
        ("posts(json: { a: null })", "posts(json: {})"),
    ],
)
def test_what_differs_has_two_forms(one: str, other: str) -> None:
    assert not {str(f) for f in forms(one)} & {str(f) for f in forms(other)}


@pytest.mark.parametrize("call", ["plain", "posts(filter: {})", "posts(filters: {})"])
def test_an_introspected_schema_has_the_same_defaults(call: str) -> None:
    again = build_client_schema(introspected(SCHEMA))
    assert forms(call, schema=again) == forms(call)


def test_defaults_that_go_in_circles_come_to_an_end() -> None:
    """An origin may send what graphql-core would not accept: only validation finds it."""
    circle = build_schema(
        "input A { a: A = {}, b: A = {} } type Query { f(a: A = {}): Int }", assume_valid=True
    )
    started = time.process_time()
    assert forms("f", schema=circle)[0] == {}
    assert time.process_time() - started < 1


def test_variables_nest_as_deep_as_they_like() -> None:
    """The second form holds the defaults of every one of them."""
    depth = 900
    text = '{"f":' + '{"inner":' * depth + "{}" + "}" * depth + "}"
    _, complete = forms("posts(filter: $f)", text, "($f: Filter)")
    assert json.dumps(complete).count('"NEW"') == depth + 1


def test_the_purging_api_writes_arguments_the_same_way() -> None:
    given_ = {"b": [True, None, 1, "x"], "a": {"c": 1.50, "b": {}}}
    assert canonical_arguments(given_) == '{"a":{"b":{},"c":"1.5"},"b":["true",null,"1","x"]}'


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=4), _JSON), st.randoms(use_true_random=False))
def test_the_order_of_members_does_not_matter(
    arguments: dict[str, Any], picks: random.Random
) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, list):
            return [shuffled(item) for item in value]
        if isinstance(value, dict):
            items = [(name, shuffled(item)) for name, item in value.items()]
            picks.shuffle(items)
            return dict(items)
        return value

    assert canonical_arguments(shuffled(arguments)) == canonical_arguments(arguments)


@given(st.dictionaries(st.text(max_size=4), _JSON), st.dictionaries(st.text(max_size=4), _JSON))
def test_two_values_have_two_texts(left: dict[str, Any], right: dict[str, Any]) -> None:
    def strings(value: Any) -> Any:
        if isinstance(value, list):
            return [strings(item) for item in value]
        if isinstance(value, dict):
            return {name: strings(item) for name, item in value.items()}
        if value is None or isinstance(value, str):
            return value
        return json.dumps(value)

    same = strings(left) == strings(right)
    assert (canonical_arguments(left) == canonical_arguments(right)) == same
