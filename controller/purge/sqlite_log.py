"""The purge log in one SQLite file: the default, for one controller."""

from __future__ import annotations

import asyncio
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar, assert_never

from controller.core.tags import Purge
from controller.errors import LogTrimmed, LogUnavailable
from controller.purge.gather import Gathered
from controller.purge.log import Entry, Intent, Position, purge_from_json, purge_to_json
from controller.purge.sqlite_schema import own, prepare, transaction

T = TypeVar("T")

LOCK_SECONDS: Final = 2.0
"""How long a write waits for another process that holds the file."""
OWNER_SECONDS: Final = 10.0
"""How long the controller before this one may take to end."""
RECENT: Final = 2_000
"""Entries also kept in memory: a worker that keeps up never waits for the file."""


@dataclass(frozen=True, slots=True)
class _Append:
    purge: Purge
    settles: Intent | None


@dataclass(frozen=True, slots=True)
class _Intend:
    name: Intent
    purge: Purge


@dataclass(frozen=True, slots=True)
class _Withdraw:
    name: Intent


_Write = _Append | _Intend | _Withdraw


class SqliteLog:
    """A ``PurgeLog`` in a file, made where there is none. One process at a time owns it.

    All SQLite work is done by one thread. Writes that arrive while it works share the next
    transaction. Seqs are consecutive.
    """

    def __init__(self, path: Path, *, owner_seconds: float = OWNER_SECONDS) -> None:
        """Open the log; waits up to ``owner_seconds`` for a controller that is ending.

        Raises:
            LogUnavailable: the file cannot be opened, is not a purge log, or is in use.
        """
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="purge-log")
        self._writes: Gathered[_Write, Entry | None] = Gathered(self._write_all)
        self._recent: dict[int, Entry] = {}
        self._subscribers: list[Callable[[], None]] = []
        self._closed = False
        try:
            self._db, self._lock, self._id = self._thread.submit(self._open, owner_seconds).result()
        except LogUnavailable:
            self._thread.shutdown()
            raise

    async def close(self) -> None:
        """Finish what was begun, close the file and let the next controller have it."""
        await self._writes.drained()
        if self._closed:
            return
        closed = asyncio.get_running_loop().run_in_executor(self._thread, self._let_go)
        self._closed = True
        await closed
        self._thread.shutdown()

    async def position(self) -> Position:
        """Where the log stands now."""
        return await self._run(self._position)

    async def intend(self, purge: Purge) -> Intent:
        """Record what a write could touch."""
        name = secrets.token_hex(8)
        await self._writes(_Intend(name, purge))
        return name

    async def append(self, purge: Purge, *, settles: Intent | None = None) -> int:
        """Record a purge, in the place of the intent that it settles; returns its seq."""
        entry = await self._writes(_Append(purge, settles))
        assert entry is not None
        return entry.seq

    async def withdraw(self, intent: Intent) -> None:
        """Forget an intent."""
        await self._writes(_Withdraw(intent))

    async def read(self, after: int, limit: int) -> list[Entry]:
        """The oldest entries over ``after``."""
        found: list[Entry] = []
        while len(found) < limit and (entry := self._recent.get(after + 1 + len(found))):
            found.append(entry)
        return found or await self._run(self._read, after, limit)

    async def trim(self, *, keep_seconds: float, keep_entries: int) -> int:
        """Drop entries older than ``keep_seconds`` and all but the newest ``keep_entries``.

        It needs no new page, so it makes room where the file must not grow. On a disk without any
        room it may fail like every write: what SQLite deletes it first writes down in the WAL.
        """
        dropped = await self._run(self._trim, time.time() - keep_seconds, keep_entries)
        self._recent.clear()
        return dropped

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have ``wake`` called after each transaction that appends."""
        self._subscribers.append(wake)
        return lambda: self._subscribers.remove(wake)

    async def _write_all(self, writes: Sequence[_Write]) -> list[Entry | None]:
        written = await self._run(self._write, writes)
        entries = [entry for entry in written if entry is not None]
        for entry in entries:
            self._remember(entry)
        if entries:
            for wake in self._subscribers:
                wake()
        return written

    def _remember(self, entry: Entry) -> None:
        self._recent[entry.seq] = entry
        if len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]

    async def _run(self, job: Callable[..., T], *arguments: object) -> T:
        if self._closed:
            raise LogUnavailable(
                f"the purge log {self._path} is closed: the controller is stopping"
            )
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._named, job, *arguments
        )

    def _named(self, job: Callable[..., T], *arguments: object) -> T:
        with self._named_errors():
            return job(*arguments)

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise LogUnavailable(
                f"the purge log {self._path} cannot be used: {error}. Purges are refused until it "
                "can: look for a full disk, another process that holds it, or a damaged file"
            ) from error

    # What follows runs in the log's thread.

    def _open(self, owner_seconds: float) -> tuple[sqlite3.Connection, int, str]:
        with self._named_errors():
            lock = own(self._path, owner_seconds)
            try:
                db = sqlite3.connect(self._path, timeout=LOCK_SECONDS, isolation_level=None)
                # A damaged entry is read as one that cannot be understood, not refused each time.
                db.text_factory = lambda raw: raw.decode("utf-8", "replace")
                try:
                    return db, lock, prepare(db)
                except BaseException:
                    db.close()
                    raise
            except BaseException:
                os.close(lock)
                raise

    def _let_go(self) -> None:
        try:
            self._db.close()
        finally:
            os.close(self._lock)

    def _position(self) -> Position:
        head = self._head()
        oldest = self._db.execute("SELECT min(seq) FROM purge").fetchone()[0]
        return Position(self._id, head, head if oldest is None else int(oldest) - 1)

    def _write(self, writes: Sequence[_Write]) -> list[Entry | None]:
        at = time.time()
        with transaction(self._db):
            return [self._write_one(at, write) for write in writes]

    def _write_one(self, at: float, write: _Write) -> Entry | None:
        match write:
            case _Append(purge=purge, settles=settles):
                if settles is not None:
                    self._forget(settles)
                cursor = self._db.execute(
                    "INSERT INTO purge (at, purge) VALUES (?, ?)", (at, purge_to_json(purge))
                )
                assert cursor.lastrowid is not None
                return Entry(cursor.lastrowid, at, purge)
            case _Intend(name=name, purge=purge):
                self._db.execute(
                    "INSERT INTO intent VALUES (?, ?, ?)", (name, at, purge_to_json(purge))
                )
            case _Withdraw(name=name):
                self._forget(name)
            case _:
                assert_never(write)
        return None

    def _forget(self, name: Intent) -> None:
        self._db.execute("DELETE FROM intent WHERE name = ?", (name,))

    def _read(self, after: int, limit: int) -> list[Entry]:
        rows = self._db.execute(
            "SELECT seq, at, purge FROM purge WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
        ).fetchall()
        first = rows[0][0] if rows else self._head() + 1
        if first > after + 1:
            raise LogTrimmed(f"entries {after + 1} to {first - 1} were trimmed")
        return [Entry(seq, at, purge_from_json(text)) for seq, at, text in rows]

    def _head(self) -> int:
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'purge'").fetchone()
        return int(row[0]) if row else 0

    def _trim(self, before: float, keep_entries: int) -> int:
        with transaction(self._db):
            # Seqs and times both grow, so what is dropped is always a prefix.
            newest_old = self._db.execute(
                "SELECT max(seq) FROM purge WHERE at < ?", (before,)
            ).fetchone()[0]
            last = max(newest_old or 0, self._head() - keep_entries)
            return self._db.execute("DELETE FROM purge WHERE seq <= ?", (last,)).rowcount
