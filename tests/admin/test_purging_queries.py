"""Purging by query field, by exact arguments and by operation name."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import (
    GraphQLField,
    build_client_schema,
    build_schema,
    get_introspection_query,
    parse,
    print_schema,
)
from graphql.language import FieldNode, OperationDefinitionNode

from controller.admin.state import AdminState
from controller.core.arguments import root_field_arguments
from controller.core.schema import SchemaIndex
from controller.core.tags import operation_tag, root_field_arguments_tag, root_field_tag
from tests.admin.conftest import POLICY, TOKEN, Api


@pytest.mark.parametrize(
    "call",
    [
        "_purgeQuery(queries: [posts])",
        "_purgeQuery(queries: posts)",
        '_purgeQuery(queries: ["posts"])',
        '_purgeQuery(queries: "posts")',
        '_purgeQuery(queries: [posts, "posts"])',
    ],
)
async def test_a_query_field_as_literal_or_string(api: Api, call: str) -> None:
    await api.purge(f"mutation {{ {call} }}")
    assert await api.tags() == {root_field_tag("posts")}


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("[_QueryEnum!]!", ["posts"]),
        ("_QueryEnum!", "posts"),
        ("[String!]!", ["posts"]),
        ("[String]", "posts"),
        ("String!", "posts"),
    ],
)
async def test_query_fields_in_variables(api: Api, declared: str, value: object) -> None:
    await api.purge(f"mutation ($q: {declared}) {{ _purgeQuery(queries: $q) }}", {"q": value})
    assert await api.tags() == {root_field_tag("posts")}


async def test_operations(api: Api) -> None:
    await api.purge('mutation { _purgeOperationName(names: ["listUsers", "listPosts"]) }')
    assert await api.tags() == {operation_tag("listUsers"), operation_tag("listPosts")}
    await api.purge("mutation { _purgeOperationName(names: listUsers) }")
    assert await api.tags() == {operation_tag("listUsers")}
    await api.purge("mutation { _purgeOperationName(names: listUsers, soft: true) }")
    assert [purge.soft for purge in await api.recorded()] == [True]


@pytest.mark.parametrize("call", ["_purgeQuery(queries: [])", "_purgeOperationName(names: [])"])
async def test_an_empty_list_is_nothing(api: Api, call: str) -> None:
    await api.purge(f"mutation {{ {call} }}")
    assert await api.recorded() == []


def answered(state: AdminState, document: str, **variables: object) -> set[str]:
    """The argument tags of an answer to a query of one field."""
    assert state.index is not None
    return tags_of(state.index, document, variables)


def tags_of(index: SchemaIndex, document: str, variables: dict[str, Any]) -> set[str]:
    (definition,) = parse(document).definitions
    assert isinstance(definition, OperationDefinitionNode)
    (node,) = definition.selection_set.selections
    assert isinstance(node, FieldNode)
    assert index.schema.query_type is not None
    field: GraphQLField = index.schema.query_type.fields[node.name.value]
    return {
        root_field_arguments_tag(node.name.value, form)
        for form in root_field_arguments(field, node, definition, variables)
    }


PACKAGE = '{ package(name: "@urql/core") { name } }'


@pytest.mark.parametrize(
    "call",
    [
        '_purgeQueryField(fields: [{name: package, args: {name: "@urql/core"}}])',
        '_purgeQueryField(fields: {name: "package", args: {name: "@urql/core"}})',
        'purgeQuery_package(args: {name: "@urql/core"})',
        'purgeQuery_package(args: [{name: "@urql/core"}])',
    ],
)
async def test_exact_arguments(api: Api, state: AdminState, call: str) -> None:
    await api.purge(f"mutation {{ {call} }}")
    assert await api.tags() == answered(state, PACKAGE)


@pytest.mark.parametrize(
    ("declaration", "argument", "value"),
    [
        ("$v: [QueryFieldInput!]!", "fields: $v", [{"name": "posts", "args": {"above": 1.5}}]),
        ("$v: QueryFieldInput!", "fields: [$v]", {"name": "posts", "args": {"above": 1.5}}),
        ("$v: QueryFieldInput!", "fields: $v", {"name": "posts", "args": {"above": 1.5}}),
        ("$v: _ArgumentsJSONObject", "fields: [{name: posts, args: $v}]", {"above": 1.5}),
        ("$v: Float", "fields: [{name: posts, args: {above: $v}}]", 1.5),
        ("$v: Float!", 'fields: [{name: "posts", args: {above: $v}}]', "1.5"),
        ("$v: String", "fields: [{name: posts, args: {above: $v}}]", 1.5),
        ("$v: ID", "fields: [{name: posts, args: {above: $v}}]", 1.5),
        ("$v: Float = 1.5", "fields: [{name: posts, args: {above: $v}}]", None),
        ("$v: String!", "fields: [{name: $v, args: {above: 1.50}}]", "posts"),
    ],
)
async def test_variables_everywhere(
    api: Api, state: AdminState, declaration: str, argument: str, value: object
) -> None:
    variables = {} if value is None else {"v": value}
    await api.purge(f"mutation ({declaration}) {{ _purgeQueryField({argument}) }}", variables)
    assert await api.tags() == answered(state, "{ posts(above: 1.5) { id } }")


async def sent_as_written(api: Api, mutation: str, variables: str) -> None:
    """With the variables' JSON as it stands here."""
    response = await api.http.post(
        "/demo",
        content=f'{{"query": "mutation {mutation}", "variables": {variables}}}',
        headers={"stellate-token": TOKEN, "Content-Type": "application/json"},
    )
    assert response.status_code == 200, response.text
    assert "errors" not in response.json()


async def test_a_float_variable_is_one_number_however_it_is_written(
    api: Api, state: AdminState
) -> None:
    call = "($v: Float) { _purgeQueryField(fields: [{name: posts, args: {above: $v}}]) }"
    for written in ("1.50", "1.5", "15e-1"):
        await sent_as_written(api, call, f'{{"v": {written}}}')
        assert await api.tags() == answered(state, "{ posts(above: 1.500) { id } }")


async def test_a_number_in_a_variable_of_arguments_keeps_every_digit(
    api: Api, state: AdminState
) -> None:
    call = "($v: _ArgumentsJSONObject!) { purgeQuery_posts(args: [$v]) }"
    digits = "0.123456789012345678901234"
    await sent_as_written(api, call, f'{{"v": {{"above": {digits}}}}}')
    assert await api.tags() == answered(state, f"{{ posts(above: {digits}) {{ id }} }}")


async def test_a_float_variable_as_an_id_keeps_its_lexeme(api: Api) -> None:
    for declared in ("Float!", "ID", "String", "[Float!]"):
        await sent_as_written(api, f"($v: {declared}) {{ purgePost(id: $v) }}", '{"v": 1.50}')
        assert "key:Post:id:1.50" in await api.tags()


async def test_an_int_variable_is_of_any_length_but_a_number(api: Api) -> None:
    await sent_as_written(api, "($v: Int!) { purgePost(id: $v) }", '{"v": 123456789012}')
    assert "key:Post:id:123456789012" in await api.tags()
    for wrong in ("x", True, "NaN"):
        response = await api.send("mutation ($v: Int) { purgePost(id: $v) }", {"v": wrong})
        assert response.status_code == 400, response.text


@pytest.mark.parametrize(
    ("asked", "args", "meets"),
    [
        ("posts", "", True),
        ("posts", "args: {}", True),
        ("posts", "args: null", True),
        ("posts", "args: {limit: 10}", True),
        ("posts", "args: {limit: 11}", False),
        ("posts(limit: 10)", "args: {limit: 10}", True),
        ("posts(limit: 10)", 'args: {limit: "10"}', True),
        ("posts(limit: 10)", "", False),
        ("posts(limit: 11)", "", False),
        ('posts(tags: "a")', "args: {tags: [a]}", True),
        ('posts(tags: ["a"])', "args: {tags: a}", True),
        ('posts(tags: ["a", "b"])', "args: {tags: [a]}", False),
        ('posts(limit: 1, tags: ["a"])', "args: {tags: [a]}", False),
        ('posts(tags: ["a"], limit: 1)', "args: {limit: 1, tags: [a]}", True),
        ("posts(tags: null)", "args: {tags: null}", True),
        ("posts(tags: null)", "", False),
        ("search(filter: {a: 5})", "args: {filter: {a: 5}}", True),
        ("search(filter: {a: 5})", 'args: {filter: {a: "5"}}', True),
        ("search(filter: {a: 5})", "args: {filter: {a: 6}}", False),
        ("search(filter: {a: 5})", "args: {filter: {}}", False),
    ],
)
async def test_which_arguments_meet(
    api: Api, state: AdminState, asked: str, args: str, meets: bool
) -> None:
    tags = answered(state, f"{{ {asked} {{ id }} }}")
    name = asked.partition("(")[0]
    await api.purge(f"mutation {{ _purgeQueryField(fields: [{{name: {name} {args}}}]) }}")
    assert bool(tags & await api.tags()) is meets


async def test_arguments_in_a_list_stand_each_for_themselves(api: Api) -> None:
    await api.purge('mutation { purgeQuery_package(args: [{name: "a"}, {name: "b"}, null]) }')
    assert await api.tags() == {
        root_field_arguments_tag("package", form) for form in ('{"name":"a"}', '{"name":"b"}', "{}")
    }
    await api.purge("mutation { purgeQuery_package(args: []) }")
    assert await api.recorded() == []


async def refused(api: Api, query: str) -> dict[str, Any]:
    """The error of a field that is null; the other was done."""
    response = await api.send(f"mutation {{ bad: {query} good: purgePost(id: 5) }}")
    assert response.json()["data"] == {"bad": None, "good": True}, response.text
    assert "key:Post:id:5" in await api.tags()
    (error,) = response.json()["errors"]
    assert error["path"] == ["bad"]
    found: dict[str, Any] = error
    return found


@pytest.mark.parametrize(
    ("call", "code", "meant"),
    [
        ("_purgeQuery(queries: [pots])", "UNKNOWN_QUERY_FIELD", "'posts'"),
        ('_purgeQuery(queries: ["pots"])', "UNKNOWN_QUERY_FIELD", "'posts'"),
        ("_purgeQueryField(fields: [{name: pakage}])", "UNKNOWN_QUERY_FIELD", "'package'"),
        ("purgeQuery_package(args: {nam: 1})", "UNKNOWN_ARGUMENT", "'name'"),
        ('_purgeOperationName(names: ["no name"])', "UNKNOWN_OPERATION", "no operation name"),
    ],
)
async def test_what_is_not_known_is_an_error_of_its_field(
    api: Api, call: str, code: str, meant: str
) -> None:
    error = await refused(api, call)
    assert error["extensions"]["code"] == code
    assert meant in error["message"]


async def test_without_a_schema_query_fields_are_strings(schemaless: Api) -> None:
    response = await schemaless.send(get_introspection_query())
    printed = print_schema(build_client_schema(response.json()["data"]))
    assert "_purgeQuery(queries: [String!]!" in printed
    assert "input QueryFieldInput {\n  name: String!\n" in printed
    assert "_QueryEnum" not in printed
    for name in ("anything", '"anything"'):
        await schemaless.purge(f"mutation {{ _purgeQuery(queries: [{name}]) }}")
        assert await schemaless.tags() == {root_field_tag("anything")}
    await schemaless.purge(
        'mutation { _purgeQueryField(fields: [{name: "package", args: {name: "x"}}]) }'
    )
    assert await schemaless.tags() == {root_field_arguments_tag("package", '{"name":"x"}')}


async def test_a_query_field_takes_the_name_that_a_type_would_have_too(
    api: Api, state: AdminState
) -> None:
    sdl = "type Query { a: Query_a } type Query_a { id: ID! }"
    state.index = SchemaIndex(build_schema(sdl), POLICY)
    await api.purge("mutation { purgeQuery_a(args: {}) }")
    assert await api.tags() == {root_field_arguments_tag("a", "{}")}
    await api.purge("mutation { _purgeType(type: Query_a) }")
    assert "type:Query_a" in await api.tags()


async def test_a_field_whose_name_is_no_enum_value_is_reached_by_a_string(
    api: Api, state: AdminState
) -> None:
    state.index = SchemaIndex(build_schema("type Query { true: Int a: Int }"), POLICY)
    await api.purge('mutation { _purgeQuery(queries: ["true"]) }')
    assert await api.tags() == {root_field_tag("true")}
