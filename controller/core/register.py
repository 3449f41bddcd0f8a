"""What was given to a Varnish to store: xkey can purge by a tag, but not count by one.

It holds what the controller knows, so it can name too much (Varnish drops what is least used when
its memory is full) and, where ``complete`` says so, too little.
"""

from __future__ import annotations

import sys
from collections import OrderedDict, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from math import inf
from typing import Final

from controller.core.tags import Tag

SWEEP_SECONDS: Final = 10.0
"""At most so often everything is looked through for what has expired."""
CLEARED_AT_ONCE: Final = 8
"""More than one, or what is gone would never become less."""


@dataclass(frozen=True, slots=True)
class Again:
    """How to ask for an object once more, as anybody: a query string, and the keyed headers."""

    query_string: str
    headers: tuple[tuple[str, str], ...]

    @property
    def length(self) -> int:
        """Characters."""
        return len(self.query_string) + sum(len(name) + len(value) for name, value in self.headers)


@dataclass(frozen=True, slots=True)
class Stored:
    """An object. ``name`` is of its key, so that a newer one takes its place; ``until`` it may be
    served, at last stale for ``swr`` seconds. ``again`` is None where a user's request is needed.
    """

    name: bytes
    tags: tuple[Tag, ...]
    until: float
    swr: float
    again: Again | None = None


class Register:
    """The objects of one Varnish, with at most ``most_tags`` tags and ``most_text`` characters of
    ``Again`` in all. Times are seconds of any clock that does not run backwards.

    Before ``flushed`` was called once, the Varnish may hold what nobody here knows of. A purge can
    touch a hundred thousand objects, and others wait for this process meanwhile: so what is gone
    leaves the index of tags little by little, with each ``add``.
    """

    def __init__(self, *, most_tags: int, most_text: int) -> None:
        self._most_tags = most_tags
        self._most_text = most_text
        self._tags = self._text = self._added = 0
        # By number, oldest first; a newer answer to the same question has another number.
        self._objects: dict[int, Stored] = {}
        self._numbers: dict[bytes, int] = {}
        self._by_tag: dict[Tag, set[int]] = {}
        self._gone: deque[tuple[int, tuple[Tag, ...]]] = deque()
        self._unknown_until = inf
        self._swept = -inf

    def add(self, stored: Stored, now: float) -> None:
        """This is given to Varnish now, in the place of what has the same name.

        Where there is no room the oldest is forgotten.
        """
        before = self._numbers.get(stored.name)
        if before is not None:
            self._forget(before)
        if stored.again is not None and self._text + stored.again.length > self._most_text:
            stored = replace(stored, again=None)
        tags = tuple(map(sys.intern, stored.tags))
        self._added += 1
        self._objects[self._added] = replace(stored, tags=tags)
        self._numbers[stored.name] = self._added
        self._text += stored.again.length if stored.again else 0
        self._tags += len(tags)
        for tag in tags:
            self._by_tag.setdefault(tag, set()).add(self._added)
        self._clear_away(CLEARED_AT_ONCE)
        if self._tags > self._most_tags:
            self._make_room(now)

    def touching(self, tags: Iterable[Tag] | None, now: float) -> list[Stored]:
        """The objects with one of ``tags``, None for all."""
        return [self._objects[number] for number in self._touching(tags, now)]

    def complete(self, now: float) -> bool:
        """Whether Varnish can hold nothing that is not here."""
        return now >= self._unknown_until

    def purged(self, tags: Iterable[Tag] | None, now: float, *, soft: bool) -> int:
        """A purge of ``tags``, None for all, was applied; returns how many objects it touched."""
        touched = self._touching(tags, now)
        for number in touched:
            if soft:
                stored = self._objects[number]
                until = min(stored.until, now + stored.swr)
                self._objects[number] = replace(stored, until=until)
            else:
                self._forget(number)
        return len(touched)

    def flushed(self) -> None:
        """The Varnish was emptied."""
        for held in (self._objects, self._numbers, self._by_tag, self._gone):
            held.clear()
        self._tags = self._text = 0
        self._unknown_until = -inf

    def _touching(self, tags: Iterable[Tag] | None, now: float) -> list[int]:
        """Their numbers. Those that have expired are forgotten."""
        objects = self._objects
        found: Iterable[int] = list(objects)
        if tags is not None:
            found = set[int]().union(*(self._by_tag.get(tag, ()) for tag in tags))
        left = []
        for number in found:
            stored = objects.get(number)
            if stored is None:
                continue
            if stored.until > now:
                left.append(number)
            else:
                self._forget(number)
        return left

    def _forget(self, number: int) -> None:
        stored = self._objects.pop(number)
        del self._numbers[stored.name]
        self._text -= stored.again.length if stored.again else 0
        self._gone.append((number, stored.tags))

    def _clear_away(self, most: int) -> None:
        """Take what is gone out of the index of tags."""
        for _ in range(min(most, len(self._gone))):
            number, tags = self._gone.popleft()
            self._tags -= len(tags)
            for tag in tags:
                numbers = self._by_tag[tag]
                numbers.discard(number)
                if not numbers:
                    del self._by_tag[tag]

    def _make_room(self, now: float) -> None:
        if not self._gone and now - self._swept > SWEEP_SECONDS:
            self._swept = now
            self._touching(None, now)
        while self._tags > self._most_tags and len(self._objects) > 1:
            if not self._gone:
                number, oldest = next(iter(self._objects.items()))
                self._unknown_until = max(self._unknown_until, oldest.until)
                self._forget(number)
            self._clear_away(1)


class Fetches:
    """How often each name was fetched, for at most ``most`` names, those fetched latest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: OrderedDict[bytes, int] = OrderedDict()

    def add(self, name: bytes) -> None:
        """It was fetched once more."""
        self._counts[name] = self._counts.get(name, 0) + 1
        self._counts.move_to_end(name)
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)

    def hottest(self, objects: Collection[Stored], most: int) -> list[Stored]:
        """Of these at most so many that can be fetched again: those fetched most often first, of
        equals those that are good for longest.
        """
        able = [stored for stored in objects if stored.again is not None]
        able.sort(key=lambda each: (self._counts.get(each.name, 0), each.until), reverse=True)
        return able[:most]
