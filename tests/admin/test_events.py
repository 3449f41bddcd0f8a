"""``POST /events``: what changed at the origin, in the forms in which it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from controller.admin.state import AdminState
from tests.admin.conftest import TOKEN, Api

ID = "8f14e45f-ceea-467f-a0e6-5e3b1c2d4f6a"


def entity(name: str, value: str, key: str = "id") -> set[str]:
    return {f"key:{name}:{key}:{value}", f"some:{name}", f"null:{name}"}


def whole(name: str) -> set[str]:
    return {f"type:{name}", f"list:{name}", f"null:{name}"}


def lists(name: str) -> set[str]:
    return {f"list:{name}", f"null:{name}"}


async def tell(api: Api, body: Any, query: str = "") -> httpx.Response:
    return await api.http.post(f"/events{query}", json=body, headers={"stellate-token": TOKEN})


async def told(api: Api, body: Any, query: str = "") -> set[str]:
    """The tags of the one hard purge that an event makes."""
    response = await tell(api, body, query)
    assert response.status_code == 200, response.text
    assert response.json() == {"nodes": []}
    return await api.tags()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"entities": [{"type": "Post", "id": "5"}]}, entity("Post", "5")),
        ({"entities": [{"type": "Post", "id": 5}]}, entity("Post", "5")),
        ({"type": "Post", "id": [5, "6"]}, entity("Post", "5") | entity("Post", "6")),
        ({"__typename": "User", "name": "ann"}, entity("User", "ann", "name")),
        ({"types": ["Post"]}, whole("Post")),
        ({"lists": ["Post"]}, lists("Post")),
        (
            {
                "entities": [{"type": "Stock", "sku": "a", "store": "b"}],
                "types": ["User"],
                "soft": False,
            },
            {"key:Stock:sku=a,store=b", "some:Stock", "null:Stock"} | whole("User"),
        ),
        (
            [{"type": "Post", "id": 5}, {"types": ["User"]}],
            entity("Post", "5") | whole("User"),
        ),
        ({"type": "Node", "id": 5}, entity("Post", "5") | entity("User", "5")),
    ],
)
async def test_what_an_event_names_is_purged(api: Api, body: Any, expected: set[str]) -> None:
    assert await told(api, body) == expected


def hasura(op: str, old: Any, new: Any, table: str = "posts") -> dict[str, Any]:
    """The payload of an event trigger (Hasura v2, "Event Triggers: Payload")."""
    return {
        "id": ID,
        "created_at": "2026-01-02T03:04:05.123456Z",
        "trigger": {"name": "changed"},
        "table": {"schema": "public", "name": table},
        "event": {
            "session_variables": {"x-hasura-role": "admin"},
            "op": op,
            "data": {"old": old, "new": new},
            "trace_context": None,
        },
        "delivery_info": {"max_retries": 0, "current_retry": 0},
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (hasura("INSERT", None, {"id": 5}), entity("Post", "5") | lists("Post")),
        (hasura("DELETE", {"id": 5}, None), entity("Post", "5") | lists("Post")),
        (hasura("UPDATE", {"id": 5, "t": 1}, {"id": 5, "t": 2}), entity("Post", "5")),
        (hasura("UPDATE", {"id": 5}, {"id": 6}), entity("Post", "5") | entity("Post", "6")),
        (hasura("MANUAL", None, {"id": 5}), entity("Post", "5")),
        (hasura("UPDATE", {"title": "a"}, {"title": "b"}), whole("Post")),
        (
            hasura("UPDATE", None, {"id": 1, "name": "x"}, "User"),
            entity("User", "1") | entity("User", "x", "name"),
        ),
        # Supabase's database webhooks.
        (
            {
                "type": "DELETE",
                "table": "posts",
                "schema": "public",
                "record": None,
                "old_record": {"id": 5},
            },
            entity("Post", "5") | lists("Post"),
        ),
        # A trigger of one's own.
        ({"table": "public.posts", "op": "UPDATE", "new": {"id": 5}}, entity("Post", "5")),
        ({"table": "posts", "new": {"id": 5}}, entity("Post", "5") | lists("Post")),
    ],
)
async def test_a_changed_row_purges_its_entity_and_the_lists_it_came_to_or_left(
    api: Api, body: Any, expected: set[str]
) -> None:
    assert await told(api, body) == expected


async def test_the_url_names_type_and_columns_where_a_table_has_other_names(api: Api) -> None:
    row = hasura("UPDATE", None, {"post_id": 5, "tag_id": 7}, "tbl_post_tags")
    assert await told(api, row, "?type=Post&id=post_id") == entity("Post", "5")
    stock = hasura("UPDATE", None, {"sku": "a", "shop": "b"}, "x")
    found = await told(api, stock, "?type=Stock&store=shop")
    assert found == {"key:Stock:sku=a,store=b", "some:Stock", "null:Stock"}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("Entity", entity("Post", "5")),
        ("List", entity("Post", "5") | lists("Post")),
        ("Type", whole("Post")),
        ("None", entity("Post", "5")),
    ],
)
async def test_rows_follow_the_mutation_policy(
    api: Api, state: AdminState, policy: Any, expected: set[str]
) -> None:
    state.policy = replace(state.policy, mutation_policy=policy)
    assert await told(api, hasura("UPDATE", None, {"id": 5})) == expected


@pytest.mark.parametrize(
    ("body", "query"),
    [({"type": "Post", "id": 5, "soft": True}, ""), ({"types": ["Post"]}, "?soft=true")],
)
async def test_soft_events_make_stale(api: Api, body: Any, query: str) -> None:
    assert (await tell(api, body, query)).status_code == 200
    (purge,) = await api.recorded()
    assert purge.soft


async def test_long_numbers_keep_their_digits(api: Api) -> None:
    body = b'{"type": "Post", "id": 123456789012345678901234}'
    response = await api.http.post("/events", content=body, headers={"stellate-token": TOKEN})
    assert response.status_code == 200, response.text
    assert await api.tags() == entity("Post", "123456789012345678901234")


@pytest.mark.parametrize(
    ("body", "query", "message"),
    [
        ("{", "", "not JSON"),
        ([], "", "there is no event"),
        (5, "", "an event is an object"),
        ({}, "", "it names nothing"),
        ({"entity": []}, "", "'entity' is not known"),
        ({"entities": {}}, "", "entities is a list"),
        ({"entities": [{"id": 5}]}, "", "needs its type"),
        ({"type": "Post"}, "", "needs a key"),
        ({"type": "Pots", "id": 5}, "", "Did you mean 'Post'"),
        ({"type": "Post", "title": "x"}, "", "no key field of Post"),
        ({"type": "Post", "id": None}, "", "a text or a number"),
        ({"types": [5]}, "", "names of types"),
        ({"types": ["Post"], "soft": "yes"}, "", "soft is true or false"),
        ({"types": ["Post"]}, "?soft=1", "soft in the URL"),
        ({"types": ["Post"]}, "?type=Post", "for rows"),
        ({"table": "nothing", "new": {"id": 5}}, "", "/events?type=TYPE"),
        ({"table": "posts", "new": {"id": 5}}, "?ID=id", "no key field of Post"),
        ({"table": "posts"}, "", "no row of posts"),
        ([{"types": ["Post"]}, {"types": ["Nope"]}], "", "no type 'Nope'"),
    ],
)
async def test_what_is_not_understood_purges_nothing(
    api: Api, body: Any, query: str, message: str
) -> None:
    content: Mapping[str, Any] = {"content": body} if isinstance(body, str) else {"json": body}
    response = await api.http.post(f"/events{query}", headers={"stellate-token": TOKEN}, **content)
    assert response.status_code == 400, response.text
    assert message in response.json()["errors"][0]["message"]
    assert await api.recorded() == []


async def test_events_need_a_token(api: Api) -> None:
    response = await api.http.post("/events", json={"types": ["Post"]})
    assert response.status_code == 401
    bearer = {"authorization": f"Bearer {TOKEN}"}
    assert (await api.http.post("/events", json={"types": ["Post"]}, headers=bearer)).is_success
