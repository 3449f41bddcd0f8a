"""Whatever tags an origin has, what its documented client forms of them reaches all of them.

An object has a key for each tag that can be written, and ``some`` if one cannot
(templates/direct/tags.vcl.j2); every purge of a tag goes with ``some``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import http_sf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.dialects.asked import Asked, Meant
from controller.core.dialects.profiles import read_purge
from controller.core.direct import Profile
from controller.core.origin_tags import origin_tag, writable
from controller.core.tags import Purge
from controller.purge.batch import LINE_BYTES, requests_for
from controller.purge.log import Entry
from tests.core.dialects import clients
from tests.core.dialects.clients import asked, meant, refused

# What PHP puts on the wire: the bytes of UTF-8, read as Latin-1.
NAMES = st.one_of(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30),
    st.text(st.sampled_from("aé/_=+.*\\|()[]{}$^?-:#\"'ß"), min_size=1, max_size=12),
    st.integers(190, 300).map(lambda size: "x" * size),
).map(lambda name: name.replace(",", "_").encode().decode("latin-1"))
LISTS = st.lists(NAMES, min_size=1, max_size=30, unique=True)

Forms = Callable[[Sequence[str]], Iterator[Asked]]


def magento(names: Sequence[str]) -> Iterator[Asked]:
    for pattern in clients.magento(names):
        yield asked("PURGE", X_Magento_Tags_Pattern=pattern)


def fos_bans(names: Sequence[str]) -> Iterator[Asked]:
    for pattern in clients.fos(names, ban=True):
        yield asked("BAN", X_Cache_Tags=pattern, X_Host=".*", X_Url=".*", X_Content_Type=".*")


def fos_keys(names: Sequence[str]) -> Iterator[Asked]:
    for value in clients.fos(names, ban=False):
        yield asked("PURGEKEYS", xkey_softpurge=value)


def api_platform(names: Sequence[str]) -> Iterator[Asked]:
    for pattern in clients.api_platform(names):
        yield asked("BAN", "", ApiPlatform_Ban_Regex=pattern)


def api_platform_keys(names: Sequence[str]) -> Iterator[Asked]:
    for value in clients.api_platform_keys(names):
        yield asked("PURGE", "", xkey=value)


def souin(names: Sequence[str]) -> Iterator[Asked]:
    yield asked("PURGE", "", Surrogate_Key=", ".join(names))


def fastly(names: Sequence[str]) -> Iterator[Asked]:
    yield asked("PURGE", Surrogate_Key=" ".join(names), Fastly_Soft_Purge="1")


def drupal(names: Sequence[str]) -> Iterator[Asked]:
    for value in clients.drupal(list(map(_drupals, names))):
        yield asked("BAN", "/", Cache_Tags=value)


def drupal_piped(names: Sequence[str]) -> Iterator[Asked]:
    yield asked("BAN", "/", Purge_Cache_Tags="|".join(map(_drupals, names)))


def wpgraphql(names: Sequence[str]) -> Iterator[Asked]:
    yield asked("PURGE_GRAPHQL", GraphQL_Purge_Keys=",".join(names), GraphQL_URL="x.test/graphql")


def groups(names: Sequence[str]) -> Iterator[Asked]:
    written = ", ".join(_string(name) for name in names)
    yield asked("PURGE", Cache_Group_Invalidation=written)


def by_hand(names: Sequence[str]) -> Iterator[Asked]:
    yield asked("PURGE", Cache_Tags=", ".join(names))


def _drupals(name: str) -> str:
    """Its own tags hold no bar."""
    return name.replace("|", "_")


def _string(name: str) -> str:
    """A string of RFC 9651 where it can be one; what is not ASCII is none."""
    return http_sf.ser((name, {})) if name.isascii() else f'"{name}"'


@pytest.mark.parametrize(
    ("profile", "form"),
    [
        ("magento", magento),
        ("tagged", fos_bans),
        ("tagged", fos_keys),
        ("tagged", api_platform),
        ("tagged", api_platform_keys),
        ("tagged", souin),
        ("tagged", fastly),
        ("tagged", drupal),
        ("tagged", drupal_piped),
        ("tagged", by_hand),
        ("tagged", groups),
        ("wpgraphql", wpgraphql),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
@given(names=LISTS)
def test_a_documented_client_reaches_every_tag(
    profile: Profile, form: Forms, names: list[str]
) -> None:
    found = [read_purge(profile, request) for request in form(names)]
    if form is groups and not all(name.isascii() for name in names):
        # A list that is none: nothing is purged, and the sender is told so.
        assert not any(isinstance(each, Meant) for each in found)
        return
    purges = [p for each in found if isinstance(each, Meant) for p in each.purges]
    if any(purge.everything for purge in purges):
        return
    tags = {tag for purge in purges for tag in purge.tags}
    assert tags
    for name in names:
        own = _drupals(name) if form in (drupal, drupal_piped) else name
        assert origin_tag(own) in tags or not writable(own)


@given(LISTS, st.data())
def test_a_list_on_several_lines_with_odd_blanks_is_the_same_list(
    names: list[str], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(names)))
    blank = data.draw(st.sampled_from([" ", "  ", "\t", " ,", ",, ", " \t "]))
    lines = tuple(blank.join(part) + blank for part in (names[:cut], names[cut:]))
    one = meant("tagged", asked("PURGE", xkey=" ".join(names)))
    several = meant("tagged", Asked("PURGE", "shop.test", "/", {"xkey": lines}))
    assert several.purges == one.purges


@pytest.mark.parametrize(
    ("method", "header"),
    [
        (method, header)
        for method in ("PURGE", "PURGEKEYS", "REFRESH")
        for header in (
            *("Surrogate_Key", "xkey", "xkey_purge", "xkey_softpurge"),
            *("Cache_Tag", "Cache_Tags", "Purge_Cache_Tags", "X_Cache_Tags"),
        )
    ],
)
def test_tags_in_any_known_header_are_purged_whatever_the_method(method: str, header: str) -> None:
    request = asked(method, "/page", **{header: "a,b" if header == "X_Cache_Tags" else "a b"})
    tags = {tag for purge in meant("tagged", request).purges for tag in purge.tags}
    assert {"origin:a", "origin:b"} <= tags
    if method != "PURGEKEYS":
        assert "url:shop.test/page" in tags


@pytest.mark.parametrize(
    "request_",
    [
        asked("PURGE", X_Cache_Tags="(^|,)(a|b)(,|$)"),
        asked("PURGE", ApiPlatform_Ban_Regex="(/a)($|\\,)"),
        asked("REFRESH", Cache_Group_Invalidation='"a"'),
        asked("BAN", Surrogate_Key="a"),
        asked("BAN", xkey="a", X_Cache_Tags="(^|,)(b)(,|$)"),
    ],
    ids=lambda request: f"{request.method} {list(request.headers)}",
)
def test_what_no_dialect_reads_with_this_method_is_everything(request_: Asked) -> None:
    found = [purge for purge in meant("tagged", request_).purges if purge.everything]
    assert found
    assert all(purge.doubt for purge in found)


def test_wpgraphqls_keys_in_a_purge_of_a_url_are_purged_too() -> None:
    request = asked("PURGE", "/graphql?query=a", GraphQL_Purge_Keys="cG9zdDox= list:post")
    tags = {tag for purge in meant("wpgraphql", request).purges for tag in purge.tags}
    assert tags == {"origin:cG9zdDox=", "origin:list:post", "url:shop.test/graphql?query=a"}


@pytest.mark.parametrize("header", ["xkey", "Cache_Group_Invalidation", "Cache_Tags"])
def test_a_header_without_tags_does_not_take_back_those_of_another_one(header: str) -> None:
    (found,) = meant("tagged", asked("PURGE", Surrogate_Key="a", **{header: " "})).purges
    assert found.tags == ("origin:a",)


def test_a_list_that_cannot_be_read_is_not_forgotten_for_another_one() -> None:
    request = asked("PURGE", Surrogate_Key="a", Cache_Group_Invalidation='"b')
    assert refused("tagged", request)[0] == 400


def test_a_url_with_an_empty_query_is_not_another_one() -> None:
    (found,) = meant("tagged", asked("PURGE", "/a")).purges
    assert found.tags == ("url:shop.test/a", "url:shop.test/a?")


@given(st.lists(st.tuples(st.integers(0, 9_000), st.integers(1, 300)), min_size=1, max_size=40))
def test_no_purge_makes_a_line_that_varnish_refuses(sizes: list[tuple[int, int]]) -> None:
    """It would be refused each time anew, and everything behind it would wait in the log."""
    entries = []
    for seq, (host, path) in enumerate(sizes, start=1):
        request = asked("PURGE", f"/{'p' * path}", host="h" * host, xkey="x" * path)
        tags = tuple(tag for purge in meant("tagged", request).purges for tag in purge.tags)
        entries.append(Entry(seq, 0.0, Purge(tags, "test", everything=not tags)))
    requests = requests_for(entries, "shop")
    lines = [line for request in requests for line in request.lines]
    assert all(0 < len(line) <= LINE_BYTES for line in lines)
