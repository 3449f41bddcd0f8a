"""What clients form by their protocol comes back as exactly what they named."""

from __future__ import annotations

import http_sf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.dialects.groups import invalidated
from tests.core.dialects import clients
from tests.core.dialects.clients import asked, tags

NAMES = "abcXYZ0189_-"
MAGENTO = st.from_regex(r"\A[a-z]{1,8}(_[a-z0-9-]{1,12}){0,3}(\.[a-z0-9_]{1,4})?\Z")
CLEAN = st.text(f"{NAMES}:/.=@~+*?[](){{}}^$|\\#!<>&;%'\"", min_size=1, max_size=120)
"""Any tag of visible ASCII without a comma."""
PLAIN = st.text(f"{NAMES}:./=~@%&", min_size=1, max_size=120)
SIZES = st.integers(min_value=1, max_value=8_000)


def unique(names: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(names, min_size=1, max_size=300, unique=True)


@given(unique(MAGENTO), SIZES)
def test_magentos_chunks_of_any_size_are_its_tags(names: list[str], size: int) -> None:
    # A tag that is longer than a chunk makes Magento send an empty pattern first.
    size = max(size, max(map(len, names)) + 15)
    requests = [asked("PURGE", X_Magento_Tags_Pattern=p) for p in clients.magento(names, size)]
    assert tags("magento", *requests) == names


def test_magentos_chunks_fit_into_7680_bytes() -> None:
    names = [f"cat_p_{number}" for number in range(3_000)]
    patterns = list(clients.magento(names))
    assert len(patterns) > 5
    assert max(map(len, patterns)) <= 7_680
    requests = [asked("PURGE", X_Magento_Tags_Pattern=pattern) for pattern in patterns]
    assert tags("magento", *requests) == names


@given(unique(CLEAN), SIZES)
def test_foshttpcaches_bans_of_any_size_are_its_tags(names: list[str], size: int) -> None:
    conditions = {"X_Host": ".*", "X_Url": ".*", "X_Content_Type": ".*"}
    requests = [
        asked("BAN", X_Cache_Tags=pattern, **conditions)
        for pattern in clients.fos(names, size, ban=True)
    ]
    assert tags("tagged", *requests) == names


@given(unique(PLAIN), SIZES, st.sampled_from(["xkey_purge", "xkey_softpurge"]))
def test_foshttpcaches_and_ibexas_keys_of_any_size_are_their_tags(
    names: list[str], size: int, header: str
) -> None:
    values = clients.fos(names, size, ban=False)
    assert tags("tagged", *(asked("PURGEKEYS", **{header: value}) for value in values)) == names


@given(unique(CLEAN), SIZES)
def test_api_platforms_bans_of_any_size_are_its_iris(names: list[str], size: int) -> None:
    patterns = clients.api_platform(names, size)
    requests = [asked("BAN", "", ApiPlatform_Ban_Regex=pattern) for pattern in patterns]
    assert tags("tagged", *requests) == names


@pytest.mark.parametrize(
    ("pattern", "iris"),
    [
        (r"(^|\,)/foo($|\,)", ["/foo"]),
        (r"((^|\,)/foo($|\,))|((^|\,)/b\.r($|\,))", ["/foo", "/b.r"]),
    ],
)
def test_api_platforms_older_bans_are_its_iris(pattern: str, iris: list[str]) -> None:
    assert tags("tagged", asked("BAN", "", ApiPlatform_Ban_Regex=pattern)) == iris


def test_foshttpcaches_oldest_bans_are_its_tags() -> None:
    assert tags("tagged", asked("BAN", X_Cache_Tags=r"(post\-1|tag)(,.+)?$")) == ["post-1", "tag"]


@given(unique(PLAIN), SIZES)
def test_api_platforms_keys_of_any_size_are_its_iris(names: list[str], size: int) -> None:
    values = clients.api_platform_keys(names, size)
    assert tags("tagged", *(asked("PURGE", "", xkey=value) for value in values)) == names


@given(unique(CLEAN))
def test_surrogate_keys_are_its_tags(names: list[str]) -> None:
    assert tags("tagged", asked("PURGE", Surrogate_Key=" ".join(names))) == names


@given(unique(PLAIN), st.sampled_from(["Cache_Tags", "Purge_Cache_Tags"]))
def test_drupals_bans_are_its_tags(names: list[str], header: str) -> None:
    values = clients.drupal(names)
    assert tags("tagged", *(asked("BAN", "/tags", **{header: value}) for value in values)) == names
    piped = asked("BAN", **{header: "|".join(names)})
    assert tags("tagged", piped) == names


@given(unique(PLAIN), st.sampled_from([",", " ", ", "]))
def test_wpgraphqls_keys_are_its_tags(names: list[str], separator: str) -> None:
    for url in ("https://blog.test/graphql", "blog.test/graphql"):
        request = asked("PURGE_GRAPHQL", GraphQL_Purge_Keys=separator.join(names), GraphQL_URL=url)
        assert tags("wpgraphql", request) == names


@given(unique(CLEAN))
def test_cache_groups_are_its_tags(names: list[str]) -> None:
    field = http_sf.ser([(name, {}) for name in names])
    assert tags("tagged", asked("PURGE", Cache_Group_Invalidation=field)) == names
    found = invalidated([field])
    assert found is not None
    assert [tag.removeprefix("origin:") for tag in found.tags] == names
