"""From an origin's answer to body and tags."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from graphql import build_client_schema, build_schema, introspection_from_schema

from controller.core.answer import Answer, Uncuttable, read_answer
from controller.core.arguments import canonical_arguments
from controller.core.instrument import instrument
from controller.core.schema import SchemaIndex
from tests.core.world import INDEX, POLICY, PREFIX, SCHEMA, operation


def read(
    text: str,
    body: str,
    variables: Mapping[str, Any] | None = None,
    *,
    index: SchemaIndex = INDEX,
    instrumented: bool = True,
) -> Answer | Uncuttable:
    asked = operation(text)
    sent = instrument(index, asked, prefix=PREFIX) if instrumented else None
    return read_answer(index, asked, sent, body.replace("@", PREFIX).encode(), variables or {})


def tags(text: str, body: str, variables: Mapping[str, Any] | None = None, **how: Any) -> set[str]:
    answer = read(text, body, variables, **how)
    assert isinstance(answer, Answer), answer
    assert len(set(answer.tags)) == len(answer.tags)
    return set(answer.tags)


def test_all_tags_of_an_answer() -> None:
    answer = read(
        "query Home{posts(first:3){title owner{name}}thing{...on User{name}}}",
        '{"data":{"posts":[{"@0":5,"title":"t","owner":{"@0":"7","name":"n"}}],"thing":null}}',
    )
    assert answer == Answer(
        body=b'{"data":{"posts":[{"title":"t","owner":{"name":"n"}}],"thing":null}}',
        tags=(
            "app:shop",
            "key:Post:id:5",
            "key:User:id:7",
            "list:Post",
            "null:Counter",
            "null:Ledger",
            "null:Money",
            "null:Post",
            "null:User",
            "operation:Home",
            "query:posts",
            'query:posts({"first":"3"})',
            "query:thing",
            "query:thing({})",
            "type:Post",
            "type:User",
        ),
        has_errors=False,
        has_data=True,
        too_many_tags=False,
    )


def test_an_uninstrumented_answer_is_untouched_and_tagged_by_what_it_has() -> None:
    body = '{"data":{"me":{"name":"n"},"post":{"id":"1"}}}'
    answer = read("{me{name}post{id}}", body, instrumented=False)
    assert isinstance(answer, Answer)
    assert answer.body == body.encode()
    assert {"some:User", "key:Post:id:1"} <= set(answer.tags)
    assert "some:Post" not in answer.tags


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("{posts{id}}", {}, {"{}", '{"first":"10"}'}),
        ("{posts(first:null){id}}", {}, {'{"first":null}'}),
        ("query($n:Int){posts(first:$n){id}}", {"n": 4}, {'{"first":"4"}'}),
        ("query($n:Int){posts(first:$n){id}}", {"n": None}, {'{"first":null}'}),
        ("query($n:Int){posts(first:$n){id}}", {}, {"{}", '{"first":"10"}'}),
        ("query($n:Int=7){posts(first:$n){id}}", {}, {'{"first":"7"}'}),
        (
            "query($t:ID,$s:[Int]){posts(first:1,filter:{tag:$t,deep:{sizes:[1,$s]}}){id}}",
            {"s": 2},
            {'{"filter":{"deep":{"sizes":["1","2"]}},"first":"1"}'},
        ),
        (
            "query($f:Filter){posts(first:1 filter:$f){id}}",
            {"f": {"tag": "\u2603", "deep": None}},
            {'{"filter":{"deep":null,"tag":"\\u2603"},"first":"1"}'},
        ),
        ("{posts(first:1 filter:{}){id}}", {}, {'{"filter":{},"first":"1"}'}),
    ],
)
def test_root_field_arguments_as_passed_and_with_defaults(
    text: str, variables: dict[str, Any], expected: set[str]
) -> None:
    found = tags(text, '{"data":{"posts":[]}}', variables)
    assert {t for t in found if t.startswith("query:posts(")} == {
        f"query:posts({arguments})" for arguments in expected
    }


@pytest.mark.parametrize("introspected", [False, True])
def test_enums_and_booleans_become_strings(introspected: bool) -> None:
    schema = build_client_schema(introspection_from_schema(SCHEMA)) if introspected else SCHEMA
    found = tags("{p:post(id:5){id}}", '{"data":{"p":null}}', index=SchemaIndex(schema, POLICY))
    assert "query:post" in found
    assert 'query:post({"id":"5"})' in found
    assert 'query:post({"id":"5","order":"NEW","preview":"false"})' in found


def test_the_purging_api_writes_arguments_the_same_way() -> None:
    written = canonical_arguments({"b": [True, None, 1, "x"], "a": {"c": 1.5, "b": {}}})
    assert written == '{"a":{"b":{},"c":"1.5"},"b":["true",null,"1","x"]}'


def test_variables_nest_as_deep_as_they_like() -> None:
    deep: Any = {}
    for _ in range(5_000):
        deep = {"deep": [deep]}
    found = tags("query($f:Filter){posts(filter:$f){id}}", '{"data":{"posts":[]}}', {"f": deep})
    assert any(len(t) > 5_000 for t in found)


def test_fields_of_a_nested_query_root_are_root_fields() -> None:
    body = '{"data":{"me":{"id":"1","query":{"count":1,"post":{"id":"2"}}}}}'
    assert {"query:count", "query:post", "query:me"} <= tags("{me{id query{count post{id}}}}", body)


@pytest.mark.parametrize("body", ['{"data":null}', '{"data":null,"errors":[{}]}', "{}"])
def test_without_data_everything_selected_is_null(body: str) -> None:
    text = "query Q{post{title owner{name query{count}}}thing{...on Counter{n}}}"
    found = tags(text, body)
    assert {t for t in found if t.startswith("null:")} == {
        "null:Post",
        "null:User",
        "null:Counter",
    }
    assert {"query:post", "query:thing", "operation:Q"} <= found


def test_with_errors_a_null_may_come_from_anything_below_it() -> None:
    body = '{"data":{"post":null},"errors":[{"message":"no owner"}]}'
    assert {"null:Post", "null:User"} <= tags("{post{id owner{id}}}", body)
    body = '{"data":{"product":{"sku":"a","store":1,"id":null}},"errors":[{"message":"id"}]}'
    assert {"some:Product", "key:Product:sku=a,store=1"} <= tags("{product{sku store id}}", body)


@pytest.mark.parametrize(
    ("errors", "expected"), [("null", False), ("[]", False), ("[{}]", True), ('"x"', True)]
)
def test_has_errors(errors: str, expected: bool) -> None:
    answer = read("{count}", f'{{"errors":{errors},"data":{{"count":1}}}}')
    assert isinstance(answer, Answer)
    assert answer.has_errors is expected
    assert answer.has_data


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<html>", "not-json"),
        ("", "not-json"),
        ("[]", "not-an-object"),
        ('{"data":[]}', "unexpected-data"),
        ('{"data":{"post":"x"}}', "unexpected-data"),
        ('{"data":{"post":{"@0":{"a":1},"title":"t"}}}', "injected-members-differ"),
        ('{"data":{"post":{"@0":1,"@0":1,"title":"t"}}}', "injected-members-differ"),
        ('{"data":{"post":{"@0":1,"title":"@0"}}}', "injected-members-differ"),
        ('{"data":{"post":{"@0":1,"title":{"@0":1}}}}', "injected-members-differ"),
        ('{"data":{"post":null},"errors":[{"path":["post","@0"]}]}', "injected-members-differ"),
    ],
)
def test_what_cannot_be_cut_for_certain_is_refused(body: str, reason: str) -> None:
    assert read("{post{title}}", body) == Uncuttable(reason)


@pytest.mark.parametrize("title", ['"t"', "1e400"])
@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("0", "0"),
        ("123456789012345678901234", "123456789012345678901234"),
        ("1.0", "1.0"),
        ('"\\ud800"', "\ud800"),
    ],
)
def test_key_values_keep_their_characters(value: str, tag: str, title: str) -> None:
    answer = read("{post{title}}", f'{{"data":{{"post":{{"@0":{value},"title":{title}}}}}}}')
    assert isinstance(answer, Answer)
    assert answer.body == f'{{"data":{{"post":{{"title":{title}}}}}}}'.encode()
    assert f"key:Post:id:{tag}" in answer.tags


def test_over_the_limit_the_busiest_types_become_one_tag() -> None:
    posts = [{f"{PREFIX}0": n, "owner": {f"{PREFIX}0": n % 3}} for n in range(50)]
    body = json.dumps({"data": {"posts": posts}})
    text = "{posts{owner{name}}}"

    def limited(limit: int) -> Answer:
        index = SchemaIndex(SCHEMA, replace(POLICY, max_tags=limit))
        answer = read(text, body, index=index)
        assert isinstance(answer, Answer)
        return answer

    assert len(limited(60).tags) == 60
    assert not limited(60).too_many_tags
    some_posts = limited(59)
    assert "some:Post" in some_posts.tags
    assert {"key:User:id:0", "type:Post"} <= set(some_posts.tags)
    assert not any(t.startswith("key:Post") for t in some_posts.tags)
    assert {"some:Post", "some:User"} <= set(limited(9).tags)
    assert not limited(9).too_many_tags
    assert limited(8).too_many_tags


def test_a_type_that_is_unidentified_anyway_makes_room_for_all_its_entities() -> None:
    posts = [{f"{PREFIX}0": n} for n in range(9)] + [{f"{PREFIX}0": None}]
    body = json.dumps({"data": {"posts": posts, "me": {f"{PREFIX}0": 1}}})
    index = SchemaIndex(SCHEMA, replace(POLICY, max_tags=10))
    found = tags("{posts(first:1){title}me{name}}", body, index=index)
    assert len(found) == 10
    assert {"some:Post", "key:User:id:1"} <= found


def test_unidentified_members_of_an_answer_are_named_once() -> None:
    found = tags("{things{__typename}}", '{"data":{"things":[{"__typename":"Post"}]}}')
    assert {"some:Post", "type:Post", "list:Post", "list:User"} <= found


def test_types_of_which_only_typename_is_selected_still_count_where_they_are_null() -> None:
    assert "null:Money" in tags("{thing{__typename}}", '{"data":{"thing":null}}')


def test_a_document_that_multiplies_is_neither_instrumented_nor_read() -> None:
    fields = " ".join(f"a{n}: id @include(if: $n)" for n in range(400))
    roots = " ".join(f"b{n}: node {{ ...F }}" for n in range(400))
    text = f"query($n: Boolean!) {{ {roots} }} fragment F on Node {{ {fields} }}"
    body = json.dumps({"data": {f"b{n}": {} for n in range(400)}})
    started = time.process_time()
    assert instrument(INDEX, operation(text)).aliases == {}
    assert read(text, body, {"n": False}) == Uncuttable("too-intricate")
    assert time.process_time() - started < 2


def test_the_peers_bugs() -> None:
    """What @envelop/response-cache leaves stale: a null, an empty list."""
    assert "null:Post" in tags("{p:post{id}}", '{"data":{"p":null}}')
    assert {"null:User", "null:Post"} <= tags("{n:node(id:1){id}}", '{"data":{"n":null}}')
    assert "list:Post" in tags("{posts{id}}", '{"data":{"posts":[]}}')
    index = SchemaIndex(
        build_schema("type Query { users: [User] } type User { id: Int name: ID }"), POLICY
    )
    found = tags("{users{id:name}}", '{"data":{"users":[{"@0":0,"id":"x"}]}}', index=index)
    assert "key:User:id:0" in found
    assert "key:User:id:x" not in found
