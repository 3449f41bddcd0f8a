"""The Purging API in a direct profile: what it names becomes the origin's tags, or is an error."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from graphql import build_schema

from controller.admin.app import create_admin_app
from controller.admin.state import AdminState
from controller.core.direct import Direct
from controller.core.policy import Policy
from controller.core.schema import SchemaIndex
from controller.purge.freshness import Freshness
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from tests.admin.conftest import TOKEN, Api

SHOP = build_schema(
    """
    interface ProductInterface { id: Int sku: String }
    type Product implements ProductInterface { id: Int sku: String }
    type Bundle implements ProductInterface { id: Int sku: String }
    type Category { id: Int name: String }
    type Stock { sku: String store: String }
    type Cart { id: ID }
    type Query {
        products: [ProductInterface] categories: [Category] stocks: [Stock] carts: [Cart]
    }
    """
)
TEMPLATES = {
    "ProductInterface": ("cat_p_{id}", "cat_p"),
    "Category": ("cat_c_{id}", "cat_c_p_{id}"),
    "Stock": ("stock_{store}_{sku}",),
}


@pytest.fixture
async def direct(log: SqliteLog) -> AsyncIterator[Api]:
    policy = Policy("demo", "d", direct=Direct("magento", TEMPLATES))
    purger = Purger(log, lambda: [], Freshness(direct=True))
    index = SchemaIndex(SHOP, policy)
    state = AdminState(policy, purger, index=index, tokens=frozenset({TOKEN}))
    api = Api(create_admin_app(state), log)
    async with api.http:
        yield api


@pytest.mark.parametrize(
    ("document", "tags"),
    [
        ("purgeProduct(id: 5)", {"cat_p_5"}),
        ('purgeProduct(id: ["5", 6])', {"cat_p_5", "cat_p_6"}),
        ("purgeProductInterface(id: 5)", {"cat_p_5"}),
        ("purgeCategory(id: 7)", {"cat_c_7", "cat_c_p_7"}),
        ('purgeStock(sku: "a", store: "de")', {"stock_de_a"}),
        ("purgeProduct", {"cat_p"}),
        ('_purgeType(type: "Product")', {"cat_p"}),
        (
            '_purgeType(type: "Category", keyFields: [{name: "id", value: "7"}])',
            {"cat_c_7", "cat_c_p_7"},
        ),
        ('_purgeTags(tags: ["cms_b_footer", "x=y/{z}"])', {"cms_b_footer", "x=y/{z}"}),
    ],
)
async def test_what_templates_map_is_purged_by_its_tags(
    direct: Api, document: str, tags: set[str]
) -> None:
    await direct.purge(f"mutation {{ {document} }}")
    assert await direct.tags() == {f"origin:{tag}" for tag in tags}


async def test_everything_needs_no_tag(direct: Api) -> None:
    await direct.purge("mutation { _purgeAll }")
    (found,) = await direct.recorded()
    assert found.everything


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("purgeCategory", "no tag for this purge of Category"),
        ("purgeCart(id: 1)", "which tags Cart has"),
        ('_purgeType(type: "Cart")', "which tags Cart has"),
        ("_purgeQuery(queries: [products])", "query field 'products'"),
        ('_purgeOperationName(names: ["Home"])', "operation 'Home'"),
        ('_purgeId(ids: ["5"])', "without its type"),
        ('_purgeTags(tags: ["a,b"])', "is no tag of the origin"),
        ('purgeCategory(id: "5,6")', "no tag for this purge of Category"),
        ('purgeStock(sku: "a")', "INCOMPLETE_KEY"),
        ('purgeProduct(sku: "a")', "sku"),
    ],
)
async def test_what_cannot_be_mapped_is_an_error_that_says_so(
    direct: Api, document: str, words: str
) -> None:
    response = await direct.send(f"mutation {{ {document} }}")
    assert words in response.text
    assert '"errors"' in response.text
    assert await direct.recorded() == []


async def test_events_purge_the_origins_tags_too(direct: Api) -> None:
    body = {"entities": [{"type": "Product", "id": 5}]}
    answer = await direct.http.post("/events", json=body, headers={"stellate-token": TOKEN})
    assert answer.status_code == 200
    assert await direct.tags() == {"origin:cat_p_5"}


def test_nobody_knows_how_many_objects_a_direct_node_has() -> None:
    for direct in (False, True):
        registry = Freshness(direct=direct).registry
        registry.flushed("boot")
        assert registry.estimate("boot", ["origin:a"]).complete is not direct
