"""Before a tag is purged: the answers that carry it and may not be indexed yet.

A PURGE of an answer's own key finds nothing until Varnish has indexed it, and is repeated until
then. It is the object that the purge is about to remove anyway.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from controller.core.recent import Recent
from controller.core.tags import Tag
from controller.purge.batch import all_tags_of, own_key_requests, tags_of
from controller.purge.connection import NodeConnection
from controller.purge.log import Entry

EVERY_SECONDS: Final = 0.000_5
AT_MOST_SECONDS: Final = 0.250
"""From the first answered PURGE: while Varnish itself is silent, time does not count."""
BRIEF_SECONDS: Final = 0.020
"""The same for answers that may have expired or been replaced already."""
LOOKS: Final = 5
"""How often, a second apart and each time answered, Varnish is asked for an answer in doubt: what
is not there by then was purged by another tag, or is never going to be stored."""


async def chase(
    connection: NodeConnection, recent: Recent, entries: Sequence[Entry], service: str
) -> list[Doubt]:
    """Wait until every answer that ``entries`` touch is indexed, and purge it.

    Returns what is in doubt: those that were not all found in time. Their purge is not
    acknowledged. One that may have expired or been replaced is looked for as well, for a moment,
    and leaves no doubt. A flush needs none of this, since what was fetched before it has an older
    generation in its key.

    Raises:
        NodeError: the node does not answer; nothing was forgotten.
    """
    if flushes(entries):
        return []
    now = time.monotonic()
    hard = recent.touching(tags_of(entries, service, soft=False))
    soft = recent.touching(tags_of(entries, service, soft=True)) - hard
    doubts = []
    for own_keys, softly in ((hard, False), (soft, True)):
        lasting = recent.lasting(own_keys, now + AT_MOST_SECONDS)
        left = await _find(connection, lasting, AT_MOST_SECONDS)
        await _find(connection, own_keys - lasting.keys(), BRIEF_SECONDS)
        if not softly:
            await _purge(connection, own_keys, soft=False)
        if left:
            tags = frozenset[Tag]().union(*lasting.values())
            doubts.append(Doubt(frozenset(lasting), tags, left, LOOKS))
    recent.forget(hard | soft)
    return doubts


def flushes(entries: Sequence[Entry]) -> bool:
    """Whether all that was fetched before these entries is out of reach by itself."""
    return any(entry.purge.everything and not entry.purge.soft for entry in entries)


async def _find(connection: NodeConnection, own_keys: Collection[str], at_most: float) -> int:
    """Make these answers stale as soon as they are there; returns how many did not come.

    By soft purges whatever is asked for: they count each object once. A hard one counts it again
    until Varnish's expiry thread has removed it, and that can lag.
    """
    left = len(own_keys)
    deadline: float | None = None
    while left > 0:
        left -= await _purge(connection, own_keys, soft=True)
        now = time.monotonic()
        deadline = deadline or now + at_most
        if left > 0:
            if now > deadline:
                return left
            await asyncio.sleep(EVERY_SECONDS)
    return 0


async def _purge(connection: NodeConnection, own_keys: Collection[str], *, soft: bool) -> int:
    requests = own_key_requests(sorted(own_keys), soft=soft)
    return sum([await connection.purge(request) for request in requests])


@dataclass(slots=True)
class Doubt:
    """Answers of which ``left`` were not found. ``looks`` are left as well.

    ``tags`` are those of them all; ``runs`` the first and last seq of each run of entries that
    touched them.
    """

    own_keys: frozenset[str]
    tags: frozenset[Tag]
    left: int
    looks: int
    runs: list[tuple[int, int]] = field(default_factory=list)


class Doubts:
    """Answers that were purged before they could be found, and may yet come to be stored.

    They are purged again and again until they were found or can come no more; as long, the entries
    that touched them are not acknowledged.
    """

    def __init__(self, service: str) -> None:
        self._service = service
        self._doubts: list[Doubt] = []

    def add(self, doubts: Sequence[Doubt]) -> None:
        """What ``chase`` left."""
        self._doubts += doubts

    def touch(self, entries: Sequence[Entry]) -> bool:
        """Whether ``entries``, as they are applied, touch an answer that is in doubt."""
        if flushes(entries):
            return False
        tags = all_tags_of(entries, self._service)
        touched = [doubt for doubt in self._doubts if not tags.isdisjoint(doubt.tags)]
        for doubt in touched:
            doubt.runs.append((entries[0].seq, entries[-1].seq))
        return bool(touched)

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """First and last entry of each run that touched such answers."""
        return tuple(run for doubt in self._doubts for run in doubt.runs)

    async def look(self, connection: NodeConnection, *, last: bool = False) -> None:
        """Purge them once more, and forget those that were found. ``last``: one look less is left.

        Raises:
            NodeError: the node does not answer; nothing was forgotten.
        """
        kept = []
        for doubt in self._doubts:
            doubt.left -= await _purge(connection, doubt.own_keys, soft=True)
            await _purge(connection, doubt.own_keys, soft=False)
            doubt.looks -= last
            if doubt.left > 0 and doubt.looks > 0:
                kept.append(doubt)
        self._doubts = kept
