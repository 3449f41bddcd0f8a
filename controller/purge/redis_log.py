"""The purge log in Redis Streams, for any number of controllers.

Seqs are made from Redis' own clock, so that they stay higher than any that a Redis which lost its
last entries had given out. A Redis that was started anew, or a replica that took over, gets an
entry that purges everything, made once by whoever notices first: on each new connection, before it
is used for anything else.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ReadOnlyError, ResponseError

from controller.core.tags import Purge
from controller.errors import LogTrimmed, LogUnavailable
from controller.purge import redis_scripts as scripts
from controller.purge.gather import Gathered
from controller.purge.log import (
    Entry,
    Intent,
    Position,
    orphaned,
    purge_from_json,
    purge_to_json,
)
from controller.purge.redis_client import client_of, named_errors, process_of
from controller.purge.window import Window

logger = logging.getLogger(__name__)

BLOCK_SECONDS: Final = 1.0
"""How long one read waits for new entries; shorter than the client waits for an answer."""
ALIVE_SECONDS: Final = 5.0
"""After this long without a sign of life a controller's intents become purges."""
ADOPT_EVERY_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 0.2
READ_ENTRIES: Final = 2_000
ANEW: Final = Purge((), "redis was started anew", everything=True)


@dataclass(frozen=True, slots=True)
class _Write:
    kind: str
    intent: Intent = ""
    purge: str = ""


class RedisLog:
    """A ``PurgeLog``. Making one connects to nothing: every method raises ``LogUnavailable`` until
    Redis is there.

    What is not covered: a controller that is stopped, or that cannot reach Redis, for longer than
    ``alive_seconds`` between recording an intent and sending its mutation, goes on, and dies before
    it can settle.
    """

    def __init__(
        self,
        url: str,
        *,
        service: str,
        password: str | None = None,
        alive_seconds: float = ALIVE_SECONDS,
    ) -> None:
        self.url = url
        self._prefix = f"shellac:{{{service}}}:"
        self._alive_seconds = alive_seconds
        self._session = secrets.token_hex(8)
        self._id = ""
        self._run_id = ""
        self._highest = 0
        self._window = Window(READ_ENTRIES)
        self._writes: Gathered[_Write, int] = Gathered(self._write_all)
        self._subscribers: list[Callable[[], None]] = []
        self.tasks: list[asyncio.Task[None]] = []
        """None of which ends before ``close``."""
        self.client = client_of(url, password=password, greet=self._greet)

    @property
    def id(self) -> str:
        """The log's id when Redis was last asked, empty before that."""
        return self._id

    def start(self) -> None:
        """Begin to follow the log and to adopt orphans, in the running loop."""
        jobs = (self._follow, self._adopt)
        self.tasks = [asyncio.create_task(self._forever(job)) for job in jobs]

    async def close(self) -> None:
        """Finish what was begun. Intents that are left become purges of another controller."""
        await self._writes.drained()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.client.aclose()

    def key(self, name: str) -> str:
        """The Redis key of a part of this log."""
        return self._prefix + name

    async def position(self) -> Position:
        """Where the log stands now."""
        with self.named_errors():
            found: Any = await self.client.hmget(self.key("meta"), ["id", "head", "trimmed"])
            if found[0] is None or found[0] != self._id:
                found = await self._reopen()
        return self._noted(found)

    async def intend(self, purge: Purge) -> Intent:
        """Record what a write could touch."""
        name = secrets.token_hex(8)
        await self._writes(_Write("intend", name, purge_to_json(orphaned(purge))))
        return name

    async def append(self, purge: Purge, *, settles: Intent | None = None) -> int:
        """Record a purge, in the place of the intent that it settles; returns its seq."""
        return await self._writes(_Write("append", settles or "", purge_to_json(purge)))

    async def withdraw(self, intent: Intent) -> None:
        """Forget an intent."""
        await self._writes(_Write("withdraw", intent))

    async def read(self, after: int, limit: int) -> list[Entry]:
        """The oldest entries over ``after``."""
        found = self._window.after(after, limit)
        if found is not None:
            return found
        with self.named_errors():
            rows: Any = await self.client.xrange(
                self.key("log"), min=f"({after}-0", max="+", count=limit
            )
        # Each entry says which one it follows: another one was trimmed, or Redis has lost it.
        gone = _before(rows[0]) != after if rows else not await self._reaches(after)
        if gone:
            raise LogTrimmed(f"entries after {after} were trimmed or lost")
        return [_entry(row) for row in rows]

    async def trim(self, *, keep_seconds: float, keep_entries: int) -> int:
        """Drop entries older than ``keep_seconds`` and all but the newest ``keep_entries``."""
        kept = [str(round(1_000 * keep_seconds)), str(keep_entries)]
        dropped = await self._same_log(
            lambda: self.run(scripts.TRIM, ["log", "meta"], [self._id, *kept])
        )
        self._window.clear()
        return int(dropped)

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have ``wake`` called when there are new entries, whoever appended them."""
        self._subscribers.append(wake)
        return lambda: self._subscribers.remove(wake)

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[str]) -> Any:
        """Run a script. Its errors are Redis' own."""
        names = [self.key(name) for name in keys]
        return await self.client.register_script(script)(keys=names, args=list(arguments))

    def named_errors(self) -> AbstractContextManager[None]:
        """Redis' errors as ``LogUnavailable``."""
        return named_errors(self.url)

    async def _greet(self, connection: AbstractConnection) -> None:
        self._run_id = await process_of(connection)
        keys = [self.key("log"), self.key("meta")]
        await connection.send_command("EVAL", scripts.OPEN, 2, *keys, *self._opening())
        self._noted(await connection.read_response())
        self._window.clear()  # it may hold what this Redis has lost

    async def _reopen(self) -> Any:
        return await self.run(scripts.OPEN, ["log", "meta"], self._opening())

    def _opening(self) -> list[str]:
        known = [self._id, str(self._highest)]
        return [self._run_id, secrets.token_hex(8), purge_to_json(ANEW), *known]

    def _noted(self, found: Sequence[str]) -> Position:
        position = Position(found[0], int(found[1]), int(found[2]))
        if position.id != self._id:
            if self._id:
                logger.warning("the purge log %s is a new one: the old one is gone", self.url)
            self._id = position.id
            self._window.clear()
        self._highest = max(self._highest, position.head)
        return position

    async def _reaches(self, after: int) -> bool:
        """Whether nothing is missing after ``after``, where no entry follows it."""
        position = await self.position()
        return position.trimmed <= after <= position.head

    async def _write_all(self, writes: Sequence[_Write]) -> list[int]:
        flat = [part for write in writes for part in (write.kind, write.intent, write.purge)]
        alive = str(round(1_000 * self._alive_seconds))
        keys = ["log", "meta", "intents", f"alive:{self._session}"]
        _, seqs = await self._same_log(
            lambda: self.run(
                scripts.WRITE,
                keys,
                [self._id, self._session, alive, str(self._highest), *flat],
            )
        )
        found = [int(seq or 0) for seq in seqs]
        self._highest = max(self._highest, *found)
        return found

    async def _same_log(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do something in the log that is there: when it is a new one, once more in that."""
        with self.named_errors():
            if not self._id:
                await self.client.ping()  # the greeting tells it
            try:
                return await work()
            except ReadOnlyError:
                # It was made a replica, and its address may lead to the new primary by now.
                await self.client.connection_pool.disconnect()
                raise
            except ResponseError as error:
                if not str(error).startswith(scripts.OTHER_LOG):
                    raise
            self._noted(await self._reopen())
            return await work()

    async def _forever(self, job: Callable[[], Awaitable[None]]) -> None:
        """Do a job again and again; while Redis is away, look for it in between."""
        while True:
            try:
                await job()
            except LogUnavailable as error:
                logger.debug("%s", error)
                await asyncio.sleep(AGAIN_SECONDS)

    async def _follow(self) -> None:
        """Wait for entries, keep the newest in memory, wake those who apply them."""
        if self._window.tail is None:
            self._window.begin((await self.position()).head)
            self._wake()
        tail = self._window.tail
        with self.named_errors():
            read: Any = await self.client.xread(
                {self.key("log"): f"{tail}-0"},
                count=READ_ENTRIES,
                block=round(1_000 * BLOCK_SECONDS),
            )
        rows = read[0][1] if read else []
        for row in rows:
            self._window.add(_entry(row), before=_before(row))
        if rows:
            self._highest = max(self._highest, self._window.tail or 0)
            self._wake()

    def _wake(self) -> None:
        for wake in self._subscribers:
            wake()

    async def _adopt(self) -> None:
        alive = str(round(1_000 * self._alive_seconds))
        keys = ["log", "meta", "intents", f"alive:{self._session}"]
        adopted = await self._same_log(
            lambda: self.run(scripts.ADOPT, keys, [self._id, alive, self.key("alive:")])
        )
        if adopted:
            logger.warning("purged for %s mutations whose controller died", adopted)
        await asyncio.sleep(min(ADOPT_EVERY_SECONDS, self._alive_seconds / 3))


_Row = tuple[str, dict[str, str]]


def _entry(row: _Row) -> Entry:
    name, fields = row
    at = _number(fields.get("at")) / 1_000
    return Entry(int(name.partition("-")[0]), at, purge_from_json(fields.get("purge", "")))


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0


def _before(row: _Row) -> int:
    """The seq of the entry before this one, be it trimmed or not."""
    return _number(row[1].get("before"))
