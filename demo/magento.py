"""``python -m demo.magento``: a small shop that answers, tags and purges as Magento 2.4 does.

GraphQL by GET: ``public`` if every root field has a cache identity, with ``X-Magento-Tags`` and the
``X-Magento-Cache-Id`` of the context that it was answered in; else ``no-store``. Pages with the
blocks that they include. An edit sends PURGE to every Varnish, in the form of Magento's own code
(Magento_CacheInvalidate, PurgeCache).

    PUT  /rest/V1/products/1         {"product": {"name": "..."}}
    PUT  /rest/V1/cmsBlock/footer    {"block": {"content": "..."}}
    POST /demo/flush                 bin/magento cache:flush
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from graphql import (
    GraphQLError,
    OperationType,
    build_schema,
    get_operation_ast,
    graphql_sync,
    parse,
)

from demo.tagging import Answer, Cache, Request, arguments, purge, run

MOST_BYTES = 7_680
"""Of one X-Magento-Tags-Pattern (Magento\\CacheInvalidate\\Model\\PurgeCache)."""
PUBLIC = "public, max-age=86400, s-maxage=86400"
PRIVATE = "no-store, no-cache, must-revalidate, max-age=0"
HTML = "text/html; charset=UTF-8"
SCHEMA = build_schema("""
type Query {
  products(ids: [Int!]!): [SimpleProduct!]!
  category(id: Int!): CategoryTree
  cmsBlocks(identifiers: [String!]!): [CmsBlock!]!
  storeConfig: StoreConfig!
  cart(cart_id: String!): Cart
}
type Mutation { renameProduct(id: Int!, name: String!): SimpleProduct }
type SimpleProduct { id: Int! name: String! price: String! }
type CategoryTree { id: Int! products: [SimpleProduct!]! }
type CmsBlock { identifier: String! content: String! }
type StoreConfig { id: Int! store_name: String! }
type Cart { id: String! }
""")
STORES = {"default": 1, "fr": 2}


@dataclass
class Context:
    """Who asks; collects what the answer is made of."""

    store: str
    currency: str
    group: str
    tags: list[str] = field(default_factory=list)
    cacheable: bool = True

    @property
    def cache_id(self) -> str:
        text = f"{self.store}|{self.currency}|{self.group}|salt"
        return hashlib.sha256(text.encode()).hexdigest()

    def add(self, kind: str, ids: Iterable[object]) -> None:
        self.tags += [kind, *(f"{kind}_{one}" for one in ids)]


class Shop:
    """What the shop sells, what it was asked (by lowercase name the headers of the last request),
    and the Varnishes it purges (host, port)."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.names = {n: f"Product {n}" for n in range(1, 8_001)}
        self.categories = {7: [1, 2], 8: [3]}
        self.blocks = {"footer": "made in 2026", "header": "welcome"}
        self.store_names = {"default": "Shop", "fr": "Magasin"}
        self.tokens = {"Bearer alice": "wholesale"}
        self.requests: list[tuple[str, str]] = []
        self.headers: Mapping[str, str] = {}
        self.varnishes: list[Cache] = []
        self.url = ""

    def products(self, info: Any, ids: Sequence[int]) -> list[dict[str, Any]]:
        info.context.add("cat_p", ids)
        return [self._product(info.context, n) for n in ids]

    def category(self, info: Any, id: int) -> dict[str, Any]:
        members = self.categories[id]
        info.context.add("cat_c", [id, f"p_{id}"])
        info.context.add("cat_p", members)
        return {"id": id, "products": [self._product(info.context, n) for n in members]}

    def cmsBlocks(self, info: Any, identifiers: Sequence[str]) -> list[dict[str, str]]:
        info.context.add("cms_b", identifiers)
        return [{"identifier": one, "content": self.blocks[one]} for one in identifiers]

    def storeConfig(self, info: Any) -> dict[str, Any]:
        store = info.context.store
        info.context.add("gql_store_config", [STORES[store]])
        return {"id": STORES[store], "store_name": self.store_names[store]}

    def cart(self, info: Any, cart_id: str) -> dict[str, str]:
        info.context.cacheable = False
        return {"id": cart_id}

    def renameProduct(self, info: Any, id: int, name: str) -> dict[str, Any]:
        self.names[id] = name
        return self._product(info.context, id)

    def _product(self, context: Context, number: int) -> dict[str, Any]:
        price = 5 if context.group == "wholesale" else 10
        return {
            "id": number,
            "name": f"{self.names[number]} ({context.store})",
            "price": f"{price} {context.currency}",
        }

    def save_product(self, number: int, name: str) -> list[int]:
        """An edit in the Admin: the product and the categories that show it."""
        self.names[number] = name
        shown = [c for c, members in self.categories.items() if number in members]
        return self.clean([f"cat_p_{number}", *(f"cat_c_p_{c}" for c in shown)])

    def save_block(self, identifier: str, content: str) -> list[int]:
        """An edit of a CMS block."""
        self.blocks[identifier] = content
        return self.clean([f"cms_b_{identifier}"])

    def configure(self, store: str, name: str) -> list[int]:
        """A change of the configuration in the scope of one store."""
        self.store_names[store] = name
        return self.clean([f"gql_store_config_{STORES[store]}"])

    def clean(self, tags: Sequence[str]) -> list[int]:
        """Purge by tags; the statuses, at which Magento itself does not look."""
        return self._send(dict.fromkeys(f"((^|,){tag}(,|$))" for tag in tags))

    def flush(self) -> list[int]:
        """`bin/magento cache:flush`."""
        return self._send([".*"])

    def _send(self, patterns: Iterable[str]) -> list[int]:
        return [
            status
            for chunk in chunks(patterns)
            for status in purge(self.varnishes, "PURGE", {"X-Magento-Tags-Pattern": chunk})
        ]

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append((request.method, request.target))
            self.headers = request.headers
        if request.path == "/graphql":
            return self._graphql(request)
        kind, _, name = request.path.strip("/").rpartition("/")
        match request.method, kind:
            case "PUT", "rest/V1/products":
                self.save_product(int(name), request.json()["product"]["name"])
                return Answer("saved\n", {"Cache-Control": PRIVATE})
            case "PUT", "rest/V1/cmsBlock":
                self.save_block(name, request.json()["block"]["content"])
                return Answer("saved\n", {"Cache-Control": PRIVATE})
            case "POST", "demo" if name == "flush":
                self.flush()
                return Answer("flushed\n", {"Cache-Control": PRIVATE})
            case "GET" | "HEAD", "":
                return _health() if name == "health_check.php" else self._front()
            case "GET" | "HEAD", "product":
                return self._product_page(int(name.removesuffix(".html")))
            case "GET" | "HEAD", "page_cache/block/esi":
                return _page(self.blocks[name], f"cms_b,cms_b_{name}")
            case _:
                headers = {"Cache-Control": PRIVATE, "Content-Type": HTML}
                return Answer(f"page {request.path}", headers)

    def _front(self) -> Answer:
        include = '<esi:include src="/page_cache/block/esi/footer"/>'
        return _page(f"front page, {include}\n", "cms_p,cms_p_2,FPC")

    def _product_page(self, number: int) -> Answer:
        return _page(self.names[number], f"cat_p,cat_p_{number},FPC")

    def _graphql(self, request: Request) -> Answer:
        given = request.graphql()
        if request.method != "POST" and _is_mutation(given["query"], given.get("operationName")):
            problem = {"message": "Mutation requests allowed only for POST requests"}
            refusal = json.dumps({"errors": [problem]})
            return Answer(refusal, {"Cache-Control": PRIVATE, "Content-Type": "application/json"})
        headers = request.headers
        authorization = headers.get("authorization", "")
        context = Context(
            headers.get("store", "default"),
            headers.get("content-currency", "USD"),
            self.tokens.get(authorization.replace("bearer", "Bearer"), "guest"),
        )
        result = graphql_sync(
            SCHEMA,
            given["query"],
            self,
            context,
            given.get("variables"),
            given.get("operationName"),
        )
        found = {"X-Magento-Cache-Id": context.cache_id, "Content-Type": "application/json"}
        cacheable = request.method != "POST" and context.cacheable and bool(context.tags)
        return Answer(
            json.dumps(result.formatted),
            found | _control(context.tags if cacheable and not result.errors else []),
        )


def _control(tags: Sequence[str]) -> dict[str, str]:
    if not tags:
        return {"Cache-Control": PRIVATE}
    return {"Cache-Control": PUBLIC, "X-Magento-Tags": ",".join(dict.fromkeys(tags))}


def _page(text: str, tags: str) -> Answer:
    cookie = {"Set-Cookie": "PHPSESSID=new; path=/", "Content-Type": HTML}
    return Answer(text, {"Cache-Control": PUBLIC, "X-Magento-Tags": tags, **cookie})


def _health() -> Answer:
    return Answer("OK\n", {"Cache-Control": PRIVATE})


def _is_mutation(document: str, name: str | None) -> bool:
    try:
        operation = get_operation_ast(parse(document), name)
    except GraphQLError:
        return False  # what is wrong is said by whoever executes it
    return operation is not None and operation.operation is OperationType.MUTATION


def chunks(patterns: Iterable[str]) -> Iterator[str]:
    """Patterns joined by bars, each chunk within Magento's limit."""
    chunk = ""
    for pattern in patterns:
        if chunk and len(chunk) + 1 + len(pattern) > MOST_BYTES:
            yield chunk
            chunk = ""
        chunk = f"{chunk}|{pattern}" if chunk else pattern
    if chunk:
        yield chunk


def main() -> None:
    options = arguments("A small shop that tags and purges as Magento does.", port=8000)
    given = options.parse_args()
    shop = Shop()
    shop.varnishes = given.purges
    run(shop.answer, given.listen)


if __name__ == "__main__":
    main()
