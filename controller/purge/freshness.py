"""What keeps an answer from being stored, or found, after a purge of it was acknowledged.

One place for both halves, because they must be told in the same tick: the fence (``core.fence``),
which refuses what was fetched before a purge, and the recent answers (``core.recent``), which a
purge has to wait for. Recent answers are kept per node: each is on its way to one Varnish alone.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from typing import Final

from controller.core.fence import Began, Fence
from controller.core.recent import Recent
from controller.core.tags import WIRE_LENGTH, Purge, Tag
from controller.purge.registry import Registry

FENCE_TAGS: Final = 200_000
"""Tags whose last purge is remembered: about 60 MB at most."""
RECENT_SECONDS: Final = 5.0
RECENT_TAGS: Final = 500_000
"""How long answers count as perhaps not indexed (it takes about a millisecond), and how many tags
of theirs are remembered for each node: about 100 MB at most."""
BOOTS: Final = 100
"""Nodes whose answers are remembered; the one that was unknown longest is forgotten."""


class Freshness:
    """Told of every purge, asked before every answer. ``lag`` is ``purge.originLag`` in seconds.

    ``registry`` is what nodes were given to store: it counts, and decides nothing. ``direct``:
    they store what they fetch themselves, so that nothing is asked here.
    """

    def __init__(self, *, lag: float = 0.0, direct: bool = False) -> None:
        self.fence = Fence(FENCE_TAGS, lag=lag)
        # What was purged before this process began may be lagging still.
        self.fence.flushed(0, time.monotonic())
        self.registry = Registry(told=not direct)
        self._recent: dict[str, Recent] = {}
        self._refetched: set[str] = set()
        self._second = 0

    def heard(self, seq: int, purge: Purge) -> None:
        """The log has this entry: a fetch that ends from now on is checked with it."""
        now = time.monotonic()
        if purge.everything:
            self.fence.flushed(seq, now)
        else:
            self.fence.purged(seq, purge.tags, now)

    def begin(self) -> Began:
        """The beginning of a fetch."""
        return self.fence.begin(time.monotonic())

    def admit(
        self, tags: Collection[Tag], began: Began, *, node: str, max_age: float
    ) -> str | None:
        """The own key under which an answer goes to ``node`` (its boot) to be stored for
        ``max_age`` seconds.

        None if it must not be stored: one of its tags was purged since its fetch began, or is being
        purged at the node.
        """
        recent = self.recent(node)
        if not self.fence.admits(tags, began) or not recent.purging.isdisjoint(tags):
            return None
        own_key = secrets.token_urlsafe(WIRE_LENGTH * 3 // 4)
        recent.register(own_key, tags, time.monotonic(), max_age=max_age)
        return own_key

    def recent(self, node: str) -> Recent:
        """The answers on their way to the node with this boot."""
        if node not in self._recent:
            self._recent[node] = Recent(seconds=RECENT_SECONDS, most=RECENT_TAGS)
            if len(self._recent) > BOOTS:
                del self._recent[next(iter(self._recent))]
        return self._recent[node]

    def forget(self, node: str) -> None:
        """The node with this boot is no more."""
        self._recent.pop(node, None)
        self.registry.forget(node)

    def refetch(self, key: str) -> bool:
        """Whether those who wait for a refused answer to ``key`` should share one new fetch.

        Once a second: while purges of it go on they each ask for themselves, or they would be
        served one after another.
        """
        second = int(time.monotonic())
        if second != self._second:
            self._second = second
            self._refetched.clear()
        first = key not in self._refetched
        self._refetched.add(key)
        return first
