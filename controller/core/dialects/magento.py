"""Magento, and the community's modules for it: PURGE with X-Magento-Tags-Pattern or X-Pool.

Magento (CacheInvalidate, PurgeCache) forms ``((^|,)TAG(,|$))`` for each tag, joins them by ``|``
and cuts the list into requests of at most 7,680 bytes; ``.*`` flushes. It does not quote tags: a
dot inside an identifier (``cms_b_about.us``) stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from controller.core.dialects.asked import (
    Asked,
    Counts,
    Meant,
    OriginPurge,
    Read,
    Refused,
    Reply,
    as_json,
    everything,
    named,
    says,
)
from controller.core.dialects.patterns import MATCHES_ALL

_TAG: Final = r"(?:[^\s,.\\+*?\[\]^${}()|]|(?<=[\w-])\.(?=[\w-]))+"
_ONE: Final = rf"\(\(\^\|,\)({_TAG})\(,\|\$\)\)"
_SHAPE: Final = re.compile(rf"{_ONE}(?:\|{_ONE})*", re.ASCII)
_EACH: Final = re.compile(_ONE, re.ASCII)


def read(asked: Asked) -> Read:
    """What Magento's PURGE means."""
    if asked.method != "PURGE":
        return None
    patterns, pools = asked.lines("x-magento-tags-pattern"), asked.lines("x-pool")
    if not patterns and not pools:
        return Refused(400, "X-Magento-Tags-Pattern or X-Pool header required")
    soft = asked.flag("x-magento-purge-soft")
    purges = list(_purges(patterns, soft=soft))
    if pools:
        purges.append(everything("objects are not known by their X-Pool", soft=soft))
    # The module that sends this header reads how many there were; Magento reads nothing.
    counted = bool(asked.lines("x-magento-purge-soft"))
    return Meant("magento", tuple(purges), _invalidated if counted else says("Purged"))


def _purges(patterns: tuple[str, ...], *, soft: bool) -> Iterator[OriginPurge]:
    for pattern in patterns:
        if pattern == MATCHES_ALL:
            yield everything(soft=soft)
        elif _SHAPE.fullmatch(pattern):
            yield named(_EACH.findall(pattern), soft=soft)
        else:
            yield everything(f"{pattern[:80]!r} is no pattern that Magento forms", soft=soft)


def _invalidated(counts: Counts) -> Reply:
    return as_json({"invalidated": counts.hard + counts.soft})
