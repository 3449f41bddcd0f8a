"""The SQLite log against a plain model: any operations, together, full, killed and opened again."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from controller.core.tags import Purge
from controller.errors import LogTrimmed, LogUnavailable
from controller.purge import sqlite_log
from controller.purge.log import Intent, orphaned
from controller.purge.sqlite_log import SqliteLog
from tests.purge.conftest import pragma

Step = tuple[Awaitable[object], Callable[[object], None]]
"""What is asked of the log, and what its answer means for the model."""


@dataclass
class Model:
    """What a log has to hold."""

    head: int = 0
    trimmed: int = 0
    entries: dict[int, Purge] = field(default_factory=dict)
    intents: dict[Intent, Purge] = field(default_factory=dict)
    gone: list[Intent] = field(default_factory=list)

    def append(self, purge: Purge, seq: object) -> None:
        self.head += 1
        assert seq == self.head
        self.entries[self.head] = purge

    def forget(self, intent: Intent) -> None:
        self.intents.pop(intent, None)
        self.gone.append(intent)

    def trim(self, keep_entries: int) -> int:
        old = [seq for seq in self.entries if seq <= self.head - keep_entries]
        for seq in old:
            del self.entries[seq]
        self.trimmed = max([self.trimmed, *old])
        return len(old)

    def restart(self) -> None:
        """Every intent is an orphan, in the order in which they were recorded."""
        for intent, purge in list(self.intents.items()):
            self.append(orphaned(purge), self.head + 1)
            self.forget(intent)


class Run:
    """One sequence of operations on a log and on its model."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.random = Random(seed)
        self.directory = directory
        self.model = Model()
        self.lives = 0
        self.refused = 0
        self.full = False
        self.log = SqliteLog(directory / "0" / "purges.db")

    def purge(self) -> Purge:
        large = "x" * self.random.choice([1, 10, 6_000])
        return Purge((f"key:Post:id:{self.random.randrange(1_000)}", large), "test")

    async def together(self) -> None:
        """Some writes in one transaction: all are done, or none."""
        steps = [self.write() for _ in range(self.random.randint(1, 4))]
        results = await asyncio.gather(*(step for step, _ in steps), return_exceptions=True)
        refused = [isinstance(result, LogUnavailable) for result in results]
        if any(refused):
            assert self.full
            assert all(refused)
            self.refused += 1
            return
        for (_, noted), result in zip(steps, results, strict=True):
            noted(result)

    def write(self) -> Step:
        intents = [*self.model.intents, *self.model.gone[-2:]]
        kind = self.random.choice(["append", "intend", "settle", "withdraw"])
        purge = self.purge()
        if kind == "intend":
            return self.log.intend(purge), lambda name: self.model.intents.update(
                {str(name): purge}
            )
        if kind == "append" or not intents:
            return self.log.append(purge), lambda seq: self.model.append(purge, seq)
        intent = self.random.choice(intents)
        if kind == "withdraw":
            return self.log.withdraw(intent), lambda _: self.model.forget(intent)

        def settled(seq: object) -> None:
            self.model.forget(intent)
            self.model.append(purge, seq)

        return self.log.append(purge, settles=intent), settled

    async def trim(self) -> None:
        keep = self.random.randrange(30)
        assert await self.log.trim(keep_seconds=3600, keep_entries=keep) == self.model.trim(keep)

    async def fill_or_empty(self) -> None:
        self.full = not self.full
        pages = pragma(self.log, "page_count") if self.full else 1_000_000
        pragma(self.log, f"max_page_count = {pages}")

    async def stop(self) -> None:
        await self.restart(killed=False)

    async def kill(self) -> None:
        await self.restart(killed=True)

    async def restart(self, *, killed: bool) -> None:
        """Open the log again; what a killed process leaves is its files as they stand."""
        before = await self.log.position()
        path = self.directory / str(self.lives) / "purges.db"
        if killed:
            self.lives += 1
            copy = self.directory / str(self.lives) / "purges.db"
            copy.parent.mkdir()
            for end in ("", "-wal"):
                shutil.copy(f"{path}{end}", f"{copy}{end}")
            path = copy
        await self.log.close()
        self.log = SqliteLog(path)
        self.full = False
        self.model.restart()
        assert (await self.log.position()).id == before.id

    async def check(self) -> None:
        model, position = self.model, await self.log.position()
        assert (position.head, position.trimmed) == (model.head, model.trimmed)
        if self.random.random() < 0.3:
            self.log._recent.clear()
        after = self.random.randint(0, model.head)
        try:
            found = await self.log.read(after, 10)
        except LogTrimmed:
            assert after < model.trimmed
            after = model.trimmed
            found = await self.log.read(after, 10)
        expected = [model.entries[seq] for seq in range(after + 1, model.head + 1)]
        assert [entry.purge for entry in found] == expected[: len(found)]
        assert [entry.seq for entry in found] == list(range(after + 1, after + 1 + len(found)))
        assert found or not expected


@pytest.mark.parametrize("seed", range(12))
async def test_a_log_holds_what_a_plain_model_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(sqlite_log, "RECENT", 5)
    run = Run(tmp_path, seed)
    operations = [run.together, run.trim, run.fill_or_empty, run.stop, run.kill]
    for _ in range(150):
        (operation,) = run.random.choices(operations, weights=[40, 2, 4, 1, 1])
        await operation()
        await run.check()
    if not run.full:
        await run.fill_or_empty()
    while not run.refused:
        await run.together()
    for operation in (run.check, run.kill, run.check, run.stop, run.check):
        await operation()
    await run.log.close()
