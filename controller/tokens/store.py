"""The tokens of one state directory, in one SQLite file that a shell may change at any time.

With a rollback journal, not a WAL: the file stands alone, so it can be copied, replaced, and
mounted read-only, and a change is on the disk when the command that made it returns. Reading one
token takes 6 µs either way. Nothing is ever deleted: whoever holds a revoked token is to be told.
"""

from __future__ import annotations

import hmac
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Final

from controller.errors import TokensUnavailable
from controller.purge.sqlite_schema import transaction
from controller.tokens.token import Scope, Token, digest, id_of

NAME: Final = "tokens.db"
"""Under ``stateDir``."""
LOCK_SECONDS: Final = 1.0
"""How long reading and writing wait for another process that writes."""
FORMAT: Final = 1
_TABLE: Final = """\
CREATE TABLE IF NOT EXISTS token (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, scope TEXT NOT NULL, sha256 BLOB NOT NULL,
    created REAL NOT NULL, expires REAL, used REAL, revoked REAL
)"""


@contextmanager
def token_store(path: Path) -> Iterator[sqlite3.Connection]:
    """The store for one command, made where there is none, readable by its owner alone.

    Raises:
        TokensUnavailable: it cannot be opened, made or written.
    """
    with named_errors(path):
        _make_file(path)
        with closing(connect(path)) as db:
            if format_of(db) != FORMAT:
                with transaction(db):
                    db.execute(_TABLE)
                    db.execute(f"PRAGMA user_version = {FORMAT}")
            yield db


def connect(path: Path) -> sqlite3.Connection:
    """A connection to a file that is there; for reading alone where it cannot be written.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=LOCK_SECONDS, isolation_level=None)


def format_of(db: sqlite3.Connection) -> int:
    """0 for a file without a table yet, else ``FORMAT``.

    Raises:
        sqlite3.Error: it is no token store, or one of a later version.
    """
    found = int(db.execute("PRAGMA user_version").fetchone()[0])
    if found not in (0, FORMAT):
        raise sqlite3.DatabaseError(f"its format {found} was made by another Shellac version")
    return found


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """What goes wrong with the file, as an error of ours.

    Raises:
        TokensUnavailable: naming file and reason.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise TokensUnavailable(
            f"the token store {path} cannot be used: {error}. Look at its owner and rights, for a "
            "full disk, and for another process that holds it"
        ) from error


def add(db: sqlite3.Connection, token: Token) -> None:
    """Keep a new token."""
    db.execute("INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?, ?)", astuple(token))


def all_tokens(db: sqlite3.Connection) -> list[Token]:
    """Every token there ever was, oldest first."""
    return _tokens(db, "ORDER BY created, rowid")


def by_id(db: sqlite3.Connection, id: str) -> Token | None:
    """What is known of a token; this proves nothing about whoever names it."""
    found = _tokens(db, "WHERE id = ?", id)
    return found[0] if found else None


def genuine(db: sqlite3.Connection, text: str) -> Token | None:
    """The token that ``text`` is, valid or not; None: it is none that was made here."""
    id = id_of(text)
    if id is None:
        return None
    token = by_id(db, id)
    # An id is no secret. What is compared takes the same time for a known and an unknown one.
    same = hmac.compare_digest(token.sha256 if token else bytes(32), digest(text.encode()))
    return token if same else None


def revoke(db: sqlite3.Connection, id: str, at: float) -> None:
    """From now on it is refused. Once revoked, it keeps its time."""
    db.execute("UPDATE token SET revoked = ? WHERE id = ? AND revoked IS NULL", (at, id))


def note_use(db: sqlite3.Connection, id: str, at: float) -> None:
    """It was accepted at this time."""
    db.execute("UPDATE token SET used = ? WHERE id = ?", (at, id))


def _tokens(db: sqlite3.Connection, rest: str, *values: str) -> list[Token]:
    columns = "id, name, scope, sha256, created, expires, used, revoked"
    # All rows at once: a cursor that stays open keeps others from writing.
    rows = db.execute(f"SELECT {columns} FROM token {rest}", values).fetchall()  # noqa: S608
    return [Token(id, name, Scope(scope), *others) for id, name, scope, *others in rows]


def _make_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    if os.geteuid() == 0:
        # Made with sudo, it still has to be readable for the controller that owns the directory.
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
