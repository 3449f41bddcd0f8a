"""The purge log: every purge, in the order in which it counts.

Every source appends here and only the workers of ``controller.purge.node`` read, so what is in the
log reaches every Varnish, and what is not never happened.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final, Protocol

from controller.core.tags import Purge
from controller.errors import LogUnavailable

logger = logging.getLogger(__name__)

KEEP_SECONDS: Final = 7 * 24 * 3600
KEEP_ENTRIES: Final = 1_000_000
"""A node that was away for longer than this is flushed instead of brought up to date."""
TRIM_EVERY_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One purge of the log. ``at`` is seconds since the epoch; seqs are consecutive from 1."""

    seq: int
    at: float
    purge: Purge


class PurgeLog(Protocol):
    """What a log can do. Every coroutine raises ``LogUnavailable`` where it cannot."""

    @property
    def id(self) -> str:
        """Made with the log, random, ``[0-9a-z]+``: a seq means something only beside it."""

    async def append(self, purge: Purge) -> int:
        """Record a purge and return its seq. It is durable when this returns."""

    async def read(self, after: int, limit: int) -> list[Entry]:
        """The oldest entries with a seq over ``after``, at most ``limit``, in order.

        The first one's seq is over ``after + 1`` if entries between were trimmed.
        """

    async def head(self) -> int:
        """The seq of the newest entry ever appended, 0 if there was none."""

    async def oldest(self) -> int:
        """The seq of the oldest entry still kept, ``head() + 1`` if there is none."""

    async def trim(self, *, keep_seconds: float, keep_entries: int) -> int:
        """Drop entries that are older, or further from the head; returns how many."""

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have ``wake`` called after each append seen by this process; returns the way to stop."""


async def keep_trimmed(log: PurgeLog) -> None:
    """Trim the log from time to time until cancelled. A trim that fails loses nothing."""
    while True:
        try:
            await log.trim(keep_seconds=KEEP_SECONDS, keep_entries=KEEP_ENTRIES)
        except LogUnavailable as error:
            logger.warning("the purge log was not trimmed: %s", error)
        await asyncio.sleep(TRIM_EVERY_SECONDS)


def purge_to_json(purge: Purge) -> str:
    """A purge as it stands in a log, for people to read too."""
    return json.dumps(asdict(purge), separators=(",", ":"))


def purge_from_json(text: str) -> Purge:
    """What ``purge_to_json`` wrote.

    An entry that is not understood (damaged, or of a newer version) purges everything: what it
    meant must not be lost, and must not stop what comes after it.
    """
    try:
        return _checked(json.loads(text))
    except (ValueError, RecursionError):
        return Purge(tags=(), source="an entry of the log that cannot be read", everything=True)


def _checked(found: object) -> Purge:
    match found:
        case {
            "tags": list(tags),
            "source": str(source),
            "soft": bool(soft),
            "everything": bool(everything),
            **others,
        } if not others and all(isinstance(tag, str) for tag in tags):
            return Purge(tuple(tags), source, soft, everything)
    raise ValueError("not a purge as this version writes it")
