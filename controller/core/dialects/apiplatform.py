"""API Platform: BAN with ApiPlatform-Ban-Regex, PURGE with xkey; its tags are IRIs.

The pattern is ``(a|b)($|\\,)`` with each IRI quoted by ``preg_quote``; before version 2.6
``(^|\\,)a($|\\,)``, of several ``((^|\\,)a($|\\,))|((^|\\,)b($|\\,))``.
"""

from __future__ import annotations

from typing import Final

from controller.core.dialects.asked import (
    Asked,
    Counts,
    Meant,
    OriginPurge,
    Read,
    Refused,
    Reply,
    beside,
    everything,
    named,
    says,
    separated,
)
from controller.core.dialects.patterns import MATCHES_ALL, alternatives, within

_BEFORE: Final = r"(^|\,)"
_AFTER: Final = r"($|\,)"
_BETWEEN: Final = f"{_AFTER})|({_BEFORE}"


def read(asked: Asked) -> Read:
    """What one of its requests means."""
    match asked.method:
        case "BAN" if patterns := asked.lines("apiplatform-ban-regex"):
            return Meant("apiplatform", tuple(map(_banned, patterns)), says("Ban added"))
        case "PURGE" if lines := asked.lines("xkey"):
            keys = separated(lines)
            if not keys:
                return Refused(400, "xkey names no tag", empty=True)
            return Meant("apiplatform", (named(keys), *beside(asked)), _purged)
        case _:
            return None


def _banned(pattern: str) -> OriginPurge:
    if pattern == MATCHES_ALL:
        return everything()
    tags = within("(", pattern, f"){_AFTER}") or _older(pattern)
    if tags is None:
        return everything(f"{pattern[:80]!r} is no pattern that API Platform forms")
    return named(tags)


def _older(pattern: str) -> tuple[str, ...] | None:
    several = pattern.startswith(f"({_BEFORE}") and pattern.endswith(f"{_AFTER})")
    inside = pattern[1:-1] if several else pattern
    if not (inside.startswith(_BEFORE) and inside.endswith(_AFTER)):
        return None
    tags: list[str] = []
    for each in inside[len(_BEFORE) : -len(_AFTER)].split(_BETWEEN):
        found = alternatives(each)
        if found is None or len(found) > 1:
            return None
        tags += found
    return tuple(tags)


def _purged(counts: Counts) -> Reply:
    return Reply(200, f"Purged {counts.hard} objects")
