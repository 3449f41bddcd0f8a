"""An origin's purges through a real Varnish: translated, applied, answered in its words."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from controller.purge.batch import PurgeRequest
from controller.purge.connection import NodeConnection
from tests.core.dialects import clients
from tests.direct.stand import Stand
from tests.purge.conftest import pragma

pytestmark = pytest.mark.varnish

A, B = "/p?tags=cat_p_1+cat_p", "/p?tags=cat_p_2+cat_p"


def counted(text: str) -> str:
    """What Varnish counts holds objects of tests before: they are out of reach, not yet gone."""
    return re.sub(r"[1-9][0-9]*", "N", text)


async def test_magentos_purge_takes_what_has_the_tag_and_nothing_else(magento: Stand) -> None:
    await magento.stored(A, B)
    (pattern,) = clients.magento(["cat_p_1", "cat_c_7"])
    answer = await magento.send("PURGE", X_Magento_Tags_Pattern=pattern)
    assert (answer.status_code, answer.text) == (200, "Purged")
    assert await magento.read(A) == "MISS"
    assert await magento.read(B) == "HIT"


async def test_all_of_magentos_chunks_are_applied(magento: Stand) -> None:
    names = [f"cat_p_{number}" for number in range(2_000)]
    last = f"/p?tags={names[-1]}"
    await magento.stored(A, last)
    for pattern in clients.magento(names):
        answer = await magento.send("PURGE", X_Magento_Tags_Pattern=pattern)
        assert answer.status_code == 200
    assert await magento.read(A) == "MISS"
    assert await magento.read(last) == "MISS"


@pytest.mark.parametrize("pattern", [".*", "cat_p_[0-9]"])
async def test_magentos_flush_and_what_nobody_forms_take_everything(
    magento: Stand, pattern: str, caplog: pytest.LogCaptureFixture
) -> None:
    await magento.stored(A, "/page")
    assert (await magento.send("PURGE", X_Magento_Tags_Pattern=pattern)).text == "Purged"
    assert await magento.read(A) == "MISS"
    assert await magento.read("/page") == "MISS"
    assert ("everything is purged" in caplog.text) is (pattern != ".*")


async def test_a_soft_purge_leaves_a_stale_page_and_tells_how_many(magento: Stand) -> None:
    await magento.stored(A)
    (pattern,) = clients.magento(["cat_p_1"])
    answer = await magento.send("PURGE", X_Magento_Tags_Pattern=pattern, X_Magento_Purge_Soft="1")
    assert answer.json()["invalidated"] >= 1
    assert await magento.read(A) == "STALE"


async def test_a_soft_flush_leaves_everything_stale(magento: Stand) -> None:
    await magento.stored(A)
    answer = await magento.send("PURGE", X_Magento_Tags_Pattern=".*", X_Magento_Purge_Soft="1")
    assert answer.status_code == 200
    assert await magento.read(A) == "STALE"


async def test_pages_with_tags_that_cannot_be_written_go_with_every_purge(magento: Stand) -> None:
    odd = "/p?odd=1"
    await magento.stored(odd)
    (pattern,) = clients.magento(["cat_p_999"])
    await magento.send("PURGE", X_Magento_Tags_Pattern=pattern)
    assert await magento.read(odd) == "MISS"


@pytest.mark.parametrize(
    ("method", "headers", "body"),
    [
        ("PURGEKEYS", {"xkey_purge": "cat_p_1"}, "Purged N objects, expired 0 objects"),
        ("BAN", {"X_Cache_Tags": r"(^|,)(cat_p_1|a\.b)(,|$)", "X_Host": ".*"}, "Banned"),
        ("BAN", {"ApiPlatform_Ban_Regex": r"(cat_p_1)($|\,)"}, "Ban added"),
        ("PURGE", {"xkey": "cat_p_1"}, "Purged N objects"),
        ("BAN", {"Cache_Tags": "node:1 cat_p_1"}, "Ban added."),
        ("PURGE", {"Cache_Group_Invalidation": '"cat_p_1";x=1, "b"'}, "Purged"),
        ("PURGE", {"Surrogate_Key": "cat_p_1"}, json.dumps({"status": "ok"})),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
async def test_tagging_origins_purge_in_their_own_words(
    tagged: Stand, method: str, headers: dict[str, str], body: str
) -> None:
    await tagged.stored(A, B)
    answer = await tagged.send(method, **headers)
    assert (answer.status_code, counted(answer.text)) == (200, body)
    assert await tagged.read(A) == "MISS"
    assert await tagged.read(B) == "HIT"


@pytest.mark.parametrize("method", ["PURGE", "REFRESH"])
async def test_a_url_is_purged_at_its_host(tagged: Stand, method: str) -> None:
    await tagged.stored("/news?page=1", "/news?page=2")
    assert (await tagged.send(method, "/news?page=1", Host="other.test")).status_code == 200
    assert await tagged.read("/news?page=1") == "HIT"
    assert (await tagged.send(method, "/news?page=1")).status_code == 200
    assert await tagged.read("/news?page=1") == "MISS"
    assert await tagged.read("/news?page=2") == "HIT"


async def test_a_host_too_long_for_a_purge_holds_up_no_other_one(tagged: Stand) -> None:
    await tagged.stored(A)
    assert (await tagged.send("PURGE", "/", Host="h" * 8_182)).status_code == 200
    assert await tagged.read(A) == "MISS"
    await tagged.stored(A)
    assert (await tagged.send("PURGE", Surrogate_Key="cat_p_1")).status_code == 200
    assert await tagged.read(A) == "MISS"


async def test_wpgraphqls_keys_are_purged(wpgraphql: Stand) -> None:
    post, skipped = "/p?tags=cG9zdDox%3D+list:post", "/p?tags=skipped:post"
    await wpgraphql.stored(post, skipped)
    for keys, page in (("cG9zdDox=", post), ("skipped:post", skipped)):
        answer = await wpgraphql.send(
            "PURGE_GRAPHQL", GraphQL_Purge_Keys=keys, GraphQL_URL="http://blog.test/graphql"
        )
        assert counted(answer.text) == "Invalidated GraphQL Queries: N"
        assert await wpgraphql.read(page) == "MISS"


async def test_what_the_profile_does_not_take_is_refused_and_purges_nothing(
    magento: Stand,
) -> None:
    await magento.stored(A)
    assert (await magento.send("BAN", X_Cache_Tags=".*")).status_code == 405
    assert (await magento.send("PURGE")).status_code == 400
    assert await magento.read(A) == "HIT"


async def test_a_purge_that_cannot_be_recorded_is_no_purge(magento: Stand) -> None:
    await magento.stored(A)
    pragma(magento.log, f"max_page_count = {pragma(magento.log, 'page_count')}")
    patterns = clients.magento([f"cat_p_{number}" for number in range(400)])
    answers = [await magento.send("PURGE", X_Magento_Tags_Pattern=p) for p in [*patterns] * 8]
    assert answers[-1].status_code == 503
    assert "send it again" in answers[-1].text


async def test_a_purge_that_a_node_does_not_have_yet_is_pending(
    magento: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await magento.stored(A)
    released = asyncio.Event()
    send = NodeConnection.purge

    async def held(self: NodeConnection, request: PurgeRequest, *, log_id: str = "") -> int:
        await released.wait()
        return await send(self, request, log_id=log_id)

    monkeypatch.setattr(NodeConnection, "purge", held)
    monkeypatch.setattr(magento.purger, "_wait_seconds", 0.0)
    (pattern,) = clients.magento(["cat_p_1"])
    answer = await magento.send("PURGE", X_Magento_Tags_Pattern=pattern)
    assert (answer.status_code, answer.headers["Shellac-Purge"]) == (202, "pending")
    assert answer.text == "Purged"
    released.set()
    head = (await magento.log.position()).head
    assert await magento.worker.wait_applied(head, 60)
    assert await magento.read(A) == "MISS"
