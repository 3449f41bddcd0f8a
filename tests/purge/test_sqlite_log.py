"""The SQLite log: what was acknowledged is there, in order, whatever happens to the process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from controller.core.tags import Purge
from controller.errors import LogUnavailable
from controller.purge import sqlite_log
from controller.purge.sqlite_log import SqliteLog
from tests.purge.conftest import pragma

POST = Purge(tags=("key:Post:id:5", "null:Post"), source="mutation updatePost")


def numbered(number: int) -> Purge:
    return Purge((f"key:Post:id:{number}",), "test")


def start_appending(path: Path) -> subprocess.Popen[str]:
    """A process that prints the log's id and then each seq once it is acknowledged."""
    script = textwrap.dedent(f"""
        import asyncio
        from pathlib import Path
        from controller.core.tags import Purge
        from controller.purge.sqlite_log import SqliteLog
        async def main():
            log = SqliteLog(Path({str(path)!r}))
            print(log.id, flush=True)
            while True:
                print(await log.append(Purge(("t",), "test")), flush=True)
        asyncio.run(main())
    """)
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)


async def test_entries_come_back_in_order_as_they_were_appended(log: SqliteLog) -> None:
    purges = [POST, Purge((), "api", soft=True, everything=True), Purge(("\ud800,ü",), "api")]
    seqs = [await log.append(purge) for purge in purges]
    assert seqs == [1, 2, 3]
    assert [(e.seq, e.purge) for e in await log.read(0, 10)] == list(zip(seqs, purges, strict=True))
    assert [e.seq for e in await log.read(1, 1)] == [2]
    assert (await log.head(), await log.oldest()) == (3, 1)


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
    child = start_appending(path)
    assert child.stdout is not None
    identity = child.stdout.readline().strip()
    while int(child.stdout.readline()) < 100:
        pass
    os.kill(child.pid, signal.SIGKILL)
    acknowledged = [int(line) for line in child.stdout.read().split()][-1:] or [100]
    child.wait()
    child.stdout.close()

    log = SqliteLog(path)
    assert log.id == identity
    assert await log.head() >= acknowledged[0]
    assert [e.seq for e in await log.read(0, 1_000_000)] == list(range(1, await log.head() + 1))
    await log.close()


async def test_after_a_restart_of_the_machine_the_log_has_another_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = SqliteLog(tmp_path / "purges.db")
    await first.append(POST)
    await first.close()
    boot = tmp_path / "boot_id"
    boot.write_text("another boot\n")
    monkeypatch.setattr(sqlite_log, "_BOOT_ID", boot)
    second = SqliteLog(tmp_path / "purges.db")
    assert second.id != first.id
    assert await second.head() == 1
    await second.close()


async def test_a_full_log_says_so_and_works_again_when_there_is_room(log: SqliteLog) -> None:
    pages = pragma(log, "page_count")
    pragma(log, f"max_page_count = {pages}")
    large = Purge(("x" * 50_000,), "test")
    with pytest.raises(LogUnavailable, match="full"):
        await log.append(large)
    assert await log.read(0, 10) == []
    pragma(log, "max_page_count = 100000")
    assert await log.append(large) == 1


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
        patch.setattr(log, "_insert", fail)
        with pytest.raises(ZeroDivisionError):
            await log.append(POST)
    assert await log.append(POST) == 1


async def test_a_log_that_another_process_holds_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_log, "LOCK_SECONDS", 0.05)
    log = SqliteLog(tmp_path / "purges.db")
    other = sqlite3.connect(tmp_path / "purges.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LogUnavailable, match="locked"):
        await log.append(POST)
    other.execute("ROLLBACK")
    assert await log.append(POST) == 1
    other.close()
    await log.close()


def test_a_file_that_is_no_log_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "purges.db"
    path.write_bytes(b"this is not a database, " * 100)
    with pytest.raises(LogUnavailable, match=str(path)):
        SqliteLog(path)


async def test_an_append_after_close_is_refused(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "purges.db")
    await log.close()
    with pytest.raises(LogUnavailable, match="closed"):
        await log.append(POST)


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


async def test_entries_of_another_process_are_seen_between_ours(
    log: SqliteLog, tmp_path: Path
) -> None:
    other = SqliteLog(tmp_path / "purges.db")
    for number in range(6):
        await (log, other)[number % 2].append(numbered(number))
    for reader in (log, other):
        assert [e.purge for e in await reader.read(0, 10)][:1] == [numbered(0)]
        found: list[Purge] = []
        while len(found) < 6:
            found += [e.purge for e in await reader.read(len(found), 10)]
        assert found == [numbered(number) for number in range(6)]
    await other.close()


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
    assert (await log.oldest(), await log.head()) == (7, 10)
    assert [e.seq for e in await log.read(2, 10)] == [7, 8, 9, 10]
    assert await log.trim(keep_seconds=-1, keep_entries=4) == 4
    assert (await log.oldest(), await log.head()) == (11, 10)
    assert await log.append(POST) == 11
