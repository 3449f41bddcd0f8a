"""HTTP Cache Groups (RFC 9875): Cache-Group-Invalidation, a list of strings.

It is a header of answers to unsafe requests (section 3); here it can be sent with a PURGE, too.
Parsed by http-sf, whose author is that of RFC 9875 and 9651: the grammar of strings, parameters
and inner lists is not worth a second implementation. Parameters are ignored (section 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import http_sf

from controller.core.dialects.asked import (
    Asked,
    Meant,
    OriginPurge,
    Read,
    Refused,
    beside,
    everything,
    named,
    says,
)

NAME = "cache-group-invalidation"


def read(asked: Asked) -> Read:
    """What a PURGE with groups means."""
    lines = asked.lines(NAME)
    if asked.method != "PURGE" or not lines:
        return None
    groups = parsed(lines)
    if not groups:
        what = 'Cache-Group-Invalidation is a list of strings, like "a", "b"'
        return Refused(400, what, empty=groups is not None)
    return Meant("cache-groups", (named(groups), *beside(asked)), says("Purged"))


def invalidated(lines: Sequence[str]) -> OriginPurge | None:
    """What an origin's answer to an unsafe request invalidates; None: nothing.

    A list that cannot be parsed would be ignored by the RFC. It was meant to invalidate something.
    """
    if not lines:
        return None
    groups = parsed(lines)
    if groups is None:
        return everything("Cache-Group-Invalidation of an answer is no list of strings")
    return named(groups) if groups else None


def parsed(lines: Sequence[str]) -> list[str] | None:
    """The strings of a field that may stand on several lines (RFC 9651, section 4.2); None if it
    is no list of strings.
    """
    try:
        members: Any = http_sf.parse(", ".join(lines).encode("latin-1"), tltype="list")
    except (ValueError, RecursionError):
        return None
    groups = [value for value, _ in members]
    return groups if all(isinstance(value, str) for value in groups) else None  # a token is no str
