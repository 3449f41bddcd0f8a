"""What xkey counts, and what may be concluded from it.

A purged object is counted again by the next hard purge until Varnish's expiry thread has removed
it; a soft purge counts it once. So the sum of hard counts says nothing of an answer to come.
"""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest

from controller.core.tags import wire
from controller.purge.batch import PurgeRequest
from controller.purge.connection import NodeConnection
from tests.freshness.site import SECRET, Node
from tests.freshness.stand import POST, Change, Stand
from tests.support.parts import eventually

pytestmark = pytest.mark.varnish

OBJECTS = 10
TIMES = 5


@pytest.fixture
def lagging_expiry(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hard purges count what was purged before, as if the expiry thread had much to do."""
    purge = NodeConnection.purge
    before: dict[tuple[str, ...], int] = {}

    async def counted(self: NodeConnection, request: PurgeRequest, *, log_id: str = "") -> int:
        found = await purge(self, request, log_id=log_id)
        if request.soft:
            return found
        before[request.lines] = max(found, before.get(request.lines, 0))
        return before[request.lines]

    assert stand
    monkeypatch.setattr(NodeConnection, "purge", counted)


@pytest.mark.usefixtures("patient", "lagging_expiry")
@pytest.mark.parametrize("change", [Change.HARD, Change.SOFT])
async def test_answers_that_were_found_do_not_stand_for_one_that_was_not(
    stand: Stand, change: Change
) -> None:
    await stand.read(f"query Again {POST}")
    async with stand.stopped("before the insert") as barrier:
        reading = asyncio.create_task(stand.read())
        await barrier.reached()
        changing = asyncio.create_task(stand.change(change))
        await eventually(lambda: stand.chased > 4 or changing.done(), "PURGEs of the own keys")
        assert not changing.done()
        barrier.release()
        assert (await reading).version == 1
        assert await changing
    assert (await stand.read()).version == 2 or change.soft


async def test_a_soft_purge_counts_each_object_once(stand: Stand) -> None:
    for number in range(OBJECTS):
        await stand.read(f"query Counted {{ n{number}: everything {{ id version }} }}")
    key = wire("demo", "operation:Counted")
    counts = await pipelined(stand.site.nodes[0], "xkey-softpurge", key)
    assert counts == [OBJECTS] + [0] * (TIMES - 1)


async def pipelined(node: Node, header: str, key: str) -> list[int]:
    """What the same PURGE counts several times in a row, each sent before the answer to the last.

    So little time lies between them that the expiry thread has removed nothing or little.
    """
    url = httpx.URL(node.admin_url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    lines = ("PURGE / HTTP/1.1", "Host: x", f"Shellac-Secret: {SECRET}", f"{header}: {key}", "", "")
    writer.write("\r\n".join(lines).encode() * TIMES)
    answers: list[bytes] = []
    got = b""
    while len(answers) < TIMES:
        got += await reader.read(65_536)
        answers = re.findall(rb'"purged":(\d+)', got)
    writer.close()
    await writer.wait_closed()
    return [int(answer) for answer in answers]
