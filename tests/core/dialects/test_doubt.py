"""What no client forms purges no less than it could have meant, or is refused and says why."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.dialects.asked import Asked, Meant, OriginPurge
from controller.core.dialects.groups import invalidated
from controller.core.dialects.profiles import OF_PROFILE, read_purge
from controller.core.direct import Profile
from tests.core.dialects.clients import asked, meant, refused

PROFILES = sorted(OF_PROFILE)
METHODS = ["PURGE", "BAN", "PURGEKEYS", "PURGE_GRAPHQL", "REFRESH", "DELETE", "purge"]
HEADERS = [
    "x-magento-tags-pattern",
    "x-pool",
    "x-magento-purge-soft",
    "xkey-purge",
    "xkey-softpurge",
    "xkey",
    "surrogate-key",
    "fastly-soft-purge",
    "x-cache-tags",
    "x-host",
    "x-url",
    "x-content-type",
    "apiplatform-ban-regex",
    "cache-tags",
    "purge-cache-tags",
    "graphql-purge-keys",
    "graphql-url",
    "cache-group-invalidation",
    "x-purge-method",
]
LATIN = st.text(st.characters(max_codepoint=255), max_size=40)
TAG = st.text("ab1_.", min_size=1, max_size=4)
NEARLY = st.text("ab1_.*+?", min_size=1, max_size=4)
PATTERN = st.one_of(
    st.text("ab1_.|()^$,*+?[]\\", max_size=30),
    st.lists(NEARLY, min_size=1, max_size=3).map(
        lambda tags: "|".join(f"((^|,){tag}(,|$))" for tag in tags)
    ),
    st.lists(NEARLY, min_size=1, max_size=3).map(lambda tags: f"(^|,)({'|'.join(tags)})(,|$)"),
    st.lists(NEARLY, min_size=1, max_size=3).map(lambda tags: f"({'|'.join(tags)})($|\\,)"),
)


def reaches(purges: tuple[OriginPurge, ...], tag: str) -> bool:
    return any(purge.everything or f"origin:{tag}" in purge.tags for purge in purges)


@given(
    st.sampled_from(PROFILES),
    st.sampled_from(METHODS),
    LATIN,
    st.dictionaries(st.sampled_from(HEADERS), st.lists(LATIN, max_size=3).map(tuple), max_size=5),
)
def test_whatever_is_sent_purges_something_or_is_refused(
    profile: Profile, method: str, target: str, headers: dict[str, tuple[str, ...]]
) -> None:
    found = read_purge(profile, Asked(method, "shop.test", target, headers))
    if isinstance(found, Meant):
        assert found.purges
        assert all(purge.everything or purge.tags for purge in found.purges)
    else:
        assert found.status in (400, 405)
        assert found.message


@pytest.mark.parametrize(
    ("profile", "method", "header"),
    [
        ("magento", "PURGE", "X_Magento_Tags_Pattern"),
        ("tagged", "BAN", "X_Cache_Tags"),
        ("tagged", "BAN", "ApiPlatform_Ban_Regex"),
    ],
)
@given(pattern=PATTERN, tagged=st.lists(TAG, min_size=1, max_size=4))
def test_a_pattern_reaches_whatever_it_matches(
    profile: Profile, method: str, header: str, pattern: str, tagged: list[str]
) -> None:
    """Magento's and API Platform's own shapes are read as what they were formed of: a dot that is
    not quoted is a dot, and an IRI is a whole one.
    """
    found = meant(profile, asked(method, **{header: pattern}))
    # A tag that is formed into another's shape is that tag.
    names = re.sub(r"(?<=[\w-])\.(?=[\w-])", r"\\.", pattern) if profile == "magento" else pattern
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of [1||, which is no pattern of tags
            matches = re.compile(names)
    except re.error:
        assert reaches(found.purges, "any")
        return
    if header == "ApiPlatform_Ban_Regex" and not found.purges[0].everything:
        hit = any(matches.fullmatch(tag) for tag in tagged)
    else:
        hit = matches.search(",".join(tagged)) is not None
    if hit:
        assert any(reaches(found.purges, tag) for tag in tagged)


@pytest.mark.parametrize(
    "request_",
    [
        asked("PURGE", X_Magento_Tags_Pattern="cat_p_1"),
        asked("PURGE", X_Magento_Tags_Pattern=""),
        asked("PURGE", X_Magento_Tags_Pattern="((^|,)cat_p_.*(,|$))"),
        asked("PURGE", X_Magento_Tags_Pattern="((^|,)cat_p_1(,|$))|cat"),
        asked("PURGE", X_Magento_Tags_Pattern="((^|,)cat_p_1(,|$))", X_Pool="cdn"),
        asked("PURGE", X_Pool="cdn"),
    ],
    ids=lambda request: str(dict(request.headers)),
)
def test_magentos_other_patterns_are_everything_with_a_reason(request_: Asked) -> None:
    whole = [purge for purge in meant("magento", request_).purges if purge.everything]
    assert whole
    assert whole[0].doubt


@pytest.mark.parametrize(
    ("profile", "method", "header", "pattern"),
    [
        ("magento", "PURGE", "X_Magento_Tags_Pattern", "((^|,)cat_p_1+(,|$))"),
        ("magento", "PURGE", "X_Magento_Tags_Pattern", "((^|,)cat_p_1*(,|$))"),
        ("magento", "PURGE", "X_Magento_Tags_Pattern", "((^|,)cat_p_.(,|$))"),
        ("magento", "PURGE", "X_Magento_Tags_Pattern", "((^|,)a,b(,|$))"),
        ("tagged", "BAN", "X_Cache_Tags", "(^|,)(a+|b)(,|$)"),
        ("tagged", "BAN", "X_Cache_Tags", "(^|,)(a|)(,|$)"),
        ("tagged", "BAN", "X_Cache_Tags", "(^|,)(\\d)(,|$)"),
        ("tagged", "BAN", "ApiPlatform_Ban_Regex", "(/a.*)($|\\,)"),
        ("tagged", "BAN", "ApiPlatform_Ban_Regex", "(^|\\,)/a|/b($|\\,)"),
        ("tagged", "BAN", "Cache_Tags", "node:1|node:2[0-9]"),
    ],
)
def test_a_clients_shape_around_more_than_tags_is_everything(
    profile: Profile, method: str, header: str, pattern: str
) -> None:
    (found,) = meant(profile, asked(method, **{header: pattern})).purges
    assert found.everything
    assert found.doubt


@pytest.mark.parametrize(
    "request_",
    [
        asked("BAN", X_Host=".*", X_Url="^/news", X_Content_Type=".*"),
        asked("BAN", X_Host="^(a|b)$", X_Url=".*", X_Content_Type="image/png"),
        asked("BAN", X_Cache_Tags="(^|,)(a.b)(,|$)"),
        asked("BAN", Cache_Tags="node:.*"),
        asked("BAN", "/news/.*"),
        asked("PURGE", "/.*", X_Purge_Method="regex"),
        asked("PURGE", Surrogate_Key="é"),
        asked("PURGE", Cache_Group_Invalidation='"two words"'),
        asked("PURGEKEYS", xkey_purge=201 * "x"),
    ],
    ids=lambda request: f"{request.method} {request.target[:20]} {dict(request.headers)}"[:60],
)
def test_what_is_more_than_tags_is_everything_with_a_reason(request_: Asked) -> None:
    (found,) = meant("tagged", request_).purges
    assert found.everything
    assert found.doubt


@pytest.mark.parametrize(
    ("profile", "request_"),
    [
        ("magento", asked("PURGE", X_Magento_Tags_Pattern=".*")),
        ("tagged", asked("BAN", X_Cache_Tags=".*", X_Host=".*")),
        ("tagged", asked("BAN", X_Host=".*", X_Url=".*", X_Content_Type=".*")),
        ("tagged", asked("BAN", ApiPlatform_Ban_Regex=".*")),
        ("tagged", asked("BAN", "/.*")),
    ],
    ids=lambda value: value if isinstance(value, str) else value.method,
)
def test_everything_in_a_clients_own_words_is_no_doubt(profile: Profile, request_: Asked) -> None:
    (found,) = meant(profile, request_).purges
    assert found.everything
    assert found.doubt is None


def test_a_ban_of_tags_is_not_narrowed_by_its_other_conditions() -> None:
    request = asked("BAN", X_Cache_Tags="(^|,)(a)(,|$)", X_Host="^shop$", X_Url="/x")
    assert meant("tagged", request).purges == (OriginPurge(("origin:a",)),)


def test_what_several_dialects_know_means_all_of_it() -> None:
    request = asked("PURGE", "/page?x=1", Surrogate_Key="a", xkey="b")
    found = {tag for purge in meant("tagged", request).purges for tag in purge.tags}
    assert found == {"origin:a", "origin:b", "url:shop.test/page?x=1"}


def test_an_answers_groups_that_cannot_be_parsed_invalidate_everything() -> None:
    for field in ('"a', "a", '("a" "b")', "1", '"a",,'):
        found = invalidated([field])
        assert found is not None
        assert found.everything
    assert invalidated([]) is None
    assert invalidated([""]) is None


@pytest.mark.parametrize(
    ("profile", "request_", "status", "words"),
    [
        ("magento", asked("PURGE"), 400, "X-Magento-Tags-Pattern or X-Pool header required"),
        ("magento", asked("BAN"), 405, "X-Magento-Tags-Pattern"),
        ("magento", asked("PURGEKEYS", xkey_purge="a"), 405, "magento"),
        ("wpgraphql", asked("PURGE_GRAPHQL"), 400, "GraphQL-Purge-Keys"),
        ("wpgraphql", asked("BAN", X_Cache_Tags=".*"), 405, "PURGE_GRAPHQL"),
        ("tagged", asked("PURGEKEYS"), 400, "XKey-Purge"),
        ("tagged", asked("PURGE_GRAPHQL", GraphQL_Purge_Keys="a"), 405, "PURGEKEYS"),
        ("tagged", asked("PURGE", Surrogate_Key=" "), 400, "Surrogate-Key"),
        ("tagged", asked("PURGE", xkey=", "), 400, "xkey"),
        ("tagged", asked("PURGE", Cache_Group_Invalidation="a"), 400, "list of strings"),
        ("tagged", asked("PURGE", Cache_Group_Invalidation=""), 400, "list of strings"),
        ("tagged", asked("BAN", Cache_Tags=" "), 400, "Cache-Tags"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_means_nothing_is_refused_in_words(
    profile: Profile, request_: Asked, status: int, words: str
) -> None:
    found, message = refused(profile, request_)
    assert found == status
    assert words in message
