"""Invariant 1: nothing is stored that was fetched before a purge of it."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.fence import Fence
from tests.support.effort import examples


def test_an_answer_fetched_before_its_purge_is_not_admitted() -> None:
    fence = Fence(10)
    started = fence.head
    fence.purged(7, ["key:Post:id:5"])
    assert fence.head == 7
    assert not fence.admits(["app:shop", "key:Post:id:5"], started)
    assert fence.admits(["app:shop", "key:Post:id:6"], started)
    assert fence.admits(["app:shop", "key:Post:id:5"], fence.head)


def test_a_flush_admits_nothing_older() -> None:
    fence = Fence(10)
    fence.flushed(3)
    assert not fence.admits(["anything"], 2)
    assert not fence.admits([], 2)
    assert fence.admits(["anything"], 3)


def test_what_is_forgotten_makes_it_more_cautious() -> None:
    fence = Fence(2)
    for seq, tag in enumerate("abc", start=1):
        fence.purged(seq, [tag])
    assert not fence.admits(["a"], 0)
    assert not fence.admits(["never purged"], 0)
    assert fence.admits(["a"], 1)
    assert not fence.admits(["b"], 1)
    fence.purged(4, ["b"])
    fence.purged(5, ["d"])
    assert not fence.admits(["x"], 2), "c was forgotten, b was used again"
    assert fence.admits(["x"], 3)
    assert not fence.admits(["b"], 3)


def test_one_purge_may_be_larger_than_the_memory() -> None:
    fence = Fence(2)
    fence.purged(1, [str(n) for n in range(50)])
    assert not fence.admits(["0"], 0)
    assert fence.admits(["0"], 1)


def test_a_purge_that_arrives_late_does_not_move_a_tag_back() -> None:
    fence = Fence(10)
    fence.purged(9, ["a"])
    fence.purged(4, ["a"])
    assert not fence.admits(["a"], 8)
    assert fence.head == 9


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
                fence.flushed(seq)
                model.flush = max(model.flush, seq)
            else:
                fence.purged(seq, purged)
                for tag in purged:
                    model.last[tag] = max(model.last[tag], seq)
        admitted = fence.admits(tags, started)
        assert model.admits(tags, started) or not admitted
        if capacity == 8:
            assert model.admits(tags, started) == admitted
        seen[admitted] += 1

    check()
    assert min(seen[True], seen[False]) > 10, seen
