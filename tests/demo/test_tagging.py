"""The origins that tag: what they answer and purge, as the systems do that they stand for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from demo.magento import MOST_BYTES, Shop
from demo.tagged import DIALECTS, Library
from demo.tagging import Answer, Request, serving
from demo.wordpress import LOGIN, LONGEST_KEYS, NONCE, Blog, relay_id
from tests.core.dialects import clients

PRODUCT = "{ products(ids: [1]) { name price } }"


def get(document: str, **headers: str) -> Request:
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return Request("GET", f"/graphql?{urlencode({'query': document})}", named, b"")


def post(document: str) -> Request:
    return Request("POST", "/graphql", {}, json.dumps({"query": document}).encode())


class Cache:
    """Something that is purged, and takes note of how."""

    address: tuple[str, int]

    def __init__(self) -> None:
        self.purges: list[Request] = []

    def __call__(self, request: Request) -> Answer:
        self.purges.append(request)
        return Answer("")

    def headers(self, name: str) -> list[str]:
        return [request.headers[name] for request in self.purges]


@pytest.fixture
def cache() -> Iterator[Cache]:
    cache = Cache()
    with serving(cache) as url:
        cache.address = ("127.0.0.1", int(url.rpartition(":")[2]))
        yield cache


def test_magento_makes_public_what_has_an_identity_and_nothing_else() -> None:
    shop = Shop()
    public = shop.answer(get(PRODUCT))
    assert public.headers["Cache-Control"].startswith("public, max-age=")
    assert public.headers["X-Magento-Tags"] == "cat_p,cat_p_1"
    for request in (post(PRODUCT), get('{ cart(cart_id: "a") { id } }'), get("{ nothing }")):
        private = shop.answer(request)
        assert private.headers["Cache-Control"].startswith("no-store")
        assert "X-Magento-Tags" not in private.headers


def test_magentos_cache_id_is_that_of_store_currency_and_group() -> None:
    shop = Shop()
    headers: list[dict[str, str]] = [
        {},
        {"Store": "fr"},
        {"Content_Currency": "EUR"},
        {"Authorization": "Bearer alice"},
    ]
    found = [shop.answer(get(PRODUCT, **each)).headers["X-Magento-Cache-Id"] for each in headers]
    assert len(set(found)) == 4
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in found)


def test_magento_refuses_a_mutation_by_get() -> None:
    shop = Shop()
    answer = shop.answer(get('mutation { renameProduct(id: 1, name: "x") { name } }'))
    assert "errors" in json.loads(answer.text)
    assert shop.names[1] == "Product 1"


def test_magento_purges_thousands_of_tags_in_chunks_and_loses_none(cache: Cache) -> None:
    tags = [f"cat_p_{number}" for number in range(3_000)]
    shop = Shop()
    shop.varnishes = [cache.address]
    assert set(shop.clean(tags)) == {200}
    patterns = cache.headers("x-magento-tags-pattern")
    assert len(patterns) > 5
    assert max(map(len, patterns)) <= MOST_BYTES
    assert re.findall(r"\(\(\^\|,\)(\w+)\(,\|\$\)\)", "|".join(patterns)) == tags
    assert patterns == [*clients.magento(tags)]
    assert {(purge.method, purge.target) for purge in cache.purges} == {("PURGE", "/")}


def test_wordpress_tags_queries_lists_and_nodes() -> None:
    answer = Blog().answer(get("query Recent { posts(first: 2) { nodes { title } } }"))
    digest, *keys = answer.headers["X-GraphQL-Keys"].split()
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert keys == ["graphql:Query", "list:post", "cG9zdDox", "dXNlcjox", "cG9zdDoy"]
    assert answer.headers["X-GraphQL-URL"] == "blog.example/graphql"


def test_wordpress_skips_keys_that_are_too_many() -> None:
    blog = Blog()
    blog.titles = {number: "x" for number in range(1, 1_001)}
    keys = blog.answer(get("{ posts(first: 1000) { nodes { title } } }")).headers["X-GraphQL-Keys"]
    assert len(keys) <= LONGEST_KEYS + len(" skipped:post skipped:user")
    assert "skipped:post" in keys.split()
    assert relay_id("post", 1_000) not in keys.split()


def test_wordpress_knows_who_is_logged_in_by_cookie_and_nonce_together() -> None:
    blog = Blog()
    asked = get("{ viewer { name } }", Cookie=LOGIN, X_WP_Nonce=NONCE)
    answer = blog.answer(asked)
    assert json.loads(answer.text)["data"]["viewer"] == {"name": "ada"}
    assert answer.headers["Cache-Control"] == "no-store"
    without = replace(asked, headers={"cookie": LOGIN})
    assert json.loads(blog.answer(without).text)["data"]["viewer"] is None


def test_wordpress_purges_the_node_and_what_skipped_its_type(cache: Cache) -> None:
    blog = Blog()
    blog.varnishes = [cache.address]
    blog.save(1, "x")
    blog.publish("new")
    assert cache.headers("graphql-purge-keys") == ["cG9zdDox", "skipped:post", "list:post"]
    assert set(cache.headers("graphql-url")) == {"https://blog.example/graphql"}
    assert {purge.method for purge in cache.purges} == {"PURGE_GRAPHQL"}


@pytest.mark.parametrize("name", DIALECTS)
def test_each_dialect_tags_in_its_header_and_purges_the_same_tag(name: str, cache: Cache) -> None:
    library = Library(DIALECTS[name])
    library.varnishes = [cache.address]
    answer = library.answer(get("{ book(id: 3) { title } }"))
    header = DIALECTS[name].header
    assert re.findall(r"[\w/]+", answer.headers[header]) == ["books", "/books/3"]
    library.save(3, "x")
    (purge,) = cache.purges
    assert any("/books/3" in value for value in purge.headers.values())


def test_a_served_origin_answers_and_a_cache_that_is_away_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shop = Shop()
    with serving(shop.answer) as url:
        port = int(url.rpartition(":")[2])
    shop.varnishes = [("127.0.0.1", port)]
    assert shop.flush() == []
    assert f"PURGE at 127.0.0.1:{port}" in capsys.readouterr().err
