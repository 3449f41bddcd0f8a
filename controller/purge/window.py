"""The newest entries of a log whose seqs have gaps, kept so that none between can be missing."""

from __future__ import annotations

from bisect import bisect_right

from controller.purge.log import Entry


class Window:
    """At most ``size`` entries, each the successor of the one before it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: list[Entry] = []
        self._before = 0
        self.tail: int | None = None
        """The newest seq known, None before ``begin``."""

    def begin(self, head: int) -> None:
        """What comes after ``head`` is going to be added."""
        self.clear()
        self._before = self.tail = head

    def clear(self) -> None:
        """Forget everything: it may not be true any more."""
        self._entries.clear()
        self.tail = None

    def add(self, entry: Entry, *, before: int) -> None:
        """The next entry, whose predecessor in the log has the seq ``before``."""
        if before != self.tail:
            self._entries.clear()
            self._before = before
        self._entries.append(entry)
        self.tail = entry.seq
        if len(self._entries) > self._size:
            drop = len(self._entries) // 2
            self._before = self._entries[drop - 1].seq
            del self._entries[:drop]

    def after(self, seq: int, limit: int) -> list[Entry] | None:
        """At most ``limit`` entries over ``seq``; None if one of them may not be here, or if no
        entry here has the seq or follows it.
        """
        if self.tail is None or seq < self._before:
            return None
        start = bisect_right(self._entries, seq, key=lambda entry: entry.seq)
        if seq != (self._entries[start - 1].seq if start else self._before):
            return None
        return self._entries[start : start + limit]
