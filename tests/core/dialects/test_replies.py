"""Soft and hard, and the words of the answers."""

from __future__ import annotations

import json

import pytest

from controller.core.dialects.asked import Asked, Counts, OriginPurge
from controller.core.direct import Profile
from tests.core.dialects.clients import asked, meant

PATTERN = "((^|,)cat_p_1(,|$))"


@pytest.mark.parametrize(
    ("profile", "request_", "body"),
    [
        ("magento", asked("PURGE", X_Magento_Tags_Pattern=PATTERN), "Purged"),
        (
            "wpgraphql",
            asked("PURGE_GRAPHQL", GraphQL_Purge_Keys="a"),
            "Invalidated GraphQL Queries: 3",
        ),
        ("tagged", asked("PURGEKEYS", xkey_purge="a"), "Purged 3 objects, expired 2 objects"),
        ("tagged", asked("BAN", X_Cache_Tags="(^|,)(a)(,|$)"), "Banned"),
        ("tagged", asked("REFRESH", "/a"), "Refreshed"),
        ("tagged", asked("BAN", ApiPlatform_Ban_Regex="(/a)($|\\,)"), "Ban added"),
        ("tagged", asked("PURGE", xkey="/a"), "Purged 3 objects"),
        ("tagged", asked("BAN", Cache_Tags="node:1"), "Ban added."),
        ("tagged", asked("PURGE", Cache_Group_Invalidation='"a"'), "Purged"),
        ("tagged", asked("PURGE", "/a"), "Purged"),
    ],
    ids=lambda value: value.method if isinstance(value, Asked) else None,
)
def test_each_dialect_is_answered_in_its_words(
    profile: Profile, request_: Asked, body: str
) -> None:
    reply = meant(profile, request_).reply(Counts(hard=3, soft=2))
    assert (reply.status, reply.body) == (200, body)


def test_magentos_module_that_purges_softly_reads_how_many_there_were() -> None:
    request = asked("PURGE", X_Magento_Tags_Pattern=PATTERN, X_Magento_Purge_Soft="1")
    found = meant("magento", request)
    assert found.purges == (OriginPurge(("origin:cat_p_1",), soft=True),)
    reply = found.reply(Counts(soft=4))
    assert (json.loads(reply.body), reply.content_type) == ({"invalidated": 4}, "application/json")


@pytest.mark.parametrize("value", ["0", "", "false", "yes"])
def test_a_soft_purge_that_is_not_clear_is_hard(value: str) -> None:
    for request in (
        asked("PURGE", X_Magento_Tags_Pattern=PATTERN, X_Magento_Purge_Soft=value),
        asked("PURGE", X_Magento_Tags_Pattern=".*", X_Magento_Purge_Soft=value),
    ):
        assert not meant("magento", request).purges[0].soft
    assert not meant("tagged", asked("PURGE", "/", Fastly_Soft_Purge=value)).purges[0].soft


def test_fastlys_purges_can_be_soft() -> None:
    for request, tag in (
        (asked("PURGE", Surrogate_Key="a", Fastly_Soft_Purge="1"), "origin:a"),
        (asked("PURGE", "/a?b=1", Fastly_Soft_Purge="1"), "url:shop.test/a?b=1"),
    ):
        found = meant("tagged", request)
        assert found.purges == (OriginPurge((tag,), soft=True),)
    keyed = meant("tagged", asked("PURGE", Surrogate_Key="a"))
    assert json.loads(keyed.reply(Counts()).body) == {"status": "ok"}


def test_purgekeys_can_be_hard_and_soft_at_once() -> None:
    found = meant("tagged", asked("PURGEKEYS", xkey_purge="a b", xkey_softpurge="c"))
    assert found.purges == (
        OriginPurge(("origin:a", "origin:b")),
        OriginPurge(("origin:c",), soft=True),
    )


@pytest.mark.parametrize("host", ["Shop.test:8080", "shop.test:8080"])
def test_a_plain_purge_is_of_a_url_at_a_host(host: str) -> None:
    found = meant("tagged", asked("PURGE", "/a?x=1", host=host))
    assert found.purges == (OriginPurge(("url:shop.test:8080/a?x=1",)),)
