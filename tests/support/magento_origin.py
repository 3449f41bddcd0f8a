"""A small shop that answers, tags and purges as Magento 2.4 does, on a thread of the test.

GraphQL by GET: cacheable if every root field has an identity, with `X-Magento-Tags`, and
`X-Magento-Cache-Id` of the context that it was answered in; else `no-store`. Pages with
`X-Magento-Vary`. An edit sends PURGE to every Varnish, as Magento's own code forms it.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from graphql import build_schema, graphql_sync

MOST_BYTES = 7_680
"""Of one X-Magento-Tags-Pattern (Magento\\CacheInvalidate\\Model\\PurgeCache)."""
PUBLIC = "public, max-age=86400, s-maxage=86400"
PRIVATE = "no-store, no-cache, must-revalidate, max-age=0"
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
    """What the shop sells, what it was asked, and the Varnishes it purges (host, port)."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.names = {n: f"Product {n}" for n in range(1, 8_001)}
        self.categories = {7: [1, 2], 8: [3]}
        self.blocks = {"footer": "made in 2026", "header": "welcome"}
        self.store_names = {"default": "Shop", "fr": "Magasin"}
        self.tokens = {"Bearer alice": "wholesale"}
        self.requests: list[tuple[str, str]] = []
        self.varnishes: list[tuple[str, int]] = []
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
        statuses = []
        for chunk in chunks(patterns):
            for host, port in self.varnishes:
                connection = http.client.HTTPConnection(host, port, timeout=10)
                with contextlib.closing(connection):
                    headers = {"X-Magento-Tags-Pattern": chunk, "Host": host}
                    connection.request("PURGE", "/", headers=headers)
                    statuses.append(connection.getresponse().status)
        return statuses

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[dict[str, str], str]:
        """Headers and body for one request."""
        with self.lock:
            self.requests.append((method, target))
        path = urlsplit(target).path
        if path == "/graphql":
            return self._graphql(method, target, headers, body)
        if path.startswith("/product/"):
            number = int(path.removeprefix("/product/").removesuffix(".html"))
            tags = f"cat_p,cat_p_{number},FPC"
            cookie = {"Set-Cookie": "PHPSESSID=new; path=/", "Content-Type": "text/html"}
            return {"Cache-Control": PUBLIC, "X-Magento-Tags": tags, **cookie}, self.names[number]
        return {"Cache-Control": PRIVATE, "Content-Type": "text/html"}, f"page {path}"

    def _graphql(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[dict[str, str], str]:
        given = json.loads(body) if method == "POST" else dict(parse_qsl(urlsplit(target).query))
        variables = given.get("variables")
        context = Context(
            headers.get("store", "default"),
            headers.get("content-currency", "USD"),
            self.tokens.get(headers.get("authorization", "").replace("bearer", "Bearer"), "guest"),
        )
        result = graphql_sync(
            SCHEMA,
            given["query"],
            self,
            context,
            json.loads(variables) if isinstance(variables, str) else variables,
        )
        found = {"X-Magento-Cache-Id": context.cache_id, "Content-Type": "application/json"}
        if method == "GET" and context.cacheable and context.tags and not result.errors:
            tags = ",".join(dict.fromkeys(context.tags))
            found |= {"Cache-Control": PUBLIC, "X-Magento-Tags": tags}
        else:
            found["Cache-Control"] = PRIVATE
        return found, json.dumps(result.formatted)


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


@contextlib.contextmanager
def magento() -> Iterator[Shop]:
    """A running shop."""
    shop = Shop()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found, text = shop.answer(self.command, self.path, headers, body)
            self.send_response(200)
            for name, value in found.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = respond

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    shop.url = f"http://127.0.0.1:{server.server_port}/graphql"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
