"""What is injected into a query, and that no more than that is."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest
from graphql import build_schema, parse, strip_ignored_characters, validate
from hypothesis import given, settings

from controller.core.instrument import PREFIX as PROCESS_PREFIX
from controller.core.instrument import instrument
from controller.core.schema import SchemaIndex
from tests.core.documents import documents
from tests.core.world import INDEX, PASSIVE, POLICY, PREFIX, SCHEMA, operation
from tests.support.effort import examples


def injected(text: str, index: SchemaIndex = INDEX) -> str:
    """The instrumented document with ``@0`` for the first alias and so on; it must be valid."""
    result = instrument(index, operation(text), prefix=PREFIX)
    assert validate(index.schema, parse(result.text)) == []
    assert set(re.findall(rf"{PREFIX}\d+", result.text)) == set(result.aliases)
    return result.text.replace(PREFIX, "@")


@pytest.mark.parametrize(
    "text",
    [
        "{post{id title}}",
        "{count}",
        "{post{id price{amount}comments{nodes{key}}}}",
        "{node{__typename id}}",
        "{me{id query{count}}}",
        '{__schema{types{name fields{name}}}__type(name:"Post"){name}}',
        "{things{__typename}}",
        "subscription{posted{title}}",
        "{posts@stream{title}}",
        "{...@defer{post{title}}}",
    ],
)
def test_a_document_that_lacks_nothing_is_sent_as_it_is(text: str) -> None:
    asked = operation(text)
    result = instrument(INDEX, asked, prefix=PREFIX)
    assert result.text == asked.text
    assert result.aliases == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{post{title}}", "{post{@0:id title}}"),
        ("{me{id:name}}", "{me{@0:id id:name}}"),
        ("{me{i:id}}", "{me{@0:id i:id}}"),
        (
            "query($y:Boolean!){me{id@include(if:$y)}}",
            "query($y:Boolean!){me{@0:id id@include(if:$y)}}",
        ),
        (
            "query($y:Boolean!){me{...@skip(if:$y){id}name}}",
            "query($y:Boolean!){me{@0:id ...@skip(if:$y){id}name}}",
        ),
        ("{me{...F}}fragment F on Node{id}", "{me{...F}}fragment F on Node{id}"),
        ("{me{...on Node{... on User{id}}}}", "{me{...on Node{...on User{id}}}}"),
        ("{me{friends{name}id}}", "{me{friends{@0:id name}id}}"),
        ("{...Q}fragment Q on Query{me{name}}", "{...Q}fragment Q on Query{me{@0:id name}}"),
        ("{grid{title}}", "{grid{@0:id title}}"),
        ("{feed{edges{node{title}}}}", "{feed{edges{node{@0:id title}}}}"),
    ],
)
def test_a_key_is_injected_where_it_is_not_selected_plainly(text: str, expected: str) -> None:
    assert injected(text) == expected


def test_every_part_of_every_key_is_injected() -> None:
    assert injected("{product{name}}") == "{product{@0:sku @1:store @2:id name}}"
    assert injected("{product{name sku id}}") == "{product{@0:store name sku id}}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{node{id}}", "{node{@0:__typename id}}"),
        ("{node{t:__typename id}}", "{node{@0:__typename t:__typename id}}"),
        ("{node{...on Post{__typename id}}}", "{node{@0:__typename ...on Post{__typename id}}}"),
        (
            "{thing{...on Money{amount __typename}}}",
            "{thing{@0:__typename ...on Money{amount __typename}}}",
        ),
    ],
)
def test_typename_is_injected_where_the_type_is_abstract(text: str, expected: str) -> None:
    assert injected(text) == expected


def test_members_of_a_union_get_one_alias_per_return_type() -> None:
    assert injected("{thing{__typename...on Post{title}...on User{name}...on Counter{n}}}") == (
        "{thing{...on Counter{@0:id}...on Post{@1:id}...on User{@1:id}"
        "__typename ...on Post{title}...on User{name}...on Counter{n}}}"
    )


def test_members_of_which_nothing_is_selected_get_no_key() -> None:
    assert injected("{thing{__typename...on Ledger{total}}}") == (
        "{thing{...on Ledger{@0:id}__typename ...on Ledger{total}}}"
    )


def test_an_interface_with_the_key_field_gets_it_once() -> None:
    assert injected("{node{__typename...on Post{title}...on User{name}}}") == (
        "{node{@0:id __typename ...on Post{title}...on User{name}}}"
    )


def test_an_interface_of_the_document_reaches_several_members_at_once() -> None:
    assert injected("{thing{__typename...on Node{...on User{name}...on Post{title}}}}") == (
        "{thing{...on Node{@0:id}__typename ...on Node{...on User{name}...on Post{title}}}}"
    )


def test_an_interface_without_the_key_field_gets_it_per_member() -> None:
    assert injected("{titled{__typename title}}") == (
        "{titled{...on Page{@0:id}...on Post{@1:id}__typename title}}"
    )


def test_a_key_field_that_needs_arguments_identifies_nothing() -> None:
    schema = build_schema("type Query { a: A } type A { id(format: String!): ID key: [ID] n: Int }")
    assert injected("{a{n}}", SchemaIndex(schema, POLICY)) == "{a{n}}"


def test_a_query_root_is_no_entity_even_with_an_id() -> None:
    schema = build_schema("type Query { id: ID query: Query! n: Int }")
    assert injected("{query{n}}", SchemaIndex(schema, POLICY)) == "{query{n}}"


def test_key_fields_of_the_config_take_the_place_of_the_defaults() -> None:
    index = SchemaIndex(SCHEMA, replace(POLICY, key_fields={"Post": (("title",),), "User": ()}))
    assert injected("{post{body owner{name}}}", index) == "{post{@0:title body owner{name}}}"


def test_instrument_false_injects_nothing() -> None:
    asked = operation("{node{id}}")
    assert instrument(PASSIVE, asked).text is asked.text


def test_a_document_that_holds_the_prefix_is_left_alone() -> None:
    asked = operation(f"{{post{{{PREFIX}0:title}}}}")
    assert instrument(INDEX, asked, prefix=PREFIX).text is asked.text


def test_aliases_carry_64_random_bits() -> None:
    assert re.fullmatch(r"_s[0-9a-f]{16}_", PROCESS_PREFIX)
    assert PROCESS_PREFIX in instrument(INDEX, operation("{post{title}}")).text


def test_instrumented_documents_are_valid_and_canonical() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(250), deadline=None)
    @given(documents())
    def check(text: str) -> None:
        asked = operation(text)
        assert validate(SCHEMA, parse(text)) == []
        result = instrument(INDEX, asked, prefix=PREFIX)
        assert validate(SCHEMA, parse(result.text)) == []
        assert strip_ignored_characters(result.text) == result.text
        assert instrument(INDEX, asked, prefix=PREFIX).text == result.text
        seen["injected"] += bool(result.aliases)
        seen["typename"] += "__typename" in result.aliases.values()
        seen["conflicting"] += len(set(result.aliases.values())) < len(result.aliases)
        seen["nothing"] += not result.aliases

    check()
    assert min(seen[k] for k in ("injected", "typename", "conflicting", "nothing")) > 0, seen
