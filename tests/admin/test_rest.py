"""``POST /purge``: the same batch as a GraphQL document, typed, with the place of each mistake."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from controller.admin.state import AdminState
from controller.core.tags import Purge
from controller.purge.sqlite_log import SqliteLog
from tests.admin.conftest import TOKEN, Api
from tests.purge.conftest import pragma


async def post(api: Api, body: object, **headers: str) -> httpx.Response:
    return await api.http.post("/purge", json=body, headers={"stellate-token": TOKEN, **headers})


@pytest.mark.parametrize(
    ("wish", "mutation"),
    [
        ({"type": "Post", "id": ["5"]}, "purgePost(id: [5])"),
        ({"type": "Post", "id": 5}, "purgePost(id: [5])"),
        ({"type": "Post", "id": [5, "6"], "soft": True}, "purgePost(id: [5, 6], soft: true)"),
        ({"type": "Post"}, "purgePost"),
        ({"type": "Post", "id": None}, "purgePost"),
        ({"type": "Node", "id": "5"}, "purgeNode(id: 5)"),
        (
            {"type": "User", "id": "5", "keys": {"name": ["Ann", "Bob"]}},
            'purgeUser(id: 5, name: ["Ann", "Bob"])',
        ),
        (
            {"type": "Stock", "keys": {"sku": "a", "store": "x"}},
            'purgeStock(sku: "a", store: "x")',
        ),
        ({"query": "posts"}, "_purgeQuery(queries: [posts])"),
        ({"query": ["posts", "node"]}, "_purgeQuery(queries: [posts, node])"),
        ({"query": "posts", "args": {}}, "_purgeQueryField(fields: [{name: posts}])"),
        (
            {"query": "posts", "args": {"limit": 5, "above": 1.5, "tags": ["a"]}},
            "purgeQuery_posts(args: {limit: 5, above: 1.5, tags: [a]})",
        ),
        ({"operation": "listPosts"}, "_purgeOperationName(names: [listPosts])"),
        ({"operation": ["a", "b"]}, "_purgeOperationName(names: [a, b])"),
        ({"tags": ["type:Post"]}, '_purgeTags(tags: ["type:Post"])'),
        ({"all": True}, "_purgeAll"),
        ({"all": True, "soft": True}, "_purgeAll(soft: true)"),
        (
            [{"type": "Post", "id": 1}, {"query": "posts"}],
            "purgePost(id: 1) _purgeQuery(queries: posts)",
        ),
    ],
    ids=str,
)
async def test_a_wish_is_the_mutation_that_says_the_same(
    api: Api, wish: object, mutation: str
) -> None:
    response = await post(api, wish)
    assert response.status_code == 200, response.text
    assert response.json() == {"nodes": []}
    (by_rest,) = await api.recorded()
    await api.purge(f"mutation {{ {mutation} }}")
    (by_graphql,) = await api.recorded()
    assert (set(by_rest.tags), by_rest.soft, by_rest.everything) == (
        set(by_graphql.tags),
        by_graphql.soft,
        by_graphql.everything,
    )
    assert by_rest.source.startswith("api rest ")


@pytest.mark.parametrize("wish", [[], {"type": "Post", "id": []}, {"query": []}])
async def test_nothing_is_nothing(api: Api, wish: object) -> None:
    response = await post(api, wish)
    assert (response.status_code, response.json()) == (200, {})
    assert await api.recorded() == []


async def test_a_dry_run_is_told_by_position(api: Api) -> None:
    response = await post(api, [{"query": "posts"}, {"type": "Post", "dryRun": True}])
    assert response.json()["dryRun"] == {"1": {"objects": 0, "complete": True}}
    assert [purge.tags for purge in await api.recorded()] == [("query:posts",)]


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({"type": "Post", "id": {"a": 1}}, "id", "give a string"),
        ({"type": "Post", "keys": {"\ud800": 1.5}}, "keys.", "give a string"),
        ({"type": "Post", "id": [1.5]}, "id", "give a string"),
        ({"type": 5}, "type", "string"),
        ({"type": "Post", "soft": "yes"}, "soft", "boolean"),
        ({"type": "Post", "ids": [5]}, "ids", "not permitted"),
        ([{"query": "posts"}, {"query": "posts", "args": 5}], "[1].args", "dictionary"),
        ({"all": False}, "all", "true"),
        ({}, "", "say what to purge by one of type, query"),
        ({"type": "Post", "query": "posts"}, "", "say what to purge by one of"),
        ([{"query": "posts"}, {}], "[1]", "say what to purge by one of"),
        ([5], "[0]", "say what to purge by one of"),
        ("all", "", "say what to purge by one of"),
    ],
    ids=str,
)
async def test_a_body_that_is_no_wish_is_422_with_the_place(
    api: Api, body: object, field: str, says: str
) -> None:
    headers = {"stellate-token": TOKEN, "Content-Type": "application/json"}
    response = await api.http.post("/purge", content=json.dumps(body), headers=headers)
    assert response.status_code == 422, response.text
    errors = response.json()["errors"]
    assert all(error["extensions"]["code"] == "BAD_USER_INPUT" for error in errors)
    assert any(error["extensions"]["field"].startswith(field) for error in errors), errors
    assert any(says.lower() in error["message"].lower() for error in errors), errors
    assert await api.recorded() == []


@pytest.mark.parametrize("content", [b"{", b"", b"\xff", b'{"type": '])
async def test_what_is_no_json_is_422(api: Api, content: bytes) -> None:
    headers = {"stellate-token": TOKEN, "Content-Type": "application/json"}
    response = await api.http.post("/purge", content=content, headers=headers)
    assert response.status_code in (400, 422), response.text
    assert response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"type": "Pots"}, "type", "UNKNOWN_TYPE"),
        ([{"all": True}, {"type": "Pots"}], "[1].type", "UNKNOWN_TYPE"),
        ({"type": "User", "keys": {"x": 1}}, "type", "UNKNOWN_KEY_FIELD"),
        ({"query": "pots"}, "query", "UNKNOWN_QUERY_FIELD"),
        ({"query": "posts", "args": {"x": 1}}, "query", "UNKNOWN_ARGUMENT"),
        ({"tags": ["Post"]}, "tags", "UNKNOWN_TAG"),
        ({"globalId": 5}, "globalId", "GLOBAL_IDS_OFF"),
    ],
    ids=str,
)
async def test_what_the_schema_does_not_know_is_400_and_leaves_all_undone(
    api: Api, body: object, field: str, code: str
) -> None:
    response = await post(api, body)
    assert response.status_code == 400, response.text
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": code, "field": field}
    assert error["message"].startswith(f"{field}: ")
    assert await api.recorded() == []


async def test_the_token_is_asked_for_before_the_body_is_read(api: Api) -> None:
    for headers in ({}, {"stellate-token": "wrong"}):
        response = await api.http.post("/purge", content=b"{", headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
    for name in ("graphcdn-token", "stellate-token"):
        found = await api.http.post("/purge", json={"all": True}, headers={name: TOKEN})
        assert found.status_code == 200
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert (await api.http.post("/purge", json={"all": True}, headers=bearer)).status_code == 200
    assert await api.recorded() == [Purge((), "api rest all", everything=True)] * 3


async def test_a_purge_that_cannot_be_recorded_is_503(api: Api, log: SqliteLog) -> None:
    pragma(log, f"max_page_count = {pragma(log, 'page_count')}")
    many = [str(number) for number in range(2_000)]
    response = await post(api, {"type": "Post", "id": many})
    assert response.status_code == 503
    assert response.json()["errors"][0]["extensions"]["code"] == "PURGE_LOG_UNAVAILABLE"


async def test_a_body_that_is_too_large_is_413(api: Api) -> None:
    content = b'{"type": "' + b"x" * (11 * 1024 * 1024) + b'"}'
    headers = {"stellate-token": TOKEN, "Content-Type": "application/json"}
    assert (await api.http.post("/purge", content=content, headers=headers)).status_code == 413


async def test_without_a_schema(schemaless: Api, state: AdminState) -> None:
    assert state.index is None
    assert (await post(schemaless, {"type": "Todo", "id": "42"})).status_code == 200
    assert "key:Todo:id:42" in await schemaless.tags()


async def test_openapi_knows_every_wish_and_the_answer(api: Api) -> None:
    described: dict[str, Any] = (await api.http.get("/openapi.json")).json()
    schemas = described["components"]["schemas"]
    wishes = [name for name in schemas if name.endswith("Wish")]
    assert sorted(wishes) == [
        "AllWish",
        "IdWish",
        "OperationWish",
        "QueryWish",
        "TagsWish",
        "TypeWish",
    ]
    assert set(schemas["TypeWish"]["properties"]) == {
        "type", "id", "keys", "soft", "dryRun", "refresh",
    }  # fmt: skip
    answer = described["paths"]["/purge"]["post"]["responses"]["200"]["content"]
    assert answer["application/json"]["schema"] == {"$ref": "#/components/schemas/Carried"}


async def test_the_documentation_needs_nothing_from_elsewhere(api: Api) -> None:
    page = await api.http.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    for word in ("POST", "/purge", "TypeWish", "operation", "dryRun", "/readyz"):
        assert word in page.text, word
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "<script" not in page.text
