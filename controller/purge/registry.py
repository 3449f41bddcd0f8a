"""What each Varnish of this controller was given to store, kept in step with its purges."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from controller.core.register import Again, Fetches, Register, Stored
from controller.core.tags import Tag
from controller.purge.log import Entry

REGISTER_TAGS: Final = 500_000
"""Tags of objects that are remembered for each node: about 100 MB at most."""
REGISTER_TEXT: Final = 32 * 1024 * 1024
"""Characters of query strings and headers by which objects can be fetched again."""
AGAIN_LENGTH: Final = 4_096
"""A longer query string is not remembered."""
FETCHES: Final = 100_000
"""Keys whose fetches are counted."""
BOOTS: Final = 100
"""Nodes that are remembered; the one that was unknown longest is forgotten."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many objects there are as far as is known. Not ``complete``: there may be more."""

    objects: int
    complete: bool


class Registry:
    """A register for each boot of a Varnish. For one event loop.

    Without ``told`` nobody adds what the nodes store: there may always be more.
    """

    def __init__(self, *, told: bool = True) -> None:
        self._told = told
        self._registers: dict[str, Register] = {}
        self._fetches = Fetches(FETCHES)

    def add(
        self,
        boot: str,
        key: str,
        headers: Sequence[tuple[str, str]],
        tags: Sequence[Tag],
        *,
        times: tuple[float, float],
        again: Again | None,
    ) -> None:
        """An answer to ``key`` under these keyed headers goes to the node with this boot, to be
        stored for as many seconds, and as many more stale, as ``times`` says.
        """
        now = time.monotonic()
        name = hashlib.sha256(repr((key, sorted(headers))).encode()).digest()[:16]
        max_age, swr = times
        if again is not None and again.length > AGAIN_LENGTH:
            again = None
        self._fetches.add(name)
        self._of(boot).add(Stored(name, tuple(tags), now + max_age + swr, swr, again), now)

    def estimate(self, boot: str | None, tags: Iterable[Tag] | None) -> Estimate:
        """How many objects a purge of ``tags``, None for everything, would touch at a node."""
        if boot is None:
            return Estimate(0, complete=False)
        register, now = self._of(boot), time.monotonic()
        complete = self._told and register.complete(now)
        return Estimate(len(register.touching(tags, now)), complete)

    def hottest(self, boot: str | None, tags: Iterable[Tag] | None, most: int) -> list[Again]:
        """How to fetch again what such a purge touches: at most so many, the hottest first."""
        if boot is None:
            return []
        touched = self._of(boot).touching(tags, time.monotonic())
        hottest = self._fetches.hottest(touched, most)
        return [stored.again for stored in hottest if stored.again is not None]

    def applied(self, boot: str, entries: Sequence[Entry]) -> list[int]:
        """The node has applied ``entries``: how many objects each has touched."""
        register, now = self._of(boot), time.monotonic()
        touched = []
        for entry in entries:
            tags = None if entry.purge.everything else entry.purge.tags
            touched.append(register.purged(tags, now, soft=entry.purge.soft))
            if entry.purge.everything and not entry.purge.soft:
                register.flushed()
        return touched

    def flushed(self, boot: str) -> None:
        """The node was emptied."""
        self._of(boot).flushed()

    def forget(self, boot: str) -> None:
        """The node with this boot is no more."""
        self._registers.pop(boot, None)

    def _of(self, boot: str) -> Register:
        if boot not in self._registers:
            made = Register(most_tags=REGISTER_TAGS, most_text=REGISTER_TEXT)
            self._registers[boot] = made
            if len(self._registers) > BOOTS:
                del self._registers[next(iter(self._registers))]
        return self._registers[boot]
