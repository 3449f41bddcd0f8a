"""Round "purge": what an origin purges by its own protocol (the direct profiles).

Varnish has checked who asks (templates/direct). The request is translated into the log, and
answered once the nodes have applied it, in the words that its client expects.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from controller.core.dialects.asked import Asked, Counts, Meant, Refused, Reply
from controller.core.dialects.profiles import read_purge
from controller.core.direct import Direct
from controller.core.tags import Purge
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
    try:
        source = f"{found.dialect} {asked.method}"
        joined = (_joined(found, source, soft=soft) for soft in (False, True))
        purges = [each for each in joined if each is not None]
        outcomes = await asyncio.gather(*(purger.purge(p) for p in purges))
    except LogUnavailable as error:
        return _response(Reply(503, f"The purge is not recorded, so send it again: {error}"))
    reply = found.reply(_counts(purges, outcomes))
    if all(outcome.acknowledged for outcome in outcomes):
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


def _joined(meant: Meant, source: str, *, soft: bool) -> Purge | None:
    """What is purged hard, or softly, as one entry of the log."""
    found = [purge for purge in meant.purges if purge.soft == soft]
    if any(purge.everything for purge in found):
        return Purge((), source, soft, everything=True)
    tags = tuple(dict.fromkeys(tag for purge in found for tag in purge.tags))
    return Purge(tags, source, soft) if tags else None


def _counts(purges: Sequence[Purge], outcomes: Sequence[Outcome]) -> Counts:
    """Varnish's own counts, which are of all that went in the same PURGEs."""
    counted = {
        purge.soft: sum(node.matches or 0 for node in outcome.nodes)
        for purge, outcome in zip(purges, outcomes, strict=True)
    }
    return Counts(hard=counted.get(False, 0), soft=counted.get(True, 0))


def _response(reply: Reply, status: int | None = None, *headers: Header) -> Response:
    content_type = (b"content-type", reply.content_type.encode())
    own = [content_type, (b"cache-control", b"no-store"), *headers]
    return Response(status or reply.status, own, reply.body.encode())
