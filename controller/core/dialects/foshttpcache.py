"""FOSHttpCache's Varnish client, and Ibexa, which uses it: PURGEKEYS, BAN, REFRESH.

BAN has one header for tags, ``X-Cache-Tags``, with ``(^|,)(a|b)(,|$)`` in it, each tag quoted by
``preg_quote``; before version 2 ``(a|b)(,.+)?$``. With it go X-Host, X-Url and X-Content-Type,
``.*`` each unless the ban is about them: all conditions hold at once, so that tags alone are never
less. Without tags it is about hosts, paths and content types, by which objects are not known.
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
    at_url,
    everything,
    named,
    says,
    separated,
)
from controller.core.dialects.patterns import MATCHES_ALL, within

TAGS: Final = "x-cache-tags"
CONDITIONS: Final = ("x-host", "x-url", "x-content-type")


def read(asked: Asked) -> Read:
    """What one of its requests means; a plain PURGE is none of them."""
    match asked.method:
        case "PURGEKEYS":
            return _keys(asked)
        case "BAN" if any(map(asked.lines, (TAGS, *CONDITIONS))):
            patterns = asked.lines(TAGS)
            purges = tuple(map(_banned, patterns)) if patterns else (_condition(asked),)
            return Meant("foshttpcache", purges, says("Banned"))
        case "REFRESH":
            return Meant("foshttpcache", (at_url(asked),), says("Refreshed"))
        case _:
            return None


def _keys(asked: Asked) -> Read:
    hard, soft = separated(asked.lines("xkey-purge")), separated(asked.lines("xkey-softpurge"))
    if not hard and not soft:
        return Refused(400, "Neither header XKey-Purge or XKey-SoftPurge set", empty=True)
    purges = [named(hard)] if hard else []
    if soft:
        purges.append(named(soft, soft=True))
    return Meant("foshttpcache", tuple(purges), _purged)


def _banned(pattern: str) -> OriginPurge:
    if pattern == MATCHES_ALL:
        return everything()
    tags = within("(^|,)(", pattern, ")(,|$)") or within("(", pattern, ")(,.+)?$")
    if tags is None:
        return everything(f"{pattern[:80]!r} is no pattern that FOSHttpCache forms")
    return named(tags)


def _condition(asked: Asked) -> OriginPurge:
    given = [name for name in CONDITIONS if set(asked.lines(name)) - {MATCHES_ALL}]
    names = ", ".join(given)
    return everything(f"objects are not known by {names}" if given else None)


def _purged(counts: Counts) -> Reply:
    return Reply(200, f"Purged {counts.hard} objects, expired {counts.soft} objects")
