"""What one document costs real Varnishes, and what it says when one of them is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest

from controller.admin.app import create_admin_app
from controller.admin.state import AdminState
from controller.core.tags import wire
from controller.purge.freshness import Freshness
from controller.purge.node import NodeWorker
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from tests.admin.conftest import TOKEN, Api
from tests.purge.conftest import logged, working
from tests.purge.varnish import SERVICE, Varnish, running_gateway, varnish_directory
from tests.support.parts import eventually

pytestmark = pytest.mark.varnish


@pytest.fixture(scope="module")
def varnish() -> Iterator[Varnish]:
    """One that stays up: each test has a log of its own, so its worker begins with a flush."""
    with running_gateway() as port, varnish_directory() as directory:
        varnish = Varnish(port, directory)
        with varnish.up():
            yield varnish


class Stopped(Varnish):
    """A Varnish that a test stops and starts."""

    def start(self) -> None:
        self._running = ExitStack()
        self._running.enter_context(self.up())

    def stop(self) -> None:
        """Its processes have ended when this returns."""
        self._running.close()


@pytest.fixture
def other() -> Iterator[Stopped]:
    with running_gateway() as port, varnish_directory() as directory:
        other = Stopped(port, directory)
        other.start()
        yield other
        other.stop()


WAIT_SECONDS = 2.0
"""What a node may take on a machine that is busy with tests, and what one that is away does."""


def purger_of(log: SqliteLog, *workers: NodeWorker) -> Purger:
    return Purger(log, lambda: workers, Freshness(), wait_seconds=WAIT_SECONDS)


@pytest.fixture
async def one(varnish: Varnish, state: AdminState, log: SqliteLog) -> AsyncIterator[Api]:
    """The API before one Varnish."""
    async with working(varnish, log) as worker:
        state.purger = purger_of(log, worker)
        api = Api(create_admin_app(state), log)
        async with api.http:
            yield api


async def nodes_of(api: Api, document: str) -> dict[str, dict[str, Any]]:
    """What a mutation says of each node, by address. Its fields are all true."""
    response = await api.send(document)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert "errors" not in answer
    assert all(done is True for done in answer["data"].values())
    return {node.pop("address"): node for node in answer["extensions"]["shellac"]["nodes"]}


async def read(varnish: Varnish, path: str, *tags: str) -> str:
    return await asyncio.to_thread(varnish.read, path, *tags)


@pytest.mark.parametrize(
    ("document", "requests"),
    [
        ("a: purgePost(id: 5)", 1),
        (" ".join(f"a{n}: purgePost(id: {n % 100})" for n in range(300)), 1),
        (" ".join(f'a{n}: _purgeType(type: "Post") b{n}: purgePost' for n in range(50)), 1),
        ("a: purgePost(id: 5) b: _purgeQuery(queries: posts) c: purgeUser", 1),
        ("a: purgePost(id: 5) b: purgePost(id: 6, soft: true)", 2),
        ("a: purgePost(id: 5, soft: true) b: purgePost(id: 5)", 1),
        ("a: _purgeAll b: purgePost(id: 5)", 1),
        ("a: _purgeAll b: _purgeAll(soft: true) c: purgeUser", 1),
        (f"a: _purgeType(type: Post, keyFields: [{'{name: id, value: 7} ' * 500}])", 1),
        # 2,002 keys, of which one PURGE holds 1,323.
        (f"a: purgePost(id: [{' '.join(map(str, range(2_000)))}])", 2),
        ("a: purgePost(id: 5, dryRun: true)", 0),
        ("a: purgePost(id: [])", 0),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_one_document_is_one_batch(
    one: Api, state: AdminState, varnish: Varnish, document: str, requests: int
) -> None:
    (worker,) = state.purger.nodes
    await logged(worker)
    before, sent = len(varnish.purges_received()), worker.counts.requests
    response = await one.send(f"mutation {{ {document} }}")
    assert response.status_code == 200, response.text
    assert "errors" not in response.json()
    assert worker.counts.requests - sent == requests
    await logged(worker)
    assert len(varnish.purges_received()) - before == requests


async def test_keys_are_sent_once(one: Api, state: AdminState) -> None:
    (worker,) = state.purger.nodes
    before = worker.counts.keys
    calls = " ".join(f"a{n}: purgePost(id: [5, {n}])" for n in range(10))
    await nodes_of(one, f"mutation {{ {calls} }}")
    # Ten posts, those whose id is not known, and nulls where a post could stand.
    assert worker.counts.keys - before == 12
    assert len({wire(SERVICE, tag) for tag in await one.tags()}) == 12


async def test_a_list_over_rest_is_one_batch_too(
    one: Api, state: AdminState, varnish: Varnish
) -> None:
    (worker,) = state.purger.nodes
    await logged(worker)
    before = len(varnish.purges_received())
    wishes = [{"type": "Post", "id": [n, n + 1]} for n in range(200)]
    response = await one.http.post("/purge", json=wishes, headers={"stellate-token": TOKEN})
    assert response.status_code == 200, response.text
    await logged(worker)
    assert len(varnish.purges_received()) - before == 1


async def test_a_stopped_varnish_is_named_and_gets_the_purge_when_it_is_back(
    varnish: Varnish, other: Stopped, state: AdminState, log: SqliteLog
) -> None:
    async with AsyncExitStack() as stack:
        up = await stack.enter_async_context(working(varnish, log))
        down = await stack.enter_async_context(working(other, log))
        state.purger = purger_of(log, up, down)
        api = Api(create_admin_app(state), log)
        await stack.enter_async_context(api.http)
        await read(varnish, "/a", "key:Post:id:5")

        both = await nodes_of(api, "mutation { purgePost(id: 6) }")
        assert {node["result"] for node in both.values()} == {"applied"}

        await asyncio.to_thread(other.stop)
        nodes = await nodes_of(api, "mutation { purgePost(id: 5) b: purgeUser(id: 1, soft: true) }")
        assert set(nodes) == {varnish.admin, other.admin}
        assert nodes[varnish.admin]["result"] == "applied"
        assert nodes[varnish.admin]["milliseconds"] > 0
        assert nodes[other.admin]["result"] in ("unreachable", "pending")
        assert nodes[other.admin]["milliseconds"] >= 1_000 * WAIT_SECONDS
        assert not nodes[other.admin].keys() & {"matches", "objects"}
        assert await read(varnish, "/a", "key:Post:id:5") == "MISS"

        await eventually(lambda: down.state.status == "unreachable", "it is known to be away")
        again = await nodes_of(api, "mutation { purgePost(id: 5) }")
        assert again[other.admin]["result"] == "unreachable"
        rest = await api.http.post(
            "/purge", json={"type": "Post", "id": 5}, headers={"stellate-token": TOKEN}
        )
        assert rest.status_code == 200
        assert {node["result"] for node in rest.json()["nodes"]} == {"applied", "unreachable"}

        head = (await log.position()).head
        await asyncio.to_thread(other.start)
        assert await down.wait_applied(head, 60), down.state
        both = await nodes_of(api, "mutation { purgePost(id: 5) }")
        assert {node["result"] for node in both.values()} == {"applied"}


async def test_without_a_log_no_field_is_true(
    one: Api, state: AdminState, log: SqliteLog, varnish: Varnish
) -> None:
    (worker,) = state.purger.nodes
    await logged(worker)
    before = len(varnish.purges_received())
    await log.close()
    response = await one.send("mutation { purgePost(id: 5) }")
    assert response.status_code == 503
    assert "data" not in response.json()
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "PURGE_LOG_UNAVAILABLE"
    assert len(varnish.purges_received()) == before
