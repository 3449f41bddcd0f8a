"""Intents in SQLite: each becomes its purge once, wherever the process dies."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from controller.purge.sqlite_log import SqliteLog
from tests.purge.sqlite import POST, TYPE, contents, killed, numbered


async def test_an_intent_is_replaced_by_its_purge_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "purges.db"
    log = SqliteLog(path)
    settled, withdrawn = await log.intend(TYPE), await log.intend(TYPE)
    assert await log.read(0, 10) == []
    assert await log.append(POST, settles=settled) == 1
    await log.withdraw(withdrawn)
    await log.close()
    assert await contents(path) == [("key:Post:id:5 null:Post", "mutation updatePost")]


async def test_to_settle_what_is_gone_is_no_error(log: SqliteLog) -> None:
    intent = await log.intend(TYPE)
    await log.withdraw(intent)
    assert await log.append(POST, settles=intent) == 1


async def test_orphans_are_purged_after_what_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "purges.db"
    log = SqliteLog(path)
    for number in range(3):
        await log.intend(numbered(number))
    await log.append(POST)
    await log.close()
    (recorded, *orphans) = await contents(path)
    assert recorded[1] == POST.source
    assert orphans == [(f"key:Post:id:{number}", "orphaned test") for number in range(3)]


async def test_an_orphan_that_cannot_be_read_purges_everything(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "purges.db")
    await log.intend(TYPE)
    log._thread.submit(log._db.execute, "UPDATE intent SET purge = 'x'").result()
    await log.close()
    log = SqliteLog(tmp_path / "purges.db")
    (entry,) = await log.read(0, 10)
    assert entry.purge.everything
    await log.close()


ORPHAN = ("type:Post", "orphaned mutation a")
SETTLED = ("key:Post:id:5", "mutation a")


@pytest.mark.parametrize(
    ("work", "left"),
    [
        ("await log.intend(TYPE); die()", [ORPHAN]),
        ("die_at(log, 'COMMIT'); await log.intend(TYPE)", []),
        # In the transaction, and at its very end.
        (
            "i = await log.intend(TYPE); die_at(log, 'INSERT INTO purge');"
            "await log.append(POST, settles=i)",
            [ORPHAN],
        ),
        (
            "i = await log.intend(TYPE); die_at(log, 'COMMIT'); await log.append(POST, settles=i)",
            [ORPHAN],
        ),
        # Committed, and nobody was told.
        (
            "i = await log.intend(TYPE); log._remember = die; await log.append(POST, settles=i)",
            [SETTLED],
        ),
        ("i = await log.intend(TYPE); await log.append(POST, settles=i); die()", [SETTLED]),
        ("i = await log.intend(TYPE); await log.withdraw(i); die()", []),
        ("i = await log.intend(TYPE); die_at(log, 'COMMIT'); await log.withdraw(i)", [ORPHAN]),
        (
            "i = await log.intend(TYPE); await log.append(POST); die_at(log, 'COMMIT');"
            "await log.trim(keep_seconds=-1, keep_entries=0)",
            [SETTLED, ORPHAN],
        ),
    ],
)
async def test_kill_9_at_any_point_loses_no_purge(
    tmp_path: Path, work: str, left: list[tuple[str, str]]
) -> None:
    path = tmp_path / "purges.db"
    killed(path, work)
    assert await contents(path) == left
    # What became a purge does not become one again.
    assert await contents(path) == left


async def test_kill_9_while_orphans_are_purged_loses_none(tmp_path: Path) -> None:
    path = tmp_path / "purges.db"
    killed(path, "await log.intend(TYPE); await log.intend(POST); die()")
    die_while_opening(path)
    assert [source for _, source in await contents(path)] == ["orphaned mutation a"] * 2


def die_while_opening(path: Path) -> None:
    """After the orphans became entries, before that is committed."""
    patched = f"""
        import os, signal, sqlite3
        from pathlib import Path
        from controller.purge import sqlite_schema
        def identity(db):
            os.kill(os.getpid(), signal.SIGKILL)
        sqlite_schema._identity = identity
        from controller.purge.sqlite_log import SqliteLog
        SqliteLog(Path({str(path)!r}))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(patched)], check=False)
    assert done.returncode == -signal.SIGKILL
