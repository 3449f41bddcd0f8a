"""A mutation's answer that comes in parts: what each part tells of what was changed.

Three forms are read: ``incremental`` with a ``path`` each (Apollo's ``deferSpec=20220824``), with
``pending`` ids (the specification's working draft), and a part that is itself one increment (before
2022). Invariant 5: what is not understood counts as everything the mutation could touch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.core.instrument_source import SourceInstrumented
from controller.core.mutation import Later, NotExecuted, Outcome, Unknown
from controller.core.mutation_answer import MutationAnswer
from controller.core.walk import parse_exactly

Path = list[Any]
ReadWhole = Callable[[bytes], MutationAnswer]
"""Reads an answer that is no part, to the document that was sent."""


class NotUnderstood(ValueError):
    """A part that is in none of the known forms, or does not fit those before it."""


@dataclass(frozen=True, slots=True)
class PartRead:
    """``body`` goes to the client. ``outcomes`` are to be purged before; none: it tells nothing."""

    body: bytes
    outcomes: tuple[Outcome, ...]


class PartsReader:
    """Reads the payloads of one answer in their order.

    ``complete``: all that was announced has come. Otherwise the end of the body is an outcome that
    is not known.
    """

    def __init__(self, sent: SourceInstrumented[Any], read_whole: ReadWhole) -> None:
        self.complete = False
        self._open = False
        self._sent = sent
        self._read_whole = read_whole
        self._data: dict[str, Any] | None = None
        self._pending: dict[str, Path] = {}

    def read(self, payload: bytes) -> PartRead:
        """One payload. Never raises for anything that an origin can send."""
        try:
            members = parse_exactly(payload)
        except ValueError:
            return self._unread(payload)
        if not isinstance(members, dict):
            return self._unread(payload)
        more = members.get("hasNext") is True
        if members.keys() <= {"hasNext", "extensions"}:
            self.complete = self.complete or members.get("hasNext") is False
            return PartRead(payload, ())
        self._open = self._open or more
        self.complete = not self._open or members.get("hasNext") is False
        if "incremental" not in members and "path" not in members and "completed" not in members:
            return self._result(payload, members, more)
        try:
            outcomes = self._increments(members)
        except NotUnderstood:
            outcomes = (Unknown(),)
        return PartRead(self._clean(payload), outcomes)

    def _unread(self, payload: bytes) -> PartRead:
        return PartRead(self._clean(payload), (Unknown(),))

    def _clean(self, payload: bytes) -> bytes:
        """Only a first part can hold injected members; should another one, they go by name."""
        if self._sent.prefix.encode() not in payload:
            return payload
        return self._read_whole(payload).body

    def _result(self, payload: bytes, members: dict[str, Any], more: bool) -> PartRead:
        """A whole answer, or the first part of one: then what is deferred may be written too."""
        read = self._read_whole(payload)
        outcome = read.outcome
        if more and not isinstance(outcome, NotExecuted):
            data = members.get("data")
            self._data = data if isinstance(data, dict) else None
            outcome = Unknown(self._data)
            self._announce(members)
        return PartRead(read.body, (outcome,))

    def _announce(self, members: Mapping[str, Any]) -> None:
        for each in _dicts(members.get("pending")):
            path = each.get("path")
            if isinstance(path, list):
                self._pending[str(each.get("id"))] = path

    def _increments(self, members: dict[str, Any]) -> tuple[Outcome, ...]:
        increments = _dicts(members.get("incremental"))
        if "path" in members:
            increments.append(members)
        self._announce(members)
        outcomes: list[Outcome] = [self._increment(each) for each in increments]
        # What failed was deferred, and may have been written before it failed.
        if any(each.get("errors") for each in (*increments, *_dicts(members.get("completed")))):
            outcomes.append(Unknown())
        return tuple(outcomes)

    def _increment(self, increment: Mapping[str, Any]) -> Outcome:
        path = increment.get("path")
        if path is None:
            base = self._pending.get(str(increment.get("id")))
            below = increment.get("subPath") or []
            path = [*base, *below] if base is not None and isinstance(below, list) else None
        if not isinstance(path, list):
            raise NotUnderstood("an increment without a place")
        data, items = increment.get("data"), increment.get("items")
        if isinstance(items, list):
            return self._items(path, items)
        if isinstance(data, dict):
            return self._object(path, data)
        return Unknown()

    def _object(self, path: Path, data: dict[str, Any]) -> Outcome:
        target = self._chain(path)[-1]
        if not isinstance(target, dict):
            raise NotUnderstood("an object where none is")
        merge(target, data)
        return Later(self._alone(path, {**_leaves(target), **{key: target[key] for key in data}}))

    def _items(self, path: Path, items: list[Any]) -> Outcome:
        """By the older form the path ends with the first item's place, else at the list."""
        if path and isinstance(self._chain(path[:-1])[-1], list):
            path = path[:-1]
        target = self._chain(path)[-1]
        if not isinstance(target, list):
            raise NotUnderstood("items where no list is")
        target += items
        return Later(self._alone(path, items))

    def _chain(self, path: Path) -> list[Any]:
        """What stands on the way to a place, the place itself last."""
        chain: list[Any] = [self._data]
        for step in path:
            chain.append(_step(chain[-1], step))
        return chain

    def _alone(self, path: Path, value: object) -> dict[str, Any]:
        """``data`` with this place alone: around it stand its ancestors with their leaves."""
        above = reversed(self._chain(path)[:-1])
        for ancestor, step in zip(above, reversed(path), strict=True):
            value = {**_leaves(ancestor), step: value} if isinstance(ancestor, dict) else [value]
        if not isinstance(value, dict):
            raise NotUnderstood("the data is no object")
        return value


def merge(target: dict[str, Any], source: Mapping[str, Any]) -> None:
    """Put what came later into what was there, member by member."""
    stack: list[tuple[dict[str, Any], Mapping[str, Any]]] = [(target, source)]
    while stack:
        here, more = stack.pop()
        for name, value in more.items():
            old = here.get(name)
            if isinstance(old, dict) and isinstance(value, dict):
                stack.append((old, value))
            elif isinstance(old, list) and isinstance(value, list) and len(old) == len(value):
                for at, (was, now) in enumerate(zip(old, value, strict=True)):
                    if isinstance(was, dict) and isinstance(now, dict):
                        stack.append((was, now))
                    else:
                        old[at] = now
            else:
                here[name] = value


def _step(here: object, step: object) -> object:
    """One step of a path. Places in lists are texts too: no number was parsed as one."""
    if isinstance(here, dict) and isinstance(step, str) and step in here:
        return here[step]
    if isinstance(here, list) and isinstance(step, str) and step.isdecimal():
        place = int(step)
        return here[place] if place < len(here) else None
    raise NotUnderstood(f"{step!r} is nowhere")


def _leaves(ancestor: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in ancestor.items() if not isinstance(v, dict | list) and v is not None}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
