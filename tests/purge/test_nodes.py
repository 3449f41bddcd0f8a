"""Several Varnishes of one controller, some of them behind a name."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from controller.core.tags import Purge
from controller.purge.freshness import Freshness
from controller.purge.nodes import Nodes, addresses_of
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from controller.purge.state import NodeStatus
from tests.purge.conftest import PLAN, worker_of
from tests.purge.varnish import Varnish, varnish_directory
from tests.support.parts import eventually

NAME = "http://varnish.test:81"


class Names:
    """What names stand for at the moment."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)

    async def __call__(self, url: str) -> list[str]:
        return list(self.addresses) if url == NAME else [url]


@contextlib.asynccontextmanager
async def following(log: SqliteLog, names: Names, *urls: str) -> AsyncIterator[Nodes]:
    """Nodes that are looked up again all the time."""
    nodes = Nodes(urls, lambda address: worker_of(address, log), resolve=names, every=0.05)
    nodes.set_plan(PLAN)
    task = asyncio.create_task(nodes.run())
    try:
        yield nodes
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def addresses(nodes: Nodes) -> set[str]:
    return {worker.address for worker in nodes.workers}


def all_ready(nodes: Nodes) -> bool:
    return all(worker.state.status is NodeStatus.READY for worker in nodes.workers)


@pytest.mark.varnish
async def test_a_purge_goes_to_every_address_of_a_name(
    varnish: Varnish, fresh: Varnish, log: SqliteLog
) -> None:
    names = Names(varnish.admin, fresh.admin)
    async with following(log, names, NAME) as nodes:
        await eventually(lambda: addresses(nodes) == set(names.addresses), "both are known")
        await eventually(lambda: all_ready(nodes), "both are ready")
        for each in (varnish, fresh):
            await asyncio.to_thread(each.read, "/a", "a")
        purger = Purger(log, lambda: nodes.workers, Freshness(), wait_seconds=60)
        outcome = await purger.purge(Purge(("a",), "test"))
        assert [node.result for node in outcome.nodes] == ["applied", "applied"]
        for each in (varnish, fresh):
            assert await asyncio.to_thread(each.read, "/a", "a") == "MISS"


@pytest.mark.varnish
async def test_a_new_address_is_met_and_an_old_one_kept_while_it_answers(
    gateway_port: int, fresh: Varnish, log: SqliteLog
) -> None:
    names = Names(fresh.admin)
    with varnish_directory() as directory:
        other = Varnish(gateway_port, directory)
        async with following(log, names, NAME) as nodes:
            await eventually(lambda: addresses(nodes) == {fresh.admin}, "the first")
            with other.up():
                names.addresses = [other.admin]
                await eventually(lambda: addresses(nodes) == {fresh.admin, other.admin}, "both")
                await eventually(lambda: all_ready(nodes), "both are ready")
                names.addresses = [fresh.admin]
            await eventually(lambda: addresses(nodes) == {fresh.admin}, "the stopped one is gone")


async def test_a_name_that_is_not_known_is_a_node_that_cannot_be_reached(log: SqliteLog) -> None:
    names = Names()
    async with following(log, names, NAME) as nodes:
        purger = Purger(log, lambda: nodes.workers, Freshness(), wait_seconds=0.05)
        outcome = await purger.purge(Purge(("a",), "test"))
        assert not outcome.acknowledged
        assert [node.address for node in outcome.nodes] == [NAME]


@pytest.mark.varnish
async def test_a_name_that_is_forgotten_for_a_while_changes_nothing(
    fresh: Varnish, log: SqliteLog
) -> None:
    names = Names(fresh.admin)
    async with following(log, names, NAME) as nodes:
        await eventually(lambda: addresses(nodes) == {fresh.admin}, "the name is resolved")
        names.addresses = []
        asked = asyncio.Event()
        resolve = nodes._resolved

        async def noticed(url: str) -> list[str]:
            asked.set()
            return await resolve(url)

        nodes._resolved = noticed
        await asked.wait()
        await asyncio.sleep(0)
        assert addresses(nodes) == {fresh.admin}


async def test_an_address_stands_for_itself() -> None:
    for url in ("http://127.0.0.1:8081", "http://[::1]:8081", "http://localhost:8081"):
        assert await addresses_of(url) == [url]
    assert await addresses_of("http://no-such-name.invalid:8081") == []
