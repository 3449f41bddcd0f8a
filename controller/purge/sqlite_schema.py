"""The tables of the SQLite log, its identity, and the lock by which one controller owns it."""

from __future__ import annotations

import fcntl
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from controller.errors import LogUnavailable
from controller.purge.log import orphaned, purge_from_json, purge_to_json

FORMAT: Final = 2
"""1 had no intents; it becomes 2 by making their table."""
_READABLE: Final = (0, 1, FORMAT)
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS purge"
    " (seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, purge TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS purge_at ON purge (at)",
    "CREATE TABLE IF NOT EXISTS intent (name TEXT PRIMARY KEY, at REAL NOT NULL,"
    " purge TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
_TRY_AGAIN_SECONDS: Final = 0.05


def own(path: Path, seconds: float) -> int:
    """Take the lock beside a log; returns its file descriptor, open as long as it is held.

    It ends with the process, however that ends.

    Raises:
        LogUnavailable: another process held it for ``seconds``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(lock)
                raise LogUnavailable(
                    f"the purge log {path} belongs to another controller that is running: stop it, "
                    "give this one another stateDir, or let both use a Redis with purge.log"
                ) from None
            time.sleep(_TRY_AGAIN_SECONDS)
        else:
            return lock


def prepare(db: sqlite3.Connection) -> str:
    """Make the tables where there are none, purge for orphans; returns the log's id.

    Where there is nothing to make and no orphan, nothing is written: a controller that starts again
    while the disk is full reads on.
    """
    db.execute("PRAGMA journal_mode = WAL")
    # A commit is in the operating system's hands when append returns, so nothing that happens to
    # this process loses it. Losing power can: see _identity.
    db.execute("PRAGMA synchronous = NORMAL")
    with transaction(db):
        found = db.execute("PRAGMA user_version").fetchone()[0]
        if found not in _READABLE:
            raise sqlite3.DatabaseError(f"its format {found} was made by another Shellac version")
        if found != FORMAT:
            for statement in _TABLES:
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {FORMAT}")
        _convert_orphans(db)
        return _identity(db)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # SQLite ends it by itself when the disk is full
            db.execute("ROLLBACK")
        raise


def _convert_orphans(db: sqlite3.Connection) -> None:
    """Whoever opens the log owns it alone, so nobody is left to settle an intent in it."""
    orphans = db.execute("SELECT purge FROM intent ORDER BY rowid").fetchall()
    for (text,) in orphans:
        purge = purge_to_json(orphaned(purge_from_json(text)))
        db.execute("INSERT INTO purge (at, purge) VALUES (?, ?)", (time.time(), purge))
    if orphans:  # a DELETE writes a page even where there is nothing to delete
        db.execute("DELETE FROM intent")


def _identity(db: sqlite3.Connection) -> str:
    """The log's id: a new one for a new file, and after the machine was started anew.

    With synchronous=NORMAL a power failure can undo the last commits, and their seqs would be given
    out again. A Varnish elsewhere that kept its cache must not take them for what it has applied:
    an unknown id makes it flush.
    """
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
    about = dict(db.execute("SELECT name, value FROM about"))
    if "id" not in about or about.get("boot") != boot:
        about = {"id": secrets.token_hex(8), "boot": boot}
        db.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", about.items())
    return str(about["id"])
