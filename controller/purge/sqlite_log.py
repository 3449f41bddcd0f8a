"""The purge log in one SQLite file: the default, for one controller."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from controller.core.tags import Purge
from controller.errors import LogUnavailable
from controller.purge.log import Entry, purge_from_json, purge_to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

LOCK_SECONDS: Final = 2.0
"""How long a write waits for another process that holds the file."""
FORMAT: Final = 1
RECENT: Final = 2_000
"""Entries also kept in memory: a worker that keeps up never waits for the file."""
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS purge"
    " (seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, purge TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS purge_at ON purge (at)",
    "CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)


class SqliteLog:
    """A ``PurgeLog`` in a file, made where there is none.

    All SQLite work is done by one thread. Appends that arrive while it writes share the next
    transaction.
    """

    def __init__(self, path: Path) -> None:
        """Open the log.

        Raises:
            LogUnavailable: the file cannot be opened or is not a purge log.
        """
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="purge-log")
        self._waiting: list[tuple[Purge, str, asyncio.Future[int]]] = []
        self._recent: dict[int, Entry] = {}
        self._writer: asyncio.Task[None] | None = None
        self._subscribers: list[Callable[[], None]] = []
        self._closed = False
        try:
            self._db, self.id = self._thread.submit(self._open).result()
        except LogUnavailable:
            self._thread.shutdown()
            raise

    async def close(self) -> None:
        """Finish what was appended and close the file."""
        while self._writer is not None:
            await self._writer
        await self._run(self._db.close)
        self._closed = True
        self._thread.shutdown()

    async def append(self, purge: Purge) -> int:
        """Record a purge and return its seq; concurrent calls share a transaction.

        Raises:
            LogUnavailable: it is not recorded.
        """
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((purge, purge_to_json(purge), future))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_waiting())
        return await future

    async def read(self, after: int, limit: int) -> list[Entry]:
        """The oldest entries over ``after``."""
        found: list[Entry] = []
        # Without a gap only: another process may append between two of ours.
        while len(found) < limit and (entry := self._recent.get(after + 1 + len(found))):
            found.append(entry)
        return found or await self._run(self._read, after, limit)

    async def head(self) -> int:
        """The newest seq ever given out."""
        return await self._run(self._head)

    async def oldest(self) -> int:
        """The oldest seq still kept."""
        return await self._run(self._oldest)

    async def trim(self, *, keep_seconds: float, keep_entries: int) -> int:
        """Drop entries older than ``keep_seconds`` and all but the newest ``keep_entries``."""
        dropped = await self._run(self._trim, time.time() - keep_seconds, keep_entries)
        self._recent.clear()
        return dropped

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have ``wake`` called after each transaction of this process."""
        self._subscribers.append(wake)
        return lambda: self._subscribers.remove(wake)

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                entries = await self._run(self._write, [(p, text) for p, text, _ in batch])
            except Exception as error:  # whatever it is, it is the callers'
                for _, _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, _, future), entry in zip(batch, entries, strict=True):
                self._remember(entry)
                if not future.done():
                    future.set_result(entry.seq)
            for wake in self._subscribers:
                wake()
        self._writer = None

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

    def _open(self) -> tuple[sqlite3.Connection, str]:
        with self._named_errors():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self._path, timeout=LOCK_SECONDS, isolation_level=None)
            # A damaged entry is read as one that cannot be understood, not refused by each read.
            db.text_factory = lambda raw: raw.decode("utf-8", "replace")
            try:
                return db, _prepare(db)
            except BaseException:
                db.close()
                raise

    def _write(self, purges: list[tuple[Purge, str]]) -> list[Entry]:
        at = time.time()
        with _transaction(self._db):
            return [Entry(self._insert(at, text), at, purge) for purge, text in purges]

    def _insert(self, at: float, text: str) -> int:
        cursor = self._db.execute("INSERT INTO purge (at, purge) VALUES (?, ?)", (at, text))
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def _read(self, after: int, limit: int) -> list[Entry]:
        rows = self._db.execute(
            "SELECT seq, at, purge FROM purge WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
        )
        return [Entry(seq, at, purge_from_json(text)) for seq, at, text in rows]

    def _head(self) -> int:
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'purge'").fetchone()
        return int(row[0]) if row else 0

    def _oldest(self) -> int:
        oldest = self._db.execute("SELECT min(seq) FROM purge").fetchone()[0]
        return self._head() + 1 if oldest is None else int(oldest)

    def _trim(self, before: float, keep_entries: int) -> int:
        with _transaction(self._db):
            # Seqs and times both grow, so what is dropped is always a prefix.
            newest_old = self._db.execute(
                "SELECT max(seq) FROM purge WHERE at < ?", (before,)
            ).fetchone()[0]
            last = max(newest_old or 0, self._head() - keep_entries)
            return self._db.execute("DELETE FROM purge WHERE seq <= ?", (last,)).rowcount


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # SQLite ends it by itself when the disk is full
            db.execute("ROLLBACK")
        raise


def _prepare(db: sqlite3.Connection) -> str:
    """Make the tables where there are none; returns the log's id."""
    db.execute("PRAGMA journal_mode = WAL")
    # A commit is in the operating system's hands when append returns, so nothing that happens to
    # this process loses it. Losing power can: see _identity.
    db.execute("PRAGMA synchronous = NORMAL")
    with _transaction(db):
        found = db.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, FORMAT):
            raise sqlite3.DatabaseError(f"its format {found} was made by another Shellac version")
        for statement in _TABLES:
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {FORMAT}")
        return _identity(db)


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
