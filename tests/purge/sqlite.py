"""What the tests of the SQLite log share: purges, a process that works on a log, what it left."""

from __future__ import annotations

import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

from controller.core.tags import Purge
from controller.purge.sqlite_log import SqliteLog

TYPE = Purge(("type:Post",), "mutation updatePost")
POST = Purge(tags=("key:Post:id:5", "null:Post"), source="mutation updatePost")


def numbered(number: int) -> Purge:
    return Purge((f"key:Post:id:{number}",), "test")


def start(path: Path, work: str, *, limit: int = resource.RLIM_INFINITY) -> subprocess.Popen[str]:
    """A process that opens the log, prints its id and does ``work``, the body of a coroutine.

    It can write files of up to ``limit`` bytes. A log that does not open is printed as an error.
    """
    head = f"""
        import asyncio, os, resource, signal, sqlite3
        from pathlib import Path
        from controller.core.tags import Purge
        from controller.errors import LogUnavailable
        from controller.purge import sqlite_log
        from controller.purge.sqlite_log import SqliteLog
        TYPE, POST = Purge(("type:Post",), "mutation a"), Purge(("key:Post:id:5",), "mutation a")
        def die(*_): os.kill(os.getpid(), signal.SIGKILL)
        def die_at(log, statement):
            def seen(sql): die() if sql.startswith(statement) else None
            log._thread.submit(lambda: log._db.set_trace_callback(seen)).result()
        async def main():
            resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
            try: log = SqliteLog(Path({str(path)!r}))
            except LogUnavailable as error: return print(type(error).__name__)
            print((await log.position()).id, flush=True)
    """
    script = textwrap.dedent(head) + textwrap.indent(textwrap.dedent(work), "    ")
    command = [sys.executable, "-c", f"{script}\nasyncio.run(main())"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def killed(path: Path, work: str) -> None:
    """Have a process do some work that ends with its death by SIGKILL."""
    child = start(path, work)
    child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL


async def contents(path: Path) -> list[tuple[str, str]]:
    """The tags and sources in a log that nobody has open; opening it purges for orphans."""
    log = SqliteLog(path)
    found = [(" ".join(e.purge.tags), e.purge.source) for e in await log.read(0, 100)]
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM intent").fetchone() == (0,)
    await log.close()
    return found
