"""Invariant 1: nothing is stored that was fetched before a purge of it."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.fence import Began, Fence
from tests.support.effort import examples


def test_an_answer_fetched_before_its_purge_is_not_admitted() -> None:
    fence = Fence(10)
    began = fence.begin(now=0)
    fence.purged(7, ["key:Post:id:5"], now=0)
    assert fence.begin(now=0) == Began(7, 0)
    assert not fence.admits(["app:shop", "key:Post:id:5"], began)
    assert fence.admits(["app:shop", "key:Post:id:6"], began)
    assert fence.admits(["app:shop", "key:Post:id:5"], fence.begin(now=0))


def test_a_flush_admits_nothing_older() -> None:
    fence = Fence(10)
    fence.flushed(3, now=0)
    assert not fence.admits(["anything"], Began(2, 0))
    assert not fence.admits([], Began(2, 0))
    assert fence.admits(["anything"], Began(3, 0))


def test_what_is_forgotten_makes_it_more_cautious() -> None:
    fence = Fence(2)
    for seq, tag in enumerate("abc", start=1):
        fence.purged(seq, [tag], now=0)
    assert not fence.admits(["a"], Began(0, 0))
    assert not fence.admits(["never purged"], Began(0, 0))
    assert fence.admits(["a"], Began(1, 0))
    assert not fence.admits(["b"], Began(1, 0))
    fence.purged(4, ["b"], now=0)
    fence.purged(5, ["d"], now=0)
    assert not fence.admits(["x"], Began(2, 0)), "c was forgotten, b was used again"
    assert fence.admits(["x"], Began(3, 0))
    assert not fence.admits(["b"], Began(3, 0))


def test_one_purge_may_be_larger_than_the_memory() -> None:
    fence = Fence(2)
    fence.purged(1, [str(n) for n in range(50)], now=0)
    assert not fence.admits(["0"], Began(0, 0))
    assert fence.admits(["0"], Began(1, 0))


def test_a_purge_that_arrives_late_does_not_move_a_tag_back() -> None:
    fence = Fence(10)
    fence.purged(9, ["a"], now=0)
    fence.purged(4, ["a"], now=0)
    assert not fence.admits(["a"], Began(8, 0))
    assert fence.begin(now=0).seq == 9


def test_to_hear_of_a_purge_again_changes_nothing() -> None:
    fence = Fence(10)
    fence.purged(1, ["a"], now=1.0)
    began = fence.begin(now=2.0)
    fence.purged(1, ["a"], now=3.0)
    assert fence.admits(["a"], began)


def test_with_an_origin_that_lags_a_purge_counts_for_longer() -> None:
    fence = Fence(10, lag=2.0)
    fence.purged(1, ["a"], now=10.0)
    assert not fence.admits(["a"], fence.begin(now=11.9))
    assert fence.admits(["b"], fence.begin(now=11.9))
    assert fence.admits(["a"], fence.begin(now=12.0))
    fence.flushed(2, now=20.0)
    assert not fence.admits(["b"], fence.begin(now=21.9))
    assert fence.admits(["b"], fence.begin(now=22.0))


def test_forgetting_keeps_the_lag() -> None:
    fence = Fence(1, lag=2.0)
    fence.purged(1, ["a"], now=10.0)
    fence.purged(2, ["b"], now=11.5)
    assert not fence.admits(["x"], fence.begin(now=11.9))
    assert fence.admits(["x"], fence.begin(now=12.0))
    assert not fence.admits(["b"], fence.begin(now=12.0))


class Everything:
    """The same without bounds."""

    def __init__(self) -> None:
        self.last: Counter[str] = Counter()
        self.flush = 0

    def admits(self, tags: list[str], started: int) -> bool:
        return self.flush <= started and all(self.last[tag] <= started for tag in tags)


_tags = st.lists(st.sampled_from("abcdefgh"), max_size=4)
_events = st.lists(st.tuples(_tags, st.booleans() | st.just(False), st.integers(0, 3)), max_size=25)


@pytest.mark.parametrize("capacity", [0, 1, 3, 8])
def test_it_never_admits_what_an_unbounded_fence_refuses(capacity: int) -> None:
    seen: Counter[bool] = Counter()

    @settings(max_examples=examples(150), deadline=None)
    @given(_events, _tags, st.integers(0, 30))
    def check(events: list[tuple[list[str], bool, int]], tags: list[str], started: int) -> None:
        fence, model = Fence(capacity), Everything()
        for position, (purged, flush, late) in enumerate(events, start=1):
            seq = max(1, position - late)
            if flush:
                fence.flushed(seq, now=0)
                model.flush = max(model.flush, seq)
            else:
                fence.purged(seq, purged, now=0)
                for tag in purged:
                    model.last[tag] = max(model.last[tag], seq)
        admitted = fence.admits(tags, Began(started, 0))
        assert model.admits(tags, started) or not admitted
        if capacity == 8:
            assert model.admits(tags, started) == admitted
        seen[admitted] += 1

    check()
    assert min(seen[True], seen[False]) > 10, seen
