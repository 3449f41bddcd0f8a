"""Names of a service's schema that the generated mutations want for something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from graphql import build_client_schema, build_schema, get_introspection_query

from controller.admin.state import AdminState
from controller.core.policy import Key, Policy
from controller.core.schema import SchemaIndex
from controller.core.tags import entity_tag, root_field_arguments_tag, root_field_tag, type_tag
from tests.admin.conftest import TOKEN, Api

Use = Callable[..., None]


@pytest.fixture
def use(state: AdminState) -> Use:
    """Make the API that of another schema."""

    def use(sdl: str, **key_fields: tuple[Key, ...]) -> None:
        policy = Policy(service="demo", digest="d", key_fields=key_fields)
        state.policy = policy
        state.index = SchemaIndex(build_schema(sdl), policy)

    return use


async def mutations(api: Api) -> dict[str, Any]:
    """The fields of the API's Mutation, by introspection."""
    response = await api.send(get_introspection_query())
    assert response.status_code == 200, response.text
    root = build_client_schema(response.json()["data"]).mutation_type
    assert root is not None
    return root.fields


async def refused(api: Api, document: str) -> dict[str, Any]:
    """The one error of a document that purges nothing."""
    response = await api.send(document)
    assert await api.recorded() == []
    (error,) = response.json()["errors"]
    found: dict[str, Any] = error
    return found


@pytest.mark.parametrize("name", ["soft", "dryRun", "refresh"])
async def test_a_key_field_called_like_an_option_is_reached_by_purge_type(
    api: Api, use: Use, name: str
) -> None:
    use(f"type Query {{ flag: Flag }} type Flag {{ {name}: Boolean }}", Flag=((name,),))
    field = (await mutations(api))["purgeFlag"]
    assert f"For its key field {name} use _purgeType" in field.description
    assert str(field.args[name].type) == "Boolean"
    tag = entity_tag("Flag", (name,), ("true",))
    await api.purge(
        f'mutation {{ _purgeType(type: "Flag", keyFields: [{{name: "{name}", value: true}}]) }}'
    )
    assert tag in await api.tags()
    rest = {"type": "Flag", "keys": {name: "true"}}
    response = await api.http.post("/purge", json=rest, headers={"stellate-token": TOKEN})
    assert response.status_code == 200, response.text
    assert tag in await api.tags()


async def test_the_option_is_what_the_types_own_mutation_takes(api: Api, use: Use) -> None:
    sdl = "type Query { flag: Flag } type Flag { soft: String sku: ID! }"
    use(sdl, Flag=(("soft",), ("sku",)))
    await api.purge("mutation { purgeFlag(sku: 1, soft: true) }")
    (purge,) = await api.recorded()
    assert purge.soft
    assert entity_tag("Flag", ("sku",), ("1",)) in purge.tags
    error = await refused(api, 'mutation { purgeFlag(soft: "red") }')
    assert "Boolean" in error["message"]


async def test_a_compound_key_with_such_a_field(api: Api, use: Use) -> None:
    use("type Query { flag: Flag } type Flag { soft: String sku: ID! }", Flag=(("sku", "soft"),))
    error = await refused(api, "mutation { purgeFlag(sku: 1) }")
    assert error["extensions"]["code"] == "INCOMPLETE_KEY"
    await api.purge(
        "mutation { _purgeType(type: Flag, "
        'keyFields: [{name: "sku", value: 1}, {name: "soft", value: "x"}]) }'
    )
    assert entity_tag("Flag", ("sku", "soft"), ("1", "x")) in await api.tags()


async def test_an_id_that_is_no_key_is_refused_with_the_key(api: Api) -> None:
    error = await refused(api, "mutation { purgePackage(id: 5) }")
    assert error["extensions"]["code"] == "UNKNOWN_KEY_FIELD"
    assert "its key is name" in error["message"]
    await api.purge("mutation { purgePackage(id: null, name: x) }")
    assert entity_tag("Package", ("name",), ("x",)) in await api.tags()


async def test_an_id_field_that_was_taken_out_of_the_keys(api: Api, use: Use) -> None:
    use("type Query { a: A } type A { id: ID! slug: ID! }", A=(("slug",),))
    error = await refused(api, "mutation { purgeA(id: 5) }")
    assert "its key is slug" in error["message"]
    use("type Query { a: A } type A { id: ID! }", A=())
    error = await refused(api, "mutation { purgeA(id: 5) }")
    assert "purge the whole type" in error["message"]
    await api.purge("mutation { purgeA }")
    assert type_tag("A") in await api.tags()


async def test_types_that_differ_in_the_case_of_a_letter_are_two(api: Api, use: Use) -> None:
    use("type Query { a: post b: Post } type post { id: ID! } type Post { id: ID! }")
    for name, other in (("post", "Post"), ("Post", "post")):
        await api.purge(f"mutation {{ purge{name}(id: 5) }}")
        tags = await api.tags()
        assert entity_tag(name, ("id",), ("5",)) in tags
        assert entity_tag(other, ("id",), ("5",)) not in tags


async def test_a_type_whose_mutation_a_query_field_has(api: Api, use: Use) -> None:
    use("type Query { a: Query_a b: Query_b } type Query_a { id: ID! } type Query_b { id: ID! }")
    found = await mutations(api)
    assert set(found["purgeQuery_a"].args) == {"args", "soft", "dryRun", "refresh"}
    assert not {name for name in found if name.startswith("purge")} - {
        "purgeQuery_a",
        "purgeQuery_b",
    }
    await api.purge("mutation { purgeQuery_a(args: {}) }")
    assert await api.tags() == {root_field_arguments_tag("a", "{}")}
    await api.purge("mutation { _purgeType(type: Query_a, keyFields: {name: id, value: 5}) }")
    assert entity_tag("Query_a", ("id",), ("5",)) in await api.tags()


async def test_a_type_called_query_beside_another_root(api: Api, use: Use) -> None:
    use("schema { query: Root } type Root { q: Query } type Query { id: ID! }")
    await api.purge("mutation { purgeQuery(id: 5) }")
    assert entity_tag("Query", ("id",), ("5",)) in await api.tags()
    await api.purge("mutation { purgeQuery_q(args: {}) _purgeQuery(queries: q) }")
    assert {root_field_tag("q"), root_field_arguments_tag("q", "{}")} == await api.tags()


@pytest.mark.parametrize(
    "name", ["_All", "All", "Type", "_Type", "Query", "KeyFieldInput", "_Service", "Mutation"]
)
async def test_a_type_called_like_a_part_of_the_api(api: Api, use: Use, name: str) -> None:
    use(f"schema {{ query: Root }} type Root {{ a: {name} }} type {name} {{ id: ID! }}")
    await api.purge(f"mutation {{ purge{name}(id: 5) }}")
    assert entity_tag(name, ("id",), ("5",)) in await api.tags()
    await api.purge("mutation { _purgeQuery(queries: a) }")
    assert await api.tags() == {root_field_tag("a")}


@pytest.mark.parametrize("name", ["info", "_root", "self", "name", "given", "type", "args"])
async def test_a_key_field_may_be_called_anything_else(api: Api, use: Use, name: str) -> None:
    use(f"type Query {{ a: A }} type A {{ {name}: ID! }}", A=((name,),))
    await api.purge(f"mutation {{ purgeA({name}: 5) }}")
    assert entity_tag("A", (name,), ("5",)) in await api.tags()
