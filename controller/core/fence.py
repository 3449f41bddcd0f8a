"""Invariant 1, the controller's half: an answer that was fetched before a purge is not stored."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from controller.core.tags import Tag


@dataclass(frozen=True, slots=True)
class Began:
    """When a fetch began: after the entry ``seq`` of the log, at ``at`` seconds."""

    seq: int
    at: float


class Fence:
    """The last purge of each tag, as far as it is remembered.

    A purge counts for ``lag`` seconds: for as long the origin may still answer with older data
    (``purge.originLag``). At most ``capacity`` tags are kept; what is known of forgotten ones
    collapses into a floor, below which nothing is admitted: forgetting only makes the fence more
    cautious. Times are seconds of any clock that does not run backwards; the caller gives them.
    """

    def __init__(self, capacity: int, *, lag: float = 0.0) -> None:
        self._capacity = capacity
        self._lag = lag
        self._last: OrderedDict[Tag, Began] = OrderedDict()
        self._floor = self._newest = Began(0, 0.0)

    def begin(self, now: float) -> Began:
        """The beginning of a fetch that begins now: after all it was told of."""
        return Began(self._newest.seq, now)

    def purged(self, seq: int, tags: Iterable[Tag], now: float) -> None:
        """The log's entry ``seq`` purged ``tags``."""
        until = self._heard(seq, now)
        last = self._last
        for tag in tags:
            last[tag] = _later(last[tag], until) if tag in last else until
            last.move_to_end(tag)
        while len(last) > self._capacity:
            _, forgotten = last.popitem(last=False)
            self._floor = _later(self._floor, forgotten)

    def flushed(self, seq: int, now: float) -> None:
        """The log's entry ``seq`` purged everything."""
        self._floor = _later(self._floor, self._heard(seq, now))

    def admits(self, tags: Iterable[Tag], began: Began) -> bool:
        """Whether an answer with ``tags``, fetched since ``began``, is as fresh as every purge so
        far.
        """
        if not _counts(self._newest, began):
            return True
        if _counts(self._floor, began):
            return False
        last = self._last
        return not any(tag in last and _counts(last[tag], began) for tag in tags)

    def _heard(self, seq: int, now: float) -> Began:
        # Without a lag the seq alone decides: of an entry that is heard of again nothing is new.
        until = Began(seq, now + self._lag if self._lag else 0.0)
        self._newest = _later(self._newest, until)
        return until


def _later(one: Began, other: Began) -> Began:
    return Began(max(one.seq, other.seq), max(one.at, other.at))


def _counts(purge: Began, fetch: Began) -> bool:
    """Whether a purge that counts until ``purge`` forbids an answer fetched since ``fetch``."""
    return purge.seq > fetch.seq or purge.at > fetch.at
