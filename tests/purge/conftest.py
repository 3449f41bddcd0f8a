"""What the tests of the purge path share: a gateway, a Varnish before it, logs, workers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from controller.purge.freshness import Freshness
from controller.purge.log import PurgeLog
from controller.purge.node import NodeWorker
from controller.purge.sqlite_log import SqliteLog
from controller.purge.terms import Door, Lease
from tests.purge.redis import Redis, running_redis
from tests.purge.varnish import SECRET, SERVICE, Varnish, running_gateway, varnish_directory
from tests.support.parts import eventually, running_worker

PLAN = "plan1"
LEASE = Lease(5.0)


@pytest.fixture(scope="session")
def gateway_port() -> Iterator[int]:
    with running_gateway() as port:
        yield port


@pytest.fixture
def down(gateway_port: int) -> Iterator[Varnish]:
    """A Varnish that does not run yet."""
    with varnish_directory() as directory:
        yield Varnish(gateway_port, directory)


@pytest.fixture
def fresh(down: Varnish) -> Iterator[Varnish]:
    """A Varnish that has just started."""
    with down.up():
        yield down


@pytest.fixture(scope="session")
def varnish(gateway_port: int) -> Iterator[Varnish]:
    """A Varnish for all tests: each has a log of its own, so its worker begins with a flush."""
    with varnish_directory() as directory:
        varnish = Varnish(gateway_port, directory)
        with varnish.up():
            yield varnish


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    log = SqliteLog(tmp_path / "purges.db")
    yield log
    await log.close()


@pytest.fixture(scope="module")
def shared_redis() -> Iterator[Redis]:
    with running_redis() as server:
        yield server


@pytest.fixture
def server(shared_redis: Redis) -> Redis:
    """A Redis without data, for tests that leave it running."""
    with shared_redis.client() as client:
        client.flushall()
    return shared_redis


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    """A Redis for a test that kills it."""
    with running_redis() as server:
        yield server


def worker_of(
    address: str,
    log: PurgeLog,
    freshness: Freshness | None = None,
    *,
    secret: str = SECRET,
    lease: Lease = LEASE,
    digest: str = "",
) -> NodeWorker:
    """A worker that does not run yet."""
    door = Door(service=SERVICE, secret=secret, digest=digest)
    return NodeWorker(address, door=door, log=log, freshness=freshness or Freshness(), lease=lease)


@contextlib.asynccontextmanager
async def working(
    varnish: Varnish, log: PurgeLog, *, secret: str = SECRET, ready: bool = True
) -> AsyncIterator[NodeWorker]:
    """A worker that runs; with ``ready`` it is waited for."""
    worker = worker_of(varnish.admin, log, secret=secret)
    worker.set_plan(PLAN)
    async with running_worker(worker, ready=ready):
        yield worker


async def logged(worker: NodeWorker) -> None:
    """Return when Varnish has logged all that the worker has sent it: it ends a request, and logs
    that, before it answers the next one of a connection.
    """
    heard = worker._heard
    await eventually(lambda: worker._heard > heard, "the worker asks Varnish again")


def pragma(log: SqliteLog, text: str) -> int:
    """The value of a PRAGMA on the log's own connection."""
    found: int = log._thread.submit(
        lambda: log._db.execute(f"PRAGMA {text}").fetchone()[0]
    ).result()
    return found


async def log_id(log: PurgeLog) -> str:
    """The id that the cursors of a log carry."""
    return (await log.position()).id
