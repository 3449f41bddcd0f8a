"""What an answer is made of."""

from __future__ import annotations

import json

import pytest
from graphql import build_schema

from controller.core.instrument import instrument
from controller.core.layout import Layout
from controller.core.schema import SchemaIndex
from controller.core.walk import parse_answer, parse_exactly, walk
from tests.core.walking import EVERY_THING, entities, seen
from tests.core.world import INDEX, POLICY, PREFIX, operation


def test_entities_are_found_by_injected_keys() -> None:
    found = seen(
        "{post{title owner{name}price{amount}}}",
        '{"post":{"@0":"5","title":"t","owner":{"@0":"7","name":"n"},"price":{"amount":1}}}',
    )
    assert entities(found) == {("Post", "id", "5"), ("User", "id", "7")}
    assert found.types == {"Post", "User", "Money"}
    assert found.injected == 2
    assert (found.unidentified, found.nulls, found.lists) == (set(), set(), set())


def test_entities_are_found_by_the_clients_own_keys() -> None:
    found = seen("{post{i:id}}", '{"post":{"i":"5"}}', instrumented=False)
    assert entities(found) == {("Post", "id", "5")}
    assert found.unidentified == set()


def test_a_response_key_named_like_a_key_field_identifies_nothing() -> None:
    found = seen("{me{id:name}}", '{"me":{"id":"bob"}}', instrumented=False)
    assert entities(found) == set()
    assert found.unidentified == {"User"}


@pytest.mark.parametrize(
    ("value", "tagged"),
    [("5", "5"), ('"5"', "5"), ("0", "0"), ('""', ""), ("true", "true"), ("-7", "-7")],
)
def test_key_values_become_strings(value: str, tagged: str) -> None:
    found = seen("{me{name}}", f'{{"me":{{"@0":{value},"name":null}}}}')
    assert entities(found) == {("User", "id", tagged)}
    assert not found.inexact


@pytest.mark.parametrize("value", ["1.0", "1e3", "123456789012345678901234"])
def test_a_key_that_went_through_a_float_is_inexact_and_then_read_from_the_text(value: str) -> None:
    body = f'{{"me":{{"{PREFIX}0":{value}}}}}'.encode()
    layout = instrument(INDEX, operation("{me{name}}"), prefix=PREFIX).layout
    assert walk(layout, parse_answer(body)).inexact
    found = walk(layout, parse_exactly(body))
    assert entities(found) == {("User", "id", value)}
    assert not found.inexact


@pytest.mark.parametrize("value", ["null", '{"a":1}', "[1]"])
def test_a_keyed_object_without_a_usable_key_is_unidentified(value: str) -> None:
    found = seen("{me{name}}", f'{{"me":{{"@0":{value},"name":"n"}}}}')
    assert entities(found) == set()
    assert found.unidentified == {"User"}
    assert found.types == {"User"}


def test_a_key_field_with_arguments_identifies_nothing() -> None:
    schema = build_schema("type Query { a: A } type A { id(short: Boolean): ID }")
    index = SchemaIndex(schema, POLICY)
    found = seen("{a{id(short:true)}}", '{"a":{"id":"9"}}', index, instrumented=False)
    assert entities(found) == set()
    assert found.unidentified == {"A"}
    assert instrument(index, operation("{a{id(short:true)}}"), prefix=PREFIX).aliases


def test_a_value_type_is_neither_entity_nor_unidentified() -> None:
    found = seen("{post{id price{amount}}}", '{"post":{"id":1,"price":{"amount":1}}}')
    assert found.unidentified == set()
    assert found.types == {"Post", "Money"}


@pytest.mark.parametrize(
    ("product", "expected", "unidentified", "null_keys"),
    [
        ('"sku":"a","store":1,"id":"9"', {("sku,store", "a", "1"), ("id", "9")}, False, False),
        ('"sku":"a","store":1,"id":null', {("sku,store", "a", "1")}, False, True),
        ('"sku":null,"store":1,"id":"9"', {("id", "9")}, False, True),
        ('"sku":null,"store":1,"id":null', set(), True, False),
        ('"sku":"a","store":1', {("sku,store", "a", "1")}, True, False),
        ('"id":"9"', {("id", "9")}, True, False),
        ('"sku":"a","store":1,"id":{"a":1}', {("sku,store", "a", "1")}, True, False),
    ],
)
def test_alternative_and_compound_keys(
    product: str, expected: set[tuple[str, ...]], unidentified: bool, null_keys: bool
) -> None:
    found = seen("{product{sku store id}}", f'{{"product":{{{product}}}}}')
    assert entities(found) == {("Product", *rest) for rest in expected}
    assert found.unidentified == ({"Product"} if unidentified else set())
    assert found.null_keys == ({"Product"} if null_keys else set())


def test_abstract_objects_say_their_type() -> None:
    found = seen(
        "{things{...on Counter{n}...on User{name}}}",
        '{"things":[{"@0":"Counter","@1":0,"n":1},{"@0":"User","@2":"7"},{"@0":"Post"}]}',
    )
    assert entities(found) == {("Counter", "id", "0"), ("User", "id", "7")}
    assert found.unidentified == {"Post"}
    assert found.types == {"Counter", "User", "Post"}
    assert found.injected == 5


@pytest.mark.parametrize("selected", ["__typename", "t:__typename", "...{t:__typename}"])
def test_the_clients_own_typename_serves(selected: str) -> None:
    key = selected.split(":")[0].strip("{.")
    found = seen(
        f"{{thing{{{selected}...on User{{id}}}}}}",
        f'{{"thing":{{"{key}":"User","id":"7"}}}}',
        instrumented=False,
    )
    assert entities(found) == {("User", "id", "7")}
    assert found.types == {"User"}


@pytest.mark.parametrize("key", ["t", "__typename"])
def test_a_key_that_can_hold_another_field_is_not_believed(key: str) -> None:
    found = seen(
        f"{{thing{{...on Post{{{key}:title}}...on User{{{key}:__typename id}}}}}}",
        f'{{"thing":{{"{key}":"User","id":"7"}}}}',
        instrumented=False,
    )
    assert found.types == EVERY_THING
    assert found.unidentified == {"Counter", "Ledger", "Post"}


def test_an_object_of_unknown_type_counts_as_every_possible_one() -> None:
    found = seen(
        "{thing{...on Post{id owner{id}}...on Counter{i:id next{__typename...on User{id}}}}}",
        '{"thing":{"id":"5","owner":{"id":"7"},"i":5,"next":{"__typename":"User","id":"8"}}}',
        instrumented=False,
    )
    assert found.types == EVERY_THING
    assert entities(found) == {
        ("Post", "id", "5"),
        ("Counter", "id", "5"),
        ("User", "id", "7"),
        ("User", "id", "8"),
    }
    assert found.unidentified == {"User", "Ledger"}


def test_guesses_do_not_multiply_with_depth() -> None:
    fragments = [
        f"fragment F{n} on Thing{{...on Post{{p:about{{...F{n + 1}}}}}"
        f"...on User{{p:favourite{{...F{n + 1}}}}}...on Counter{{p:next{{...F{n + 1}}}}}}}"
        for n in range(60)
    ]
    data = '{"id":"1"}'
    for _ in range(60):
        data = f'{{"p":{data}}}'
    text = f"{{thing{{...F0}}}}{''.join(fragments)}fragment F60 on Thing{{...on User{{id}}}}"
    assert entities(seen(text, f'{{"thing":{data}}}', instrumented=False)) == {("User", "id", "1")}


def test_a_typename_the_schema_does_not_know_is_unexpected() -> None:
    assert seen("{thing{__typename}}", '{"thing":{"__typename":"Comet"}}').unexpected
    assert seen("{thing{__typename}}", '{"thing":{"__typename":"Product"}}').unexpected
    assert seen("{thing{__typename}}", '{"thing":{"__typename":5}}').unexpected


@pytest.mark.parametrize("data", ['{"me":5}', '{"me":[true]}', '{"posts":"x"}'])
def test_a_leaf_where_an_object_should_stand_is_unexpected(data: str) -> None:
    assert seen("{me{id}posts{id}}", data).unexpected


def test_a_root_is_no_type_and_names_its_fields() -> None:
    found = seen("{me{id query{c:count me{id}}}}", '{"me":{"id":1,"query":{"c":5,"me":null}}}')
    assert found.types == {"User"}
    assert sorted(s.name for s in found.root_fields) == ["count", "me", "me"]


def test_members_the_document_skipped_are_no_nulls() -> None:
    assert seen("query($n:Boolean!){me@include(if:$n){id}}", "{}").nulls == set()


def test_depth_is_no_matter() -> None:
    text, data = "{name}", '{"name":"x"}'
    for _ in range(90):
        text = f"{{friends{text}}}"
        data = f'{{"{PREFIX}0":"7","friends":[{data}]}}'
    found = seen(f"{{me{text}}}", f'{{"me":{data}}}')
    assert entities(found) == {("User", "id", "7")}
    assert found.injected == 90


def test_a_layout_stays_as_small_as_its_document() -> None:
    text = "{id}"
    for _ in range(30):
        text = f"{{...on Node{{...on Page{{parent{text}}}}}}}"
    layout = Layout(INDEX, operation(f"{{node{text}}}"), {})
    data: object = None
    for _ in range(30):
        data = {"parent": data, "__typename": "Page"}
    walk(layout, {"node": data})
    assert len(layout._positions) <= 31


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a":1e400}', {"a": "1e400"}),
        (b'{"a":"\\ud800"}', {"a": "\ud800"}),
        (b'{"a":1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a":"\\ud800"}', {"a": "\ud800"}),
    ],
)
def test_what_orjson_refuses_is_read_by_json(body: bytes, value: object) -> None:
    assert parse_answer(body) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"a":NaN}',
        b"[" * 1_500 + b"]" * 1_500,
        json.dumps({"a": "caf\u00e9"}, ensure_ascii=False).encode("latin-1"),
        json.dumps({}).encode("utf-16"),
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
    ],
)
def test_what_is_not_json_in_utf8_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of json, orjson and the decoder
        parse_answer(body)
