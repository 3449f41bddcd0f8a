"""What the Purging API purges for each way in which clients ask."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import build_client_schema, get_introspection_query, print_schema

from controller.admin.state import AdminState
from controller.core.mutation import purge_entity_tags, purge_type_tags
from controller.core.schema import SchemaIndex
from controller.core.tags import Purge
from tests.admin.conftest import TOKEN, Api


def entities(state: AdminState, type_name: str, *values: str, key: str = "id") -> set[str]:
    assert state.index is not None
    return {
        tag
        for value in values
        for tag in purge_entity_tags(state.index, type_name, (key,), (value,))
    }


def types(index: SchemaIndex | None, *names: str) -> set[str]:
    assert index is not None
    return {tag for name in names for tag in purge_type_tags(index, name)}


async def test_an_entity_by_its_id(api: Api, state: AdminState) -> None:
    assert await api.purge("mutation { purgePost(id: [5]) }") == {"purgePost": True}
    tags = await api.tags()
    assert "key:Post:id:5" in tags
    assert "type:Post" not in tags
    assert tags == entities(state, "Post", "5")


@pytest.mark.parametrize(
    "argument", ["[5]", "5", '"5"', '["5"]', "[5, 5]", '[5, "5"]'], ids=lambda text: text
)
async def test_one_value_or_a_list_as_number_or_string(
    api: Api, state: AdminState, argument: str
) -> None:
    await api.purge(f"mutation {{ purgePost(id: {argument}) }}")
    assert await api.tags() == entities(state, "Post", "5")


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("[String!]", ["5"]),
        ("[String!]", [5]),
        ("[ID!]!", [5]),
        ("[Int!]", [5]),
        ("[Int]", 5),
        ("ID!", "5"),
        ("ID", 5),
        ("Int", 5),
        ("String!", "5"),
        ("String", 5),
    ],
)
async def test_variables_as_clients_declare_them(
    api: Api, state: AdminState, declared: str, value: object
) -> None:
    await api.purge(f"mutation ($id: {declared}) {{ purgePost(id: $id) }}", {"id": value})
    assert await api.tags() == entities(state, "Post", "5")
    await api.purge(
        f'mutation ($id: {declared}) {{ _purgeType(type: "Post", keyFields: '
        f'[{{name: "id", value: $id}}]) }}',
        {"id": value},
    )
    assert await api.tags() == entities(state, "Post", "5")


async def test_a_long_number_keeps_every_digit(api: Api, state: AdminState) -> None:
    digits = "123456789012345678901234"
    await api.purge(f"mutation {{ purgePost(id: {digits}) }}")
    assert await api.tags() == entities(state, "Post", digits)
    await api.purge("mutation ($id: ID) { purgePost(id: $id) }", {"id": int(digits)})
    assert await api.tags() == entities(state, "Post", digits)


async def test_a_decimal_keeps_its_lexeme(api: Api, state: AdminState) -> None:
    await api.purge("mutation { purgePost(id: 1.50) }")
    assert await api.tags() == entities(state, "Post", "1.50")
    response = await api.http.post(
        "/demo",
        content='{"query": "mutation ($id: String) { purgePost(id: $id) }",'
        ' "variables": {"id": 1.50}}',
        headers={"stellate-token": TOKEN, "Content-Type": "application/json"},
    )
    assert response.status_code == 200, response.text
    assert await api.tags() == entities(state, "Post", "1.50")


@pytest.mark.parametrize("call", ["purgePost", "purgePost(id: null)", '_purgeType(type: "Post")'])
async def test_without_ids_the_whole_type(api: Api, state: AdminState, call: str) -> None:
    await api.purge(f"mutation {{ {call} }}")
    assert await api.tags() == types(state.index, "Post")


@pytest.mark.parametrize("call", ["purgePost(id: [])", '_purgeType(type: "Post", keyFields: [])'])
async def test_an_empty_list_is_nothing(api: Api, call: str) -> None:
    response = await api.send(f"mutation {{ a: {call} }}")
    assert response.json() == {"data": {"a": True}}
    assert await api.recorded() == []


async def test_several_key_fields_are_alternatives(api: Api, state: AdminState) -> None:
    expected = entities(state, "User", "5") | entities(state, "User", "Ann", key="name")
    await api.purge('mutation { purgeUser(id: [5], name: ["Ann"]) }')
    assert await api.tags() == expected
    await api.purge(
        'mutation { _purgeType(type: "User", keyFields: '
        '[{name: "id", value: 5}, {name: "name", value: "Ann"}]) }'
    )
    assert await api.tags() == expected


async def test_a_key_field_of_another_name(api: Api, state: AdminState) -> None:
    await api.purge('mutation { purgePackage(name: "@urql/core") }')
    assert await api.tags() == entities(state, "Package", "@urql/core", key="name")


async def test_the_fields_of_a_compound_key_are_taken_together(api: Api, state: AdminState) -> None:
    assert state.index is not None
    expected = {
        tag
        for values in (("a", "x"), ("b", "y"))
        for tag in purge_entity_tags(state.index, "Stock", ("sku", "store"), values)
    }
    await api.purge('mutation { purgeStock(sku: ["a", "b"], store: ["x", "y"]) }')
    assert await api.tags() == expected
    for call in ('purgeStock(sku: "a")', 'purgeStock(sku: ["a", "b"], store: "x")'):
        error = await refused(api, f"mutation {{ {call} }}")
        assert error["extensions"]["code"] == "INCOMPLETE_KEY"
        assert "sku with store" in error["message"]


async def test_an_interface_or_union_is_each_of_its_types(api: Api, state: AdminState) -> None:
    await api.purge("mutation { purgeNode(id: 5) }")
    assert await api.tags() == entities(state, "Post", "5") | entities(state, "User", "5")
    await api.purge('mutation { purgeFound(name: "x") }')
    assert await api.tags() == entities(state, "Package", "x", key="name")
    await api.purge("mutation { purgeFound }")
    assert await api.tags() == types(state.index, "Post", "Package")


async def test_everything(api: Api) -> None:
    await api.purge("mutation { _purgeAll }")
    assert await api.recorded() == [Purge((), "api _purgeAll", everything=True)]
    await api.purge("mutation { _purgeAll(soft: true) }")
    assert await api.recorded() == [Purge((), "api _purgeAll", soft=True, everything=True)]


async def test_many_fields_are_one_purge_for_hard_and_one_for_soft(
    api: Api, state: AdminState
) -> None:
    data = await api.purge(
        "mutation ($soft: Boolean, $type: String!) {"
        "  a: purgePost(id: [1, 2]) b: purgePost(id: [2, 3]) c: purgeUser(id: 7, soft: $soft)"
        "  d: _purgeType(type: $type, soft: true) e: purgeUser(id: 8, soft: false) }",
        {"soft": True, "type": "Package"},
    )
    assert list(data) == ["a", "b", "c", "d", "e"]
    hard, soft = await api.recorded()
    assert (hard.soft, soft.soft) == (False, True)
    assert set(hard.tags) == entities(state, "Post", "1", "2", "3") | entities(state, "User", "8")
    assert set(soft.tags) == entities(state, "User", "7") | types(state.index, "Package")
    assert hard.source == "api purgePost, purgeUser, _purgeType"


async def test_a_type_by_an_enum_literal(api: Api, state: AdminState) -> None:
    await api.purge("mutation { _purgeType(type: Post) }")
    assert await api.tags() == types(state.index, "Post")


async def refused(api: Api, query: str) -> dict[str, Any]:
    """The one error of a field that is null and purges nothing."""
    response = await api.send(query)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert list(answer["data"].values()) == [None]
    assert await api.recorded() == []
    (error,) = answer["errors"]
    assert error["path"] == list(answer["data"])
    found: dict[str, Any] = error
    return found


@pytest.mark.parametrize("name", ["Pots", "Query", "Color", "Filter", "String", "__Type"])
async def test_a_type_that_cannot_be_purged_is_an_error(api: Api, name: str) -> None:
    error = await refused(api, f'mutation {{ a: _purgeType(type: "{name}") }}')
    assert error["extensions"]["code"] == "UNKNOWN_TYPE"
    if name == "Pots":
        assert "Did you mean 'Post'" in error["message"]


async def test_a_field_that_is_no_key_is_an_error_that_names_the_keys(api: Api) -> None:
    error = await refused(
        api, 'mutation { _purgeType(type: "User", keyFields: [{name: "title", value: "x"}]) }'
    )
    assert error["extensions"]["code"] == "UNKNOWN_KEY_FIELD"
    assert "id or name" in error["message"]
    assert "whole type" in (await refused(api, "mutation { purgeMoney(id: 5) }"))["message"]


async def test_an_error_in_one_field_leaves_the_others_done(api: Api, state: AdminState) -> None:
    response = await api.send('mutation { a: _purgeType(type: "Nope") b: purgePost(id: 5) }')
    assert response.json()["data"] == {"a": None, "b": True}
    assert [error["path"] for error in response.json()["errors"]] == [["a"]]
    assert await api.tags() == entities(state, "Post", "5")


async def test_a_soft_that_is_no_boolean_purges_nothing(api: Api) -> None:
    response = await api.send(
        "mutation ($soft: String) { purgePost(id: 5, soft: $soft) }", {"soft": "false"}
    )
    assert response.json()["errors"], response.text
    assert await api.recorded() == []


async def test_without_a_schema_any_type_by_the_default_keys(schemaless: Api) -> None:
    await schemaless.purge('mutation { _purgeType(type: "Todo") }')
    tags = {"type:Todo", "list:Todo", "null:Todo", "unknown-type", "mixed-list"}
    assert tags == await schemaless.tags()
    await schemaless.purge(
        'mutation { _purgeType(type: "Todo", keyFields: [{name: "_id", value: 42}]) }'
    )
    assert {"key:Todo:_id:42", "some:Todo._id", "unknown-type"} <= await schemaless.tags()
    error = await refused(
        schemaless, 'mutation { _purgeType(type: "Todo", keyFields: [{name: "x", value: 1}]) }'
    )
    assert "id or _id or key" in error["message"]
    assert (await schemaless.send("mutation { purgePost }")).status_code == 400


async def test_a_new_schema_has_new_mutations(api: Api, state: AdminState) -> None:
    state.index, known = None, state.index
    assert (await api.send("mutation { purgePost }")).status_code == 400
    state.index = known
    assert (await api.send("mutation { purgePost }")).status_code == 200


async def test_introspection_shows_what_stellate_documents(api: Api) -> None:
    response = await api.send(get_introspection_query())
    printed = print_schema(build_client_schema(response.json()["data"]))
    more = "soft: Boolean, dryRun: Boolean, refresh: Boolean): Boolean"
    assert printed.count(more) == printed.count(": Boolean\n") > 10
    printed = printed.replace(more, "soft: Boolean): Boolean")
    for line in (
        "_purgeType(type: String!, keyFields: [KeyFieldInput!], soft: Boolean): Boolean",
        "_purgeAll(soft: Boolean): Boolean",
        "purgePost(id: [String!], soft: Boolean): Boolean",
        "purgePackage(id: [String!], name: [String!], soft: Boolean): Boolean",
        "purgeFound(id: [String!], name: [String!], soft: Boolean): Boolean",
        "input KeyFieldInput {\n  name: String!\n  value: String!\n}",
        "_purgeOperationName(names: [String!]!, soft: Boolean): Boolean",
        "_purgeQuery(queries: [_QueryEnum!]!, soft: Boolean): Boolean",
        "_purgeQueryField(fields: [QueryFieldInput!]!, soft: Boolean): Boolean",
        "purgeQuery_posts(args: [_ArgumentsJSONObject]!, soft: Boolean): Boolean",
        "input QueryFieldInput {\n  name: _QueryEnum!\n  args: _ArgumentsJSONObject\n}",
        "enum _QueryEnum {\n  posts\n  node\n  search\n  package\n}",
        "scalar _ArgumentsJSONObject\n",
    ):
        assert line in printed, printed
    assert "_String" not in printed
    assert not any(word in printed for word in (" purgeQuery(", "purgeColor", "purgeMutation"))
    names = [t["name"] for t in response.json()["data"]["__schema"]["types"]]
    assert names.count("String") == 1


async def test_the_service_can_be_asked_for(api: Api) -> None:
    response = await api.send("{ _service { name } }")
    assert response.json() == {"data": {"_service": {"name": "demo"}}}
