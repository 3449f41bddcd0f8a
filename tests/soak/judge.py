"""Which answers break the promise. Pure: events in, violations out.

A **cell** is something with a version that only grows: ``item:5``, ``mine:u3``, and for
``group:2`` the number of its items. Every acknowledgement is numbered; a read remembers how many
there were when it began (its **moment**) and may show nothing older than any of those.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Cell = str


@dataclass(frozen=True, slots=True)
class Seen:
    """A version that an answer showed."""

    cell: Cell
    version: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The change to ``version`` was acknowledged by ``node``, as number ``moment`` of all, at
    ``at`` seconds."""

    moment: int
    version: int
    node: int
    at: float


@dataclass(frozen=True, slots=True)
class Read:
    """A read that began after ``began`` acknowledgements, at ``at`` seconds, of ``node``."""

    node: int
    began: int
    at: float


@dataclass(frozen=True, slots=True)
class Stale:
    """A cell that was older than promised. ``promised`` is the oldest acknowledgement that the
    answer did not show; ``same_node``: one of those was given by the node that was read."""

    seen: Seen
    read: Read
    promised: Acknowledged
    same_node: bool

    @property
    def seconds(self) -> float:
        """For how long the version that was shown had been too old."""
        return self.read.at - self.promised.at


class Ledger:
    """Every acknowledgement, by cell."""

    def __init__(self) -> None:
        self.moment = 0
        self._newest: dict[Cell, int] = {}
        self._acknowledged: dict[Cell, list[Acknowledged]] = {}

    def acknowledge(self, cell: Cell, version: int, *, node: int, at: float) -> None:
        """``node`` has acknowledged that ``cell`` has this version, or a later one."""
        self.moment += 1
        self._newest[cell] = max(version, self._newest.get(cell, version))
        entry = Acknowledged(self.moment, version, node, at)
        self._acknowledged.setdefault(cell, []).append(entry)

    def stale(self, read: Read, seen: Iterable[Seen]) -> list[Stale]:
        """What of ``seen`` is older than an acknowledgement from before the read began."""
        newest = self._newest
        return [
            found
            for one in seen
            if one.version < newest.get(one.cell, 0)
            and (found := self._judged(read, one)) is not None
        ]

    def _judged(self, read: Read, seen: Seen) -> Stale | None:
        missed = [
            entry
            for entry in self._acknowledged[seen.cell]
            if entry.moment <= read.began and entry.version > seen.version
        ]
        if not missed:
            return None
        same_node = any(entry.node == read.node for entry in missed)
        return Stale(seen, read, missed[0], same_node)


def breaks_promise(stale: Stale, *, everywhere: bool) -> bool:
    """Whether it is a violation: ``everywhere`` (an acknowledgement holds for all nodes) always,
    else for the node that gave the acknowledgement.
    """
    return everywhere or stale.same_node
