"""POSTs of a direct profile: mutations purge what the origin has tagged, queries pass."""

from __future__ import annotations

import pytest

from tests.direct.stand import Stand
from tests.purge.conftest import pragma
from tests.support.parts import eventually

pytestmark = pytest.mark.varnish

FIVE, SIX, CART = "/p?tags=cat_p_5+cat_p", "/p?tags=cat_p_6+cat_p", "/p?tags=cart"
RENAME = 'mutation { renameProduct(id: 5, name: "b") { name } }'


async def test_a_mutation_purges_the_tags_of_its_entities(magento: Stand) -> None:
    await magento.stored(FIVE, SIX)
    answer = await magento.post(RENAME)
    assert answer.json() == {"data": {"renameProduct": {"name": "b"}}}
    assert "Shellac-Purge" not in answer.headers
    assert await magento.read(FIVE) == "MISS"
    assert await magento.read(SIX) == "HIT"


async def test_a_mutation_of_a_type_without_templates_purges_nothing(magento: Stand) -> None:
    await magento.stored(FIVE, CART)
    answer = await magento.post("mutation { addToCart { total } }")
    assert answer.json() == {"data": {"addToCart": {"total": 3}}}
    assert await magento.read(FIVE) == "HIT"
    assert await magento.read(CART) == "HIT"


async def test_a_query_by_post_passes_each_time(magento: Stand) -> None:
    for _ in range(2):
        answer = await magento.post("{ product(id: 5) { name } }")
        assert answer.headers["X-Cache"] == "PASS"
        assert answer.json() == {"data": {"product": {"name": "a"}}}
    assert magento.shop.posted == ["{ product(id: 5) { name } }"] * 2


@pytest.mark.parametrize("document", [RENAME, "{ product(id: 5) { name } }"])
async def test_groups_that_an_answer_invalidates_are_purged_before_it_goes_out(
    tagged: Stand, document: str
) -> None:
    await tagged.stored("/p?tags=news", SIX)
    tagged.shop.groups = '"news";x=1, "sport"'
    answer = await tagged.post(document)
    assert answer.headers["Cache-Group-Invalidation"] == tagged.shop.groups
    assert await tagged.read("/p?tags=news") == "MISS"
    assert await tagged.read(SIX) == "HIT"


async def test_groups_that_cannot_be_parsed_purge_everything(tagged: Stand) -> None:
    await tagged.stored(SIX)
    tagged.shop.groups = '"news'
    await tagged.post("{ product(id: 5) { name } }")
    assert await tagged.read(SIX) == "MISS"


async def test_groups_are_purged_later_where_they_cannot_be_recorded_now(tagged: Stand) -> None:
    await tagged.stored("/p?tags=news")
    many = ", ".join(f'"{number:0100}"' for number in range(60))
    tagged.shop.groups = f'"news", {many}'
    pragma(tagged.log, f"max_page_count = {pragma(tagged.log, 'page_count')}")
    answer = await tagged.post("{ product(id: 5) { name } }")
    assert answer.headers["Shellac-Purge"] == "pending"
    assert tagged.purger.recorded["cache-groups"] == 0
    pragma(tagged.log, "max_page_count = 1000000")
    await eventually(lambda: tagged.purger.recorded["cache-groups"], "it is recorded after all")
    head = (await tagged.log.position()).head
    assert await tagged.worker.wait_applied(head, 60)
    assert await tagged.read("/p?tags=news") == "MISS"
