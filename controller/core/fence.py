"""Invariant 1, the controller's half: an answer that was fetched before a purge is not stored."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from controller.core.tags import Tag


class Fence:
    """The last purge of each tag, as far as it is remembered.

    At most ``capacity`` tags are kept; the sequence numbers of forgotten ones collapse into a
    floor, below which nothing is admitted: forgetting only makes the fence more cautious.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._last: OrderedDict[Tag, int] = OrderedDict()
        self._floor = 0
        self._head = 0

    @property
    def head(self) -> int:
        """The newest entry it was told of: the seq at which a fetch that begins now starts."""
        return self._head

    def purged(self, seq: int, tags: Iterable[Tag]) -> None:
        """The log's entry ``seq`` purged ``tags``."""
        last = self._last
        for tag in tags:
            last[tag] = max(seq, last.get(tag, 0))
            last.move_to_end(tag)
        while len(last) > self._capacity:
            _, forgotten = last.popitem(last=False)
            self._floor = max(self._floor, forgotten)
        self._head = max(self._head, seq)

    def flushed(self, seq: int) -> None:
        """The log's entry ``seq`` purged everything."""
        self._floor = max(self._floor, seq)
        self._head = max(self._head, seq)

    def admits(self, tags: Iterable[Tag], started_at_seq: int) -> bool:
        """Whether an answer with ``tags``, whose fetch began when the log stood at
        ``started_at_seq``, is as fresh as every purge so far.
        """
        if self._head <= started_at_seq:
            return True
        if self._floor > started_at_seq:
            return False
        last = self._last
        return all(last.get(tag, 0) <= started_at_seq for tag in tags)
