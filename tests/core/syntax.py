"""Random documents of every executable syntax, without a schema: most of them are not valid.

Names and values are few, so that they meet often.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from hypothesis import strategies as st

_NAMES = ["a", "b", "on", "query", "fragment", "true", "_x9", "A", "B"]
_LEAVES = [
    "1",
    "-0",
    "1.50e+3",
    "true",
    "null",
    "RED",
    '""',
    '"...é\\u00e9\\u{1F600} #{ \\" \\\\"',
    '"\\u0000\\u007f\\n"',
    '""""""',
    '"""\n   deep\n    deeper\\"""\n  """',
    '"""ends with a quote\\\\" """',
    '"""ends with a backslash\\ """',
    "$a",
    "$b",
]
_IGNORED = [" ", "\n", ",", ' # a " comment {\n', "\t", "\ufeff"]


@dataclass
class _Writer:
    picks: random.Random

    def join(self, *parts: str) -> str:
        return "".join(part + self.picks.choice(_IGNORED) for part in parts)

    def name(self) -> str:
        return self.picks.choice(_NAMES)

    def some(self, most: int) -> range:
        return range(self.picks.randint(0, most))

    def value(self, depth: int, constant: bool) -> str:
        kind = self.picks.randrange(6) if depth else 5
        if kind == 0:
            return self.join("[", *(self.value(depth - 1, constant) for _ in self.some(3)), "]")
        if kind == 1:
            members = (
                self.join(self.name(), ":", self.value(depth - 1, constant)) for _ in self.some(3)
            )
            return self.join("{", *members, "}")
        leaves = _LEAVES[:-2] if constant else _LEAVES
        return self.picks.choice(leaves)

    def arguments(self, constant: bool = False) -> str:
        listed = [self.join(self.name(), ":", self.value(2, constant)) for _ in self.some(2)]
        return self.join("(", *listed, ")") if listed else ""

    def directives(self, constant: bool = False) -> str:
        if self.picks.random() < 0.7:
            return ""
        return self.join("@", self.picks.choice(["skip", "include", "defer", "d"])) + (
            self.arguments(constant)
        )

    def type(self, depth: int = 2) -> str:
        inner = self.picks.choice(["Int", "ID", "T"])
        if depth and self.picks.random() < 0.3:
            inner = self.join("[", self.type(depth - 1), "]")
        return self.join(inner, "!") if self.picks.random() < 0.3 else self.join(inner)

    def variables(self) -> str:
        listed = []
        for _ in self.some(2):
            default = self.join("=", self.value(2, True)) if self.picks.random() < 0.4 else ""
            parts = (self.join("$", self.name(), ":"), self.type(), default, self.directives(True))
            listed.append("".join(parts))
        return self.join("(", *listed, ")") if listed else ""

    def selections(self, depth: int) -> str:
        return self.join(
            "{", *(self.selection(depth) for _ in range(self.picks.randint(1, 4))), "}"
        )

    def selection(self, depth: int) -> str:
        kind = self.picks.randrange(6)
        if kind == 0:
            return self.join("...", self.picks.choice(["A", "B"])) + self.directives()
        if kind == 1 and depth:
            on = self.join("on ", self.name()) if self.picks.random() < 0.6 else ""
            return self.join("...") + on + self.directives() + self.selections(depth - 1)
        alias = self.join(self.name(), ":") if self.picks.random() < 0.3 else ""
        nested = self.selections(depth - 1) if depth and self.picks.random() < 0.4 else ""
        return alias + self.join(self.name()) + self.arguments() + self.directives() + nested

    def definition(self, number: int) -> str:
        described = '"""Says\n  what"""' if self.picks.random() < 0.1 else ""
        kind = self.picks.randrange(4)
        if kind == 0:
            return self.selections(3)
        if kind == 1:
            head = self.join(described, "fragment ", self.picks.choice(["A", "B"]), "on ", "T")
            return head + self.directives() + self.selections(3)
        type_ = self.picks.choice(["query ", "mutation ", "subscription "])
        name = f"Q{number}" if self.picks.random() < 0.7 else ""
        head = self.join(described, type_, name)
        return head + self.variables() + self.directives() + self.selections(3)


def write(seed: int, definitions: int) -> str:
    """What follows from ``seed``."""
    writer = _Writer(random.Random(seed))
    return "".join(map(writer.definition, range(definitions)))


def texts() -> st.SearchStrategy[str]:
    """Documents of one to four definitions."""
    return st.builds(write, seed=st.integers(0, 2**40), definitions=st.integers(1, 4))
