"""Drupal's Purge and Varnish Purger modules: BAN with Cache-Tags or Purge-Cache-Tags.

Tags stand with spaces between, or by ``|`` where the header is configured so; Drupal's own hold
none of these and no comma. A BAN that names none is about its path: ``/.*`` bans the site, another
one what matches it. PURGE of a path is the plain one. Without a controller
``templates/direct/purges.vcl.j2`` reads lists in the same way.
"""

from __future__ import annotations

import re
from typing import Final

from controller.core.dialects.asked import (
    Asked,
    Meant,
    OriginPurge,
    Read,
    Refused,
    everything,
    named,
    says,
)

HEADERS: Final = ("cache-tags", "purge-cache-tags")
_SEPARATORS: Final = re.compile(r"[ \t,|]+")
_PATTERN: Final = re.compile(r"[\\+*?\[\]^${}()]")
ADDED: Final = says("Ban added.")


def read(asked: Asked) -> Read:
    """What a BAN with tags means."""
    given = [line for name in HEADERS for line in asked.lines(name)]
    if asked.method != "BAN" or not given:
        return None
    lines = [line for line in given if any(_SEPARATORS.split(line))]
    if not lines:
        return Refused(400, "Cache-Tags names no tag", empty=True)
    return Meant("drupal", tuple(map(_banned, lines)), ADDED)


def read_bare(asked: Asked) -> Read:
    """What a BAN without any tags means."""
    if asked.method != "BAN":
        return None
    whole = asked.target == "/.*"
    doubt = None if whole else f"objects are not known by patterns of paths ({asked.target[:80]!r})"
    return Meant("drupal", (everything(doubt),), ADDED)


def _banned(line: str) -> OriginPurge:
    if _PATTERN.search(line):
        return everything(f"{line[:80]!r} is a pattern, not tags")
    return named(tag for tag in _SEPARATORS.split(line) if tag)
