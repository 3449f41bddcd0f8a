"""Round "purge": what an origin purges by its own protocol (the direct profiles).

Varnish has checked who asks (templates/direct). The request is translated into the log, and
answered once the nodes have applied it, in the words that its client expects.
"""

from __future__ import annotations

import asyncio
import logging

from controller.core.dialects.asked import Asked, Counts, Meant, Refused, Reply
from controller.core.dialects.profiles import read_purge
from controller.core.direct import Direct
from controller.core.tags import Purge, joined
from controller.errors import LogUnavailable
from controller.gateway.asgi import Request, Response
from controller.gateway.headers import Header
from controller.gateway.mutation_purges import PENDING, shown
from controller.purge.purger import Outcome, Purger

logger = logging.getLogger(__name__)


async def answer_purge(request: Request, direct: Direct | None, purger: Purger) -> Response:
    """Purge what the request means.

    202 with ``Shellac-Purge: pending``: it is recorded, and a node has not applied it yet.
    503: it is not recorded.
    """
    if direct is None:
        return _response(Reply(405, "Only a direct profile takes an origin's purges"))
    asked = _asked(request)
    found = read_purge(direct.profile, asked)
    if isinstance(found, Refused):
        logger.warning("refused %s %s: %s", asked.method, shown(asked.target), found.message)
        return _response(Reply(found.status, found.message))
    for purge in found.purges:
        if purge.doubt is not None:
            logger.warning(
                "%s %s: %s, so everything is purged", found.dialect, asked.method, purge.doubt
            )
    source = f"{found.dialect} {asked.method}"
    try:
        hard, soft = await asyncio.gather(
            *(purger.purge(_joined(found, source, soft=soft)) for soft in (False, True))
        )
    except LogUnavailable as error:
        return _response(Reply(503, f"The purge is not recorded, so send it again: {error}"))
    reply = found.reply(Counts(hard=_matches(hard), soft=_matches(soft)))
    if hard.acknowledged and soft.acknowledged:
        return _response(reply)
    return _response(reply, 202, PENDING)


def _asked(request: Request) -> Asked:
    """As the origin sent it."""
    lines: dict[str, tuple[str, ...]] = {}
    for name, value in request.headers:
        known = name.decode("latin-1").lower()
        lines[known] = (*lines.get(known, ()), value.decode("latin-1"))
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    return Asked(
        method=request.method,
        host=request.header(b"host") or "",
        target=request.raw_path.decode("latin-1") + query,
        headers=lines,
    )


def _joined(meant: Meant, source: str, *, soft: bool) -> Purge:
    """What is purged hard, or softly, as one entry of the log."""
    found = (each for each in meant.purges if each.soft == soft)
    purges = (Purge(each.tags, source, soft, each.everything) for each in found)
    return joined(purges, source, soft=soft)


def _matches(outcome: Outcome) -> int:
    """Varnish's own count, which is of all that went in the same PURGEs."""
    return sum(node.matches or 0 for node in outcome.nodes)


def _response(reply: Reply, status: int | None = None, *headers: Header) -> Response:
    content_type = (b"content-type", reply.content_type.encode())
    own = [content_type, (b"cache-control", b"no-store"), *headers]
    return Response(status or reply.status, own, reply.body.encode())
