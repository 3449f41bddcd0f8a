"""Where things stand in a JSON text, as byte offsets. The text must be valid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\]:,]|[^\s{}\[\]:,"]++')


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object: ``start`` is its name's quote, ``value`` and ``end`` its value's.

    ``path`` leads to the object that holds it.
    """

    path: tuple[str | int, ...]
    name: str
    start: int
    value: int
    end: int


@dataclass(slots=True)
class _Open:
    """A container that is not closed yet, with its current member; an array counts in ``index``."""

    array: bool
    index: int = 0
    name: str | None = None
    start: int = 0
    value: int = -1


def members(text: bytes) -> Iterator[Member]:
    """Every member of every object, inner ones first. Iterative."""
    stack: list[_Open] = []
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark == b",":
            _next(stack[-1])
        elif mark == b":":
            continue
        elif mark in (b"}", b"]"):
            stack.pop()
            yield from _closed(stack, token.end())
        elif stack and not stack[-1].array and stack[-1].name is None:
            stack[-1].name = json.loads(mark)
            stack[-1].start = token.start()
        else:
            if stack:
                stack[-1].value = token.start()
            if mark in (b"{", b"["):
                stack.append(_Open(mark == b"["))
            else:
                yield from _closed(stack, token.end())


def elements(text: bytes) -> Iterator[bytes]:
    """The elements of an array, each as it is written."""
    depth, start = 0, -1
    for token in _TOKEN.finditer(text):
        mark = token[0]
        closes = mark in (b"}", b"]")
        if depth == 1 and (mark == b"," or closes):
            if start >= 0:
                yield text[start : token.start()].rstrip()
            start = -1
        elif depth == 1 and start < 0:
            start = token.start()
        depth += (mark in (b"{", b"[")) - closes


def _next(container: _Open) -> None:
    container.index += 1
    container.name = None


def _closed(stack: list[_Open], end: int) -> Iterator[Member]:
    """The member whose value has just ended, if the value was a member's."""
    if stack and not stack[-1].array:
        here = stack[-1]
        assert here.name is not None
        path = tuple(c.index if c.array else c.name or "" for c in stack[:-1])
        yield Member(path, here.name, here.start, here.value, end)
