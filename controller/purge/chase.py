"""Before a tag is purged: the answers that carry it and may not be indexed yet.

A PURGE of an answer's own key finds nothing until Varnish has indexed it, and is repeated until
then. It is the object that the purge is about to remove anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from controller.core.recent import Recent
from controller.purge.batch import own_key_requests, tags_of
from controller.purge.connection import NodeConnection
from controller.purge.log import Entry

EVERY_SECONDS: Final = 0.000_5
AT_MOST_SECONDS: Final = 0.250
"""From the first answered PURGE: while Varnish itself is silent, time does not count."""


async def chase(
    connection: NodeConnection, recent: Recent, entries: Sequence[Entry], service: str
) -> bool:
    """Wait until every answer that ``entries`` touch is indexed, and purge it.

    False if some were not found in time: their purge is not acknowledged. A flush needs none of
    this, since what was fetched before it has an older generation in its key.

    Raises:
        NodeError: the node does not answer; nothing was forgotten.
    """
    if any(entry.purge.everything and not entry.purge.soft for entry in entries):
        return True
    now = asyncio.get_running_loop().time()
    hard = recent.touching(tags_of(entries, service, soft=False), now)
    soft = recent.touching(tags_of(entries, service, soft=True), now) - hard
    found = await _purge_own(connection, hard, soft=False)
    found = await _purge_own(connection, soft, soft=True) and found
    recent.forget(hard | soft)
    return found


async def _purge_own(connection: NodeConnection, own_keys: set[str], *, soft: bool) -> bool:
    requests = own_key_requests(sorted(own_keys), soft=soft)
    left = len(own_keys)
    deadline: float | None = None
    while left > 0:
        for request in requests:
            left -= await connection.purge(request)
        now = asyncio.get_running_loop().time()
        deadline = deadline or now + AT_MOST_SECONDS
        if left > 0:
            if now > deadline:
                return False
            await asyncio.sleep(EVERY_SECONDS)
    return True
