"""The SQLite log without room, without its lock, and at its end: it refuses and loses nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.core.tags import Purge
from controller.errors import LogUnavailable
from controller.purge import sqlite_log
from controller.purge.log import Intent
from controller.purge.sqlite_log import SqliteLog
from tests.purge.conftest import pragma
from tests.purge.sqlite import POST, TYPE, contents, killed, numbered, start

LARGE = Purge(("x" * 50_000,), "test")

Operation = Callable[[SqliteLog, Intent], Awaitable[object]]

GROWING: dict[str, Operation] = {
    "append": lambda log, _: log.append(LARGE),
    "intend": lambda log, _: log.intend(LARGE),
    "settle": lambda log, intent: log.append(LARGE, settles=intent),
}
SHRINKING: dict[str, Operation] = {
    "withdraw": lambda log, intent: log.withdraw(intent),
    "trim": lambda log, _: log.trim(keep_seconds=3600, keep_entries=0),
}


@contextmanager
def full(log: SqliteLog) -> Iterator[None]:
    """The file must not grow."""
    pragma(log, f"max_page_count = {pragma(log, 'page_count')}")
    yield
    pragma(log, "max_page_count = 1000000")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process writes to the file."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


def stored(path: Path) -> tuple[list[str], list[str]]:
    """The entries and the intents as they stand in the file."""
    db = sqlite3.connect(path)
    entries, intents = (
        [str(row[0]) for row in db.execute(f"SELECT purge FROM {table} ORDER BY rowid")]
        for table in ("purge", "intent")
    )
    db.close()
    return entries, intents


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the fixture ``log`` is."""
    return tmp_path / "purges.db"


@pytest.mark.parametrize("operation", GROWING.values(), ids=GROWING.keys())
async def test_a_full_log_refuses_a_write_and_takes_it_when_there_is_room(
    log: SqliteLog, path: Path, operation: Operation
) -> None:
    intent = await log.intend(TYPE)
    await log.append(POST)
    before = stored(path)
    with full(log):
        with pytest.raises(LogUnavailable, match="full"):
            await operation(log, intent)
        assert stored(path) == before
        assert [e.purge for e in await log.read(0, 10)] == [POST]
    await operation(log, intent)
    assert stored(path) != before


@pytest.mark.parametrize("operation", SHRINKING.values(), ids=SHRINKING.keys())
async def test_what_makes_room_works_in_a_full_log(
    log: SqliteLog, path: Path, operation: Operation
) -> None:
    intent = await log.intend(LARGE)
    await log.append(LARGE)
    with full(log):
        with pytest.raises(LogUnavailable, match="full"):
            await log.append(LARGE)
        await operation(log, intent)
        assert await log.append(LARGE) == 2
    assert len(stored(path)[0] + stored(path)[1]) == 2


async def test_writes_that_share_a_transaction_with_one_that_finds_no_room_are_refused_too(
    log: SqliteLog, path: Path
) -> None:
    intent = await log.intend(TYPE)
    before = stored(path)
    with full(log):
        together = (log.append(POST), log.withdraw(intent), log.append(LARGE))
        results = await asyncio.gather(*together, return_exceptions=True)
    assert [type(result) for result in results] == [LogUnavailable] * 3
    assert stored(path) == before
    assert await log.append(POST) == 1


@pytest.mark.parametrize(
    "operation", (GROWING | SHRINKING).values(), ids=(GROWING | SHRINKING).keys()
)
async def test_a_log_that_another_process_writes_to_refuses_until_it_has_done(
    log: SqliteLog, path: Path, operation: Operation
) -> None:
    intent = await log.intend(TYPE)
    await log.append(POST)
    log._recent.clear()
    log._thread.submit(log._db.execute, "PRAGMA busy_timeout = 20").result()
    before = stored(path)
    with locked(path):
        with pytest.raises(LogUnavailable, match="locked"):
            await operation(log, intent)
        assert stored(path) == before
        assert [e.purge for e in await log.read(0, 10)] == [POST]
    await operation(log, intent)
    assert stored(path) != before


async def test_a_log_opens_when_the_other_process_has_done(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await SqliteLog(path).close()
    monkeypatch.setattr(sqlite_log, "LOCK_SECONDS", 0.02)
    with locked(path), pytest.raises(LogUnavailable, match="locked"):
        SqliteLog(path)
    # Who could not open it does not own it.
    log = SqliteLog(path, owner_seconds=0)
    assert await log.append(POST) == 1
    await log.close()


LITTLE = 32_768
"""Bytes of a file: room for what SQLite maps into memory, no more."""


def filled(path: Path, then: str) -> None:
    """A log that nothing more can be written to within ``LITTLE``, left by kill -9."""
    killed(path, f"for _ in range(20): await log.append(POST)\n{then}; die()")
    assert path.with_name(f"{path.name}-wal").stat().st_size > LITTLE


def test_a_controller_that_starts_again_while_the_disk_is_full_reads_on(path: Path) -> None:
    filled(path, "pass")
    child = start(
        path,
        """
        print(len(await log.read(0, 100)))
        try: await log.append(POST)
        except LogUnavailable: print("refused")
        unlimited = resource.RLIM_INFINITY
        resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, unlimited))
        print(await log.append(POST))
        await log.close()
        """,
        limit=LITTLE,
    )
    assert child.communicate(timeout=60)[0].split()[1:] == ["20", "refused", "21"]


async def test_orphans_that_cannot_be_written_stay_until_they_can(path: Path) -> None:
    filled(path, "await log.intend(TYPE)")
    child = start(path, "", limit=LITTLE)
    assert child.communicate(timeout=60)[0] == "LogUnavailable\n"
    assert (await contents(path))[20:] == [("type:Post", "orphaned mutation a")]


async def test_an_append_after_close_is_refused(path: Path) -> None:
    log = SqliteLog(path)
    await log.close()
    with pytest.raises(LogUnavailable, match="closed"):
        await log.append(POST)


async def test_what_was_begun_before_close_is_finished(path: Path) -> None:
    log = SqliteLog(path)
    go_on = threading.Event()
    log._thread.submit(go_on.wait)
    being_written = [asyncio.ensure_future(log.append(numbered(n))) for n in range(5)]
    for _ in range(3):  # the calls, the task that they start, its first batch
        await asyncio.sleep(0)
    assert not log._writes._waiting
    waiting = [asyncio.ensure_future(log.append(numbered(n))) for n in range(5)]
    closing = asyncio.gather(log.close(), log.close())
    await asyncio.sleep(0)
    go_on.set()
    await closing
    assert [append.result() for append in being_written + waiting] == list(range(1, 11))
    successor = SqliteLog(path, owner_seconds=0)
    assert (await successor.position()).head == 10
    await successor.close()
