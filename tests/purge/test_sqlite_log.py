"""The SQLite log: what was acknowledged is there, in order, whatever happens to the process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
from pathlib import Path

import pytest

from controller.core.tags import Purge
from controller.errors import LogTrimmed, LogUnavailable
from controller.purge import sqlite_log, sqlite_schema
from controller.purge.log import Position
from controller.purge.sqlite_log import SqliteLog
from tests.purge.sqlite import POST, TYPE, numbered, start


async def test_entries_come_back_in_order_as_they_were_appended(log: SqliteLog) -> None:
    purges = [POST, Purge((), "api", soft=True, everything=True), Purge(("\ud800,ü",), "api")]
    seqs = [await log.append(purge) for purge in purges]
    assert seqs == [1, 2, 3]
    assert [(e.seq, e.purge) for e in await log.read(0, 10)] == list(zip(seqs, purges, strict=True))
    assert [e.seq for e in await log.read(1, 1)] == [2]
    position = await log.position()
    assert (position.head, position.trimmed) == (3, 0)


async def test_concurrent_appends_share_transactions_and_each_gets_its_own_seq(
    log: SqliteLog,
) -> None:
    transactions = 0

    def count() -> None:
        nonlocal transactions
        transactions += 1

    log.subscribe(count)
    seqs = await asyncio.gather(*(log.append(numbered(n)) for n in range(500)))
    assert sorted(seqs) == list(range(1, 501))
    stored = {e.seq: e.purge for e in await log.read(0, 500)}
    assert all(stored[seq] == numbered(n) for n, seq in enumerate(seqs))
    assert transactions < 10


async def test_a_person_can_read_the_file(log: SqliteLog, tmp_path: Path) -> None:
    await log.append(POST)
    row = sqlite3.connect(tmp_path / "purges.db").execute("SELECT purge FROM purge").fetchone()
    assert json.loads(row[0])["tags"] == ["key:Post:id:5", "null:Post"]


async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "purges.db"
    child = start(path, "while True: print(await log.append(POST), flush=True)")
    assert child.stdout is not None
    identity = child.stdout.readline().strip()
    while int(child.stdout.readline()) < 100:
        pass
    os.kill(child.pid, signal.SIGKILL)
    acknowledged = [int(line) for line in child.stdout.read().split()][-1:] or [100]
    child.wait()
    child.stdout.close()

    log = SqliteLog(path)
    position = await log.position()
    assert position.id == identity
    assert position.head >= acknowledged[0]
    assert [e.seq for e in await log.read(0, 1_000_000)] == list(range(1, position.head + 1))
    await log.close()


async def test_after_a_restart_of_the_machine_the_log_has_another_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = SqliteLog(tmp_path / "purges.db")
    await first.append(POST)
    before = await first.position()
    await first.close()
    boot = tmp_path / "boot_id"
    boot.write_text("another boot\n")
    monkeypatch.setattr(sqlite_schema, "_BOOT_ID", boot)
    second = SqliteLog(tmp_path / "purges.db")
    after = await second.position()
    assert after.id != before.id
    assert after.head == 1
    await second.close()


async def test_a_purge_that_cannot_be_written_does_not_stop_the_next(log: SqliteLog) -> None:
    log._thread.submit(log._db.setlimit, sqlite3.SQLITE_LIMIT_LENGTH, 1_000).result()
    with pytest.raises(LogUnavailable, match="too big"):
        await log.append(Purge(("x" * 2_000,), "test"))
    assert await log.append(POST) == 1


async def test_a_failure_that_nobody_foresaw_reaches_the_caller(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(log, "_write_one", fail)
        with pytest.raises(ZeroDivisionError):
            await log.append(POST)
    assert await log.append(POST) == 1


def test_a_file_that_is_no_log_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "purges.db"
    path.write_bytes(b"this is not a database, " * 100)
    with pytest.raises(LogUnavailable, match=str(path)):
        SqliteLog(path)


async def test_an_entry_that_cannot_be_read_purges_everything(
    tmp_path: Path,
) -> None:
    log = SqliteLog(tmp_path / "purges.db")
    await log.append(POST)
    await log.append(POST)
    await log.close()
    with sqlite3.connect(tmp_path / "purges.db") as other:
        other.execute('UPDATE purge SET purge = \'{"tags":["a"],"newer":1}\' WHERE seq = 1')
    log = SqliteLog(tmp_path / "purges.db")
    first, second = await log.read(0, 10)
    assert first.purge.everything
    assert not first.purge.soft
    assert second.purge == POST
    await log.close()


def test_one_controller_owns_a_log(tmp_path: Path) -> None:
    path = tmp_path / "purges.db"
    child = start(path, "await asyncio.Event().wait()")
    assert child.stdout is not None
    child.stdout.readline()
    with pytest.raises(LogUnavailable, match="another controller"):
        SqliteLog(path, owner_seconds=0.1)
    waiting = start(path, "print('mine', flush=True)")
    child.kill()
    assert "mine" in waiting.communicate(timeout=60)[0]
    child.communicate()


async def test_a_log_of_the_first_format_keeps_its_entries_and_its_id(tmp_path: Path) -> None:
    path = tmp_path / "purges.db"
    log = SqliteLog(path)
    await log.append(POST)
    before = await log.position()
    await log.close()
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE intent")
        db.execute("PRAGMA user_version = 1")
    log = SqliteLog(path)
    assert await log.position() == before
    assert await log.intend(TYPE)
    await log.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(LogUnavailable, match="another Shellac version"):
        SqliteLog(path)


async def test_only_recent_entries_are_kept_in_memory(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_log, "RECENT", 3)
    for number in range(10):
        await log.append(numbered(number))
    assert list(log._recent) == [8, 9, 10]
    assert [e.seq for e in await log.read(0, 100)] == list(range(1, 11))


async def test_trimming_keeps_the_newest_and_never_gives_a_seq_out_again(log: SqliteLog) -> None:
    for number in range(10):
        await log.append(numbered(number))
    assert await log.trim(keep_seconds=3600, keep_entries=4) == 6
    assert trimmed(await log.position()) == (6, 10)
    with pytest.raises(LogTrimmed):
        await log.read(2, 10)
    assert [e.seq for e in await log.read(6, 10)] == [7, 8, 9, 10]
    assert await log.trim(keep_seconds=-1, keep_entries=4) == 4
    assert trimmed(await log.position()) == (10, 10)
    with pytest.raises(LogTrimmed):
        await log.read(9, 10)
    assert await log.read(10, 10) == []
    assert await log.append(POST) == 11


def trimmed(position: Position) -> tuple[int, int]:
    return position.trimmed, position.head
