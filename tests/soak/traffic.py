"""What readers and writers share while a run goes on."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from tests.soak.client import Client, Failed
from tests.soak.cluster import Cluster, Node
from tests.soak.judge import Cell, Ledger
from tests.soak.options import Options
from tests.soak.questions import Question, all_questions, by_get
from tests.soak.report import Tally
from tests.soak.world import group_of

HOT: Final = 6
"""So many cells that were written last are read more often than others."""
HEALTH_EVERY: Final = 0.1
HEALTH: Final = by_get("/_shellac/health")


@dataclass
class Traffic:
    """``began`` is the run's zero of time. ``owed``: versions that were made behind the cache's
    back, whose purge was not recorded; nobody promised anything about them.
    """

    options: Options
    cluster: Cluster
    ledger: Ledger = field(default_factory=Ledger)
    tally: Tally = field(default_factory=Tally)
    began: float = field(default_factory=time.perf_counter)
    hot: deque[Cell] = field(default_factory=lambda: deque(maxlen=HOT))
    owed: dict[Cell, int] = field(default_factory=dict)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        load = self.options.load
        found = all_questions(items=load.items, groups=load.groups, users=load.users)
        self.questions: list[Question] = found
        self._by_cell: dict[Cell, list[Question]] = {}
        for question in found:
            self._by_cell.setdefault(question.about, []).append(question)
        self.green = [asyncio.Event() for _ in self.cluster.nodes]

    @property
    def now(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self.began

    @property
    def finished(self) -> bool:
        """Whether readers and writers should end."""
        return self.over.is_set()

    def check_finished(self) -> None:
        """End the run when it has read enough, lasted long enough, or seen what it looked for."""
        found = self.options.stop_at_first and self.tally.violations
        if self.tally.reads >= self.options.reads or self.now > self.options.seconds or found:
            self.over.set()

    def questions_of(self, cell: Cell) -> list[Question]:
        """The questions whose answers a change of this cell changes."""
        kind, _, name = cell.partition(":")
        found = self._by_cell.get(cell, [])
        if kind == "item" and int(name) < self.options.load.items:
            group = group_of(int(name), self.options.load.groups)
            found = [*found, *self._by_cell.get(f"group:{group}", [])]
        return found

    def picked(self, name: str) -> Iterator[Question]:
        """An endless choice of questions: some known to all, some asked more often (Zipf's law),
        and a third about what is being written.
        """
        dice = random.Random(f"{self.options.seed} {name}")
        order = list(self.questions)
        random.Random(self.options.seed).shuffle(order)
        weights = [1 / (rank + 10) for rank in range(len(order))]
        table = dice.choices(order, weights, k=4096)
        while True:
            if self.hot and dice.random() < 1 / 3:
                cell = self.hot[dice.randrange(len(self.hot))]
                if about := self.questions_of(cell):
                    yield dice.choice(about)
                    continue
            yield table[dice.randrange(4096)]

    async def watch_health(self, node: Node) -> None:
        """Ask as a balancer does, until cancelled; ``green`` says whether it may be read."""
        green = self.green[node.index]
        with closing(Client(node.admin_port)) as client:
            while True:
                try:
                    answer = await client.ask(HEALTH, seconds=HEALTH_EVERY)
                    healthy = answer.status == 200
                except Failed:
                    healthy = False
                if healthy:
                    green.set()
                else:
                    green.clear()
                await asyncio.sleep(HEALTH_EVERY)
