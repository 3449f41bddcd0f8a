"""A shop that tags its own answers: pages by GET, GraphQL by POST."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from graphql import GraphQLResolveInfo, build_schema, graphql_sync

SCHEMA = build_schema(
    """
    interface ProductInterface { id: Int sku: String name: String }
    type SimpleProduct implements ProductInterface { id: Int sku: String name: String }
    type Cart { id: ID! total: Int }
    type Query { product(id: Int): ProductInterface cart: Cart }
    type Mutation { renameProduct(id: Int, name: String): SimpleProduct addToCart: Cart }
    """
)


class Shop:
    """An ASGI app. A page ``/p?tags=a+b`` has these tags and the number of its fetch, ``/p?odd=1``
    a tag that cannot be written; ``groups`` is the Cache-Group-Invalidation of answers to POST.
    """

    def __init__(self) -> None:
        self.fetched = 0
        self.posted: list[str] = []
        self.groups: str | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        headers = [(b"content-type", b"application/json")]
        if scope["method"] == "POST":
            body = await _answer((await receive())["body"], self)
            if self.groups is not None:
                headers.append((b"cache-group-invalidation", self.groups.encode()))
        else:
            self.fetched += 1
            asked = parse_qs(scope["query_string"].decode())
            tags = asked.get("tags", ["page"])[0].replace(" ", ",")
            headers.append((b"x-tags", b"two words" if "odd" in asked else tags.encode()))
            body = str(self.fetched).encode()
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def _answer(body: bytes, shop: Shop) -> bytes:
    asked = json.loads(body)
    shop.posted.append(asked["query"])
    found = graphql_sync(
        SCHEMA,
        asked["query"],
        root_value={
            "product": _product,
            "renameProduct": _product,
            "addToCart": {"id": "c1", "total": 3},
            "cart": {"id": "c1", "total": 3},
        },
        variable_values=asked.get("variables"),
        operation_name=asked.get("operationName"),
        type_resolver=lambda *_: "SimpleProduct",
    )
    return json.dumps(found.formatted).encode()


def _product(_: GraphQLResolveInfo, id: int, name: str = "a") -> dict[str, object]:
    return {"id": id, "sku": f"s{id}", "name": name}
