"""The token store as the running controller sees it: read for each request, so that a token works
or stops working in the moment a command says so."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from controller.errors import TokensUnavailable
from controller.tokens.store import connect, format_of, genuine, named_errors, note_use
from controller.tokens.token import Token

logger = logging.getLogger(__name__)

USE_SECONDS: Final = 60.0
"""How exact the time of the last use is: a write waits for the disk, reading does not."""


class TokenReader:
    """Finds tokens in a file that may come, go and be replaced. One thread does all SQLite work."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tokens")
        self._db: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._noted: dict[str, float] = {}
        self._unwritable = False

    async def find(self, text: str) -> Token | None:
        """The token that ``text`` is, valid or not; None: it is none of this store.

        Raises:
            TokensUnavailable: the store cannot be read.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._find, text)

    def note_use(self, token: Token) -> None:
        """Have the time of a token's last use written, at most each ``USE_SECONDS``.

        Nobody waits for it, and where it cannot be written that is logged and nothing else: a purge
        is worth more than a time in a list.
        """
        at = self.clock()
        last = max(token.used or 0.0, self._noted.get(token.id, 0.0))
        # A clock that was set back must not stop this until it has caught up.
        if abs(at - last) >= USE_SECONDS:
            self._noted[token.id] = at
            self._thread.submit(self._note_use, token.id, at)

    async def close(self) -> None:
        """Write what is still to be written, close the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._let_go)
        self._thread.shutdown()

    # What follows runs in the reader's thread.

    def _find(self, text: str) -> Token | None:
        with named_errors(self._path):
            db = self._opened()
            return genuine(db, text) if db is not None else None

    def _opened(self) -> sqlite3.Connection | None:
        """The file that has the name now; None: there is none, or nothing in it yet.

        As long as it is open its inode number is not given to another.
        """
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._let_go()
            return None
        file = (found.st_dev, found.st_ino)
        if self._db is None or file != self._file:
            self._let_go()
            db = connect(self._path)
            try:
                ready = format_of(db) != 0
            except BaseException:
                db.close()
                raise
            if not ready:
                db.close()
                return None
            self._db, self._file = db, file
        return self._db

    def _let_go(self) -> None:
        if self._db is not None:
            self._db.close()
        self._db = None

    def _note_use(self, id: str, at: float) -> None:
        try:
            with named_errors(self._path):
                db = self._opened()
                if db is not None:
                    note_use(db, id, at)
        except TokensUnavailable as error:
            if not self._unwritable:
                logger.warning("the last use of tokens is not written: %s", error)
            self._unwritable = True
        else:
            self._unwritable = False
