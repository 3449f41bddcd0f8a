"""The worker of a node that fetches without the controller: few runs."""

from __future__ import annotations

import asyncio
import time

import pytest

from controller.core.tags import Purge
from controller.purge.node import DIRECT_RUNS
from tests.core.dialects import clients
from tests.direct.stand import Stand
from tests.purge.conftest import logged

pytestmark = pytest.mark.varnish

A = "/p?tags=cat_p_1"
_, AT_ONCE = DIRECT_RUNS


def hard(*tags: str) -> Purge:
    return Purge(tuple(f"origin:{tag}" for tag in tags), "test")


async def test_a_burst_of_duplicates_is_a_few_purges_and_each_is_answered_once_applied(
    magento: Stand,
) -> None:
    await magento.stored(A)
    await logged(magento.worker)
    before, started = len(await magento.purges()), time.monotonic()
    (pattern,) = clients.magento(["cat_p_1"])
    answers = await asyncio.gather(
        *(magento.send("PURGE", X_Magento_Tags_Pattern=pattern) for _ in range(200))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert await magento.read(A) == "MISS"
    head = (await magento.log.position()).head
    assert magento.worker.state.seq == head
    await logged(magento.worker)
    sent = len(await magento.purges()) - before
    assert 1 <= sent <= 1 + AT_ONCE + time.monotonic() - started


async def test_runs_are_a_second_apart_under_load(magento: Stand) -> None:
    await logged(magento.worker)
    before, started = len(await magento.purges()), time.monotonic()
    for number in range(300):
        seq = await magento.log.append(hard(f"tag{number}"))
        await asyncio.sleep(0.02)
    assert await magento.worker.wait_applied(seq, 60)
    seqs = [seq for _, _, seq in (await magento.purges())[before:] if seq != "-"]
    assert len(seqs) <= 1 + AT_ONCE + time.monotonic() - started
