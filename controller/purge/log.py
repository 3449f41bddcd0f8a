"""The purge log: every purge, in the order in which it counts.

Every source appends here and only the workers of ``controller.purge.node`` read, so what is in the
log reaches every Varnish, and what is not never happened.

Before a write goes out, what it could touch is recorded as an **intent**. The purge that its answer
calls for takes the intent's place, in one step; an intent whose controller died becomes a purge.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
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

Intent = str
"""The name of a recorded intent, ``[0-9a-z]+``."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One purge of the log. ``at`` is seconds since the epoch; later entries have higher seqs."""

    seq: int
    at: float
    purge: Purge


@dataclass(frozen=True, slots=True)
class Position:
    """Where a log stands.

    ``id`` (random, ``[0-9a-z]+``) is made with the log: a seq means something only beside it, and
    another id means that entries may have been lost. ``head`` is the newest seq ever given out, 0
    if there was none. Nothing after ``trimmed`` was trimmed.
    """

    id: str
    head: int
    trimmed: int


class PurgeLog(Protocol):
    """What a log can do. Every coroutine raises ``LogUnavailable`` where it cannot.

    Seqs have at most 15 digits. They need not be consecutive.
    """

    async def position(self) -> Position:
        """Where the log stands now."""

    async def intend(self, purge: Purge) -> Intent:
        """Record what a write that goes out next could touch. Durable when this returns."""

    async def append(self, purge: Purge, *, settles: Intent | None = None) -> int:
        """Record a purge and return its seq. It is durable when this returns.

        The intent that it settles goes in the same step; one that is gone already is no error.
        """

    async def withdraw(self, intent: Intent) -> None:
        """Forget an intent: the write did not go out, or has changed nothing."""

    async def read(self, after: int, limit: int) -> list[Entry]:
        """The oldest entries with a seq over ``after``, at most ``limit``, in order.

        Raises:
            LogTrimmed: entries between were trimmed.
        """

    async def trim(self, *, keep_seconds: float, keep_entries: int) -> int:
        """Drop entries that are older, or further from the head; returns how many."""

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have ``wake`` called when there are new entries; returns the way to stop."""

    async def close(self) -> None:
        """Finish what was begun and let go."""


async def keep_trimmed(log: PurgeLog) -> None:
    """Trim the log from time to time until cancelled. A trim that fails loses nothing."""
    while True:
        try:
            await log.trim(keep_seconds=KEEP_SECONDS, keep_entries=KEEP_ENTRIES)
        except LogUnavailable as error:
            logger.warning("the purge log was not trimmed: %s", error)
        await asyncio.sleep(TRIM_EVERY_SECONDS)


async def lag_after(log: PurgeLog, seq: int) -> float:
    """For how many seconds the oldest entry after ``seq`` has been in the log; 0: there is none.

    Raises:
        LogUnavailable, LogTrimmed: that is not known.
    """
    waiting = await log.read(seq, 1)
    return max(0.0, time.time() - waiting[0].at) if waiting else 0.0


def orphaned(purge: Purge) -> Purge:
    """The purge that an intent becomes when nobody is left to settle it."""
    return Purge(purge.tags, f"orphaned {purge.source}", purge.soft, purge.everything)


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
