"""The data of the origin: every item has a version, every write a name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

SDL: Final = """
type Query {
  item(id: ID!): Item
  items(group: ID!): [Item!]!
  group(id: ID!): Group
  mine: Mine
}
type Mutation {
  bump(id: ID!, ref: ID!): Item
  add(group: ID!, ref: ID!): Item
  bumpMine(ref: ID!): Mine
}
type Item { id: ID!, version: Int!, group: Group!, note: String! }
type Group { id: ID!, items: [Item!]! }
type Mine { id: ID!, version: Int! }
"""
NOTE: Final = "a note that is long enough to be worth compressing, once for each item; " * 3


@dataclass(slots=True)
class Item:
    id: str
    version: int
    group: Group
    note: str = NOTE


@dataclass(slots=True)
class Group:
    id: str
    items: list[Item]


@dataclass(slots=True)
class Mine:
    id: str
    version: int


class World:
    """``items`` spread over ``groups``: item 7 of 3 groups is in group 1."""

    def __init__(self, *, items: int, groups: int) -> None:
        self.groups = {str(number): Group(str(number), []) for number in range(groups)}
        self.items: dict[str, Item] = {}
        self.mines: dict[str, Mine] = {}
        self.executed: Counter[str] = Counter()
        for number in range(items):
            self._add(self.groups[group_of(number, groups)])

    def mine(self, owner: str) -> Mine:
        return self.mines.setdefault(owner, Mine(owner, 1))

    def bump(self, item: str, ref: str) -> Item:
        self.executed[ref] += 1
        return self.change(item)

    def change(self, item: str) -> Item:
        """As somebody does who tells nobody."""
        changed = self.items[item]
        changed.version += 1
        return changed

    def add(self, group: str, ref: str) -> Item:
        self.executed[ref] += 1
        return self._add(self.groups[group])

    def bump_mine(self, owner: str, ref: str) -> Mine:
        self.executed[ref] += 1
        mine = self.mine(owner)
        mine.version += 1
        return mine

    def state(self) -> dict[str, object]:
        """The version of every cell, and the writes that were executed more than once."""
        cells = {f"item:{item.id}": item.version for item in self.items.values()}
        cells |= {f"group:{group.id}": len(group.items) for group in self.groups.values()}
        cells |= {f"mine:{mine.id}": mine.version for mine in self.mines.values()}
        twice = [ref for ref, count in self.executed.items() if count > 1]
        return {"cells": cells, "twice": twice}

    def _add(self, group: Group) -> Item:
        item = Item(str(len(self.items)), 1, group)
        self.items[item.id] = item
        group.items.append(item)
        return item


def group_of(item: int, groups: int) -> str:
    """The group in which an item of the beginning is."""
    return str(item % groups)
