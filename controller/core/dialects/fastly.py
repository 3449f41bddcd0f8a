"""As Fastly is purged: PURGE with Surrogate-Key, and Fastly-Soft-Purge: 1 to leave it stale.

API Platform's Souin purger sends the same with commas between: no tag on an object holds one.
"""

from __future__ import annotations

from controller.core.dialects.asked import (
    Asked,
    Counts,
    Meant,
    Read,
    Refused,
    Reply,
    as_json,
    beside,
    named,
    separated,
)

SOFT = "fastly-soft-purge"


def read(asked: Asked) -> Read:
    """What a PURGE with surrogate keys means."""
    lines = asked.lines("surrogate-key")
    if asked.method != "PURGE" or not lines:
        return None
    keys, soft = separated(lines), asked.flag(SOFT)
    if not keys:
        return Refused(400, "Surrogate-Key names no key", empty=True)
    return Meant("fastly", (named(keys, soft=soft), *beside(asked, soft=soft)), _ok)


def _ok(_: Counts) -> Reply:
    return as_json({"status": "ok"})
