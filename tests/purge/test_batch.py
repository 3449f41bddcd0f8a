"""Joining log entries: few requests, the same effect."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.core.tags import Purge, service_tag, wire
from controller.purge.batch import LINE_BYTES, LINES, PurgeRequest, requests_for
from controller.purge.log import Entry


def entries(*purges: Purge) -> list[Entry]:
    return [Entry(seq, 0.0, purge) for seq, purge in enumerate(purges, start=1)]


def hard(*tags: str) -> Purge:
    return Purge(tags, "test")


def soft(*tags: str) -> Purge:
    return Purge(tags, "test", soft=True)


def keys(request: PurgeRequest) -> list[str]:
    return " ".join(request.lines).split()


def wired(*tags: str) -> list[str]:
    return [wire("demo", tag) for tag in tags]


def test_the_same_key_many_times_is_one_request() -> None:
    (request,) = requests_for(entries(*[hard("a")] * 1_000), "demo")
    assert request == PurgeRequest(lines=tuple(wired("a")), seq=1_000)


def test_hard_and_soft_stand_in_requests_of_their_own_and_the_last_moves_the_cursor() -> None:
    first, last = requests_for(entries(soft("a"), hard("b"), soft("c")), "demo")
    assert (keys(first), first.soft, first.seq) == (wired("b"), False, None)
    assert (keys(last), last.soft, last.seq) == (wired("a", "c"), True, 3)


def test_a_hard_purge_covers_a_soft_one_of_the_same_tag_wherever_it_stands() -> None:
    for order in ((hard("a"), soft("a")), (soft("a"), hard("a"))):
        (request,) = requests_for(entries(*order), "demo")
        assert (keys(request), request.soft, request.seq) == (wired("a"), False, 2)


def test_many_keys_fill_lines_and_requests_up_to_their_limits() -> None:
    tags = [f"t{n}" for n in range(3_000)]
    requests = requests_for(entries(hard(*tags)), "demo")
    assert [key for request in requests for key in keys(request)] == wired(*tags)
    assert [request.seq for request in requests] == [None, None, 1]
    assert all(len(request.lines) <= LINES for request in requests)
    longest = max(len(line) for request in requests for line in request.lines)
    assert LINE_BYTES - 17 < longest <= LINE_BYTES


def test_everything_is_a_flush_that_covers_all_around_it() -> None:
    everything = Purge((), "test", everything=True)
    assert requests_for(entries(hard("a"), everything, soft("b")), "demo") == [
        PurgeRequest(flush=2, seq=3)
    ]


def test_everything_softly_is_the_service_tag_and_spares_no_hard_purge() -> None:
    everything = Purge((), "test", soft=True, everything=True)
    first, last = requests_for(entries(soft("a"), hard("b"), everything), "demo")
    assert (keys(first), first.soft) == (wired("b"), False)
    assert (keys(last), last.soft, last.seq) == (wired(service_tag("demo")), True, 3)


def test_entries_without_tags_still_move_the_cursor() -> None:
    assert requests_for(entries(hard()), "demo") == [PurgeRequest(seq=1)]


def test_an_origins_tag_stands_as_it_named_it_and_takes_along_what_has_odd_ones() -> None:
    first, last = requests_for(entries(hard("origin:cat_p_5"), soft("url:shop/a")), "demo")
    assert (keys(first), first.soft) == (["t:cat_p_5", "some"], False)
    assert (keys(last), last.soft) == (["u:shop/a", "some", "some-url"], True)


def test_an_origins_tag_that_cannot_be_written_purges_what_every_object_has() -> None:
    for odd in ("origin:a,b", "origin:a b", "origin:ü", "origin:", "origin:" + 201 * "x"):
        (request,) = requests_for(entries(hard(odd)), "demo")
        assert keys(request) == ["all", "some"]


def test_a_url_that_cannot_be_written_purges_what_has_no_key_for_it() -> None:
    for odd in ("url:shop/a,b", "url:shop/" + 201 * "x", "url:shop/ü"):
        (request,) = requests_for(entries(hard(odd)), "demo")
        assert keys(request) == ["some", "some-url"]


@given(
    st.lists(st.text("abcXYZ019:/=._-", min_size=1, max_size=200), min_size=1, max_size=400),
    st.lists(st.text(max_size=20), max_size=50),
)
def test_lines_of_keys_of_any_length_are_full_and_none_is_too_long(
    origin: list[str], own: list[str]
) -> None:
    tags = [*(f"origin:{text}" for text in origin), *(f"key:Post:id:{text}" for text in own)]
    requests = requests_for(entries(hard(*tags)), "demo")
    found = [key for request in requests for key in keys(request)]
    assert sorted(found) == sorted({*wired(*tags), "some"})
    lines = [line for request in requests for line in request.lines]
    assert all(len(line) <= LINE_BYTES for line in lines)
    firsts = [line.split(" ", 1)[0] for line in lines]
    assert all(
        len(line) + 1 + len(first) > LINE_BYTES
        for line, first in zip(lines, firsts[1:], strict=False)
    )
