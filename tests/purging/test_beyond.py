"""Tags, dry runs, refreshes, counts: what Stellate's API does not have, against a real Varnish."""

from __future__ import annotations

from typing import Any

import pytest

from tests.purging.conftest import QUERIES, Site
from tests.support.net import wait_for
from tests.support.stack import assert_hit, assert_miss


def node_of(answer: dict[str, Any]) -> dict[str, Any]:
    (node,) = answer["extensions"]["shellac"]["nodes"]
    found: dict[str, Any] = node
    return found


def test_what_debug_prints_is_what_can_be_purged(site: Site) -> None:
    answer = site.stack.query(QUERIES["user 5"], method="GET", headers={"shellac-debug": "1"})
    printed = assert_hit(answer).headers["shellac-tags"].split(" ")
    assert "key:User:id:5" in printed
    site.ask('mutation { _purgeTags(tags: ["key:User:id:5"]) }')
    site.assert_gone("user 5", "users", "found")
    site.fill()
    site.ask(
        "mutation ($tags: [String!]!) { _purgeTags(tags: $tags) }",
        {"tags": ["operation:user1", 'query:package({"name":"graphql"})']},
    )
    site.assert_gone("user 1", "other package")


@pytest.mark.parametrize(
    ("name", "found"),
    [("user 5", "é"), ("post 5", "a\\b"), ("todo 42", "\N{GRINNING FACE}")],
)
def test_a_tag_with_characters_that_a_header_cannot_hold(site: Site, name: str, found: str) -> None:
    type_name = name.partition(" ")[0]
    document = f"query q($id: ID!) {{ {type_name}(id: $id) {{ __typename }} }}"

    def ask() -> Any:
        headers = {"shellac-debug": "1"}
        return site.stack.query(document, {"id": found}, method="GET", headers=headers)

    assert_miss(ask())
    printed = assert_hit(ask()).headers["shellac-tags"].split(" ")
    (tag,) = [each for each in printed if each.startswith("key:")]
    site.ask("mutation ($tags: [String!]!) { _purgeTags(tags: $tags) }", {"tags": [tag]})
    assert_miss(ask())
    site.assert_gone()


def test_a_dry_run_counts_and_purges_nothing(site: Site) -> None:
    answer = site.ask(
        "mutation {"
        "  one: purgeUser(id: 5, dryRun: true)"
        "  type: purgeUser(dryRun: true)"
        '  field: _purgeQueryField(fields: [{name: package, args: {name: "x"}}], dryRun: true)'
        "  all: _purgeAll(dryRun: true) }"
    )
    assert set(answer["data"].values()) == {True}
    assert answer["extensions"]["shellac"] == {
        "dryRun": {
            "one": {"objects": 3, "complete": True},
            "type": {"objects": 5, "complete": True},
            "field": {"objects": 0, "complete": True},
            "all": {"objects": len(QUERIES), "complete": True},
        }
    }
    site.assert_gone()


def test_a_dry_run_beside_a_purge(site: Site) -> None:
    answer = site.ask("mutation { a: purgeUser(id: 5, dryRun: true) b: purgePost(id: 12) }")
    assert answer["extensions"]["shellac"]["dryRun"]["a"]["objects"] == 3
    site.assert_gone("post 12")


def test_what_a_purge_has_touched_is_counted_for_each_node(site: Site) -> None:
    node = node_of(site.ask("mutation { purgeUser(id: 5) purgePost(id: [5, 12]) }"))
    assert node["result"] == "applied"
    assert node["objects"] == 6
    assert node["matches"] >= 0
    again = node_of(site.ask("mutation { purgeUser(id: 5) purgePost(id: [5, 12]) }"))
    assert (again["objects"], again["matches"]) == (0, 0)
    dry = site.ask("mutation { all: _purgeAll(dryRun: true) }")
    assert dry["extensions"]["shellac"]["dryRun"]["all"]["objects"] == len(QUERIES) - 6


def test_hard_and_soft_in_one_document_are_counted_together(site: Site) -> None:
    node = node_of(site.ask("mutation { a: purgeUser(id: 5) b: purgePost(id: 12, soft: true) }"))
    assert node["objects"] == 4


def refreshed(site: Site, name: str) -> bool:
    return site.read(QUERIES[name]).headers["gcdn-cache"] == "HIT"


def test_a_refresh_fetches_again_what_a_reader_then_hits(site: Site) -> None:
    answer = site.ask("mutation { purgeUser(id: 5, refresh: true) }")
    assert answer["extensions"]["shellac"]["refresh"] == {"queued": 3}
    wait_for(lambda: len(site.origin.asked) == 3, what="the fetches of the refresh")
    assert all(refreshed(site, name) for name in QUERIES)
    assert len(site.origin.asked) == 3


def test_a_soft_purge_is_refreshed_too(site: Site) -> None:
    answer = site.ask("mutation { purgeTodo(id: 42, soft: true, refresh: true) }")
    assert answer["extensions"]["shellac"]["refresh"] == {"queued": 2}
    wait_for(lambda: len(site.origin.asked) == 2, what="the fetches of the refresh")
    wait_for(
        lambda: int(site.read(QUERIES["todos"]).headers["cache-status"].partition("ttl=")[2]) > 800,
        what="the refreshed answer",
    )


def test_a_refresh_never_asks_as_somebody_or_with_a_body(site: Site) -> None:
    stack = site.stack
    asked: dict[str, dict[str, Any]] = {
        "query anybodys { user(id: 77) { name } }": {"method": "GET"},
        "query posted { user(id: 77) { id } }": {"method": "POST"},
        "query mine { me { name } }": {"method": "GET", "headers": {"x-user": "alice"}},
    }
    for document, how in asked.items():
        assert_miss(stack.query(document, **how))
        assert_hit(stack.query(document, **how))
    site.origin.asked.clear()
    answer = site.ask("mutation { purgeUser(id: 77, refresh: true) }")
    assert node_of(answer)["objects"] == 3
    assert answer["extensions"]["shellac"]["refresh"] == {"queued": 1}
    wait_for(lambda: site.origin.asked, what="the fetch of the refresh")
    assert [sent["operationName"] for sent in site.origin.asked] == ["anybodys"]


def test_ids_without_their_type_need_to_be_switched_on(site: Site) -> None:
    response = site.stack.http.post(
        site.api,
        headers={"stellate-token": site.stack.token},
        json={"query": "mutation { _purgeId(ids: [5]) }"},
    )
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "GLOBAL_IDS_OFF"
    site.assert_gone()
