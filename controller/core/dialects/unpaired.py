"""Tags in a header that its own client sends with another method: by hand, or configured so.

A list is these tags. Of a pattern nobody says who formed it, and a BAN has conditions: everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from controller.core.dialects.asked import (
    Asked,
    Meant,
    OriginPurge,
    Read,
    beside,
    everything,
    named,
    says,
    separated,
)
from controller.core.dialects.fastly import SOFT

METHODS: Final = ("PURGE", "PURGEKEYS", "BAN", "REFRESH")
HEADERS: Final[Mapping[str, str]] = {
    "apiplatform-ban-regex": "BAN",
    "cache-group-invalidation": "PURGE",
    "cache-tag": "",
    "cache-tags": "BAN",
    "purge-cache-tags": "BAN",
    "surrogate-key": "PURGE",
    "x-cache-tags": "BAN",
    "xkey": "PURGE",
    "xkey-purge": "PURGEKEYS",
    "xkey-softpurge": "PURGEKEYS",
}
"""With the method by which its dialect reads it; no client sends ``Cache-Tag``."""
_PATTERN: Final = re.compile(r'[\\^$(){}\[\]|*+"]')


def read(asked: Asked) -> Read:
    """What the headers mean that no dialect reads with this method."""
    if asked.method not in METHODS:
        return None
    purges = [
        _listed(asked, name, line)
        for name, method in HEADERS.items()
        if method != asked.method
        for line in asked.lines(name)
        if separated([line])
    ]
    if not purges:
        return None
    soft = all(purge.soft for purge in purges)
    url = beside(asked, soft=soft) if asked.method == "PURGE" else ()
    return Meant("unpaired", (*purges, *url), says("Purged"))


def _listed(asked: Asked, name: str, line: str) -> OriginPurge:
    soft = name == "xkey-softpurge" or asked.flag(SOFT)
    if asked.method == "BAN" or _PATTERN.search(line):
        return everything(f"{asked.method} with {name}: {line[:80]!r}", soft=soft)
    return named(separated([line]), soft=soft)
