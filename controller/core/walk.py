"""One pass over an answer's data: which types, entities, lists and nulls it is made of.

Iterative, since an origin's answer nests as deep as it likes. Key values are strings whatever
their GraphQL type, so ``5``, ``"5"`` and an enum meet.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from controller.core.layout import Columns, Kind, Layout, Position
from controller.core.policy import Key
from controller.core.shape import Selected

MAX_GUESSES: Final = 32
"""An object that does not say its type is taken for each possible one, up to this many."""

_ABSENT: Final = object()


@dataclass(slots=True)
class Seen:
    """What an answer is made of.

    ``entities`` holds key values per type name and key. ``unidentified`` types are keyed but the
    key was missing; ``null_keys`` had a null in one key and a value in another. ``lists`` and
    ``nulls`` are type names. ``root_fields`` are the selected fields of the query root.
    ``injected`` counts injected members. ``inexact``: a key value is a number that was parsed to a
    float. ``unexpected``: the data does not fit the schema, so nothing is certain.
    """

    types: set[str] = field(default_factory=set)
    entities: dict[tuple[str, Key], set[tuple[str, ...]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    unidentified: set[str] = field(default_factory=set)
    null_keys: set[str] = field(default_factory=set)
    lists: set[str] = field(default_factory=set)
    nulls: set[str] = field(default_factory=set)
    root_fields: set[Selected] = field(default_factory=set)
    injected: int = 0
    inexact: bool = False
    unexpected: bool = False

    @property
    def keyed(self) -> set[str]:
        """The types of which an entity was met, with its key or without."""
        return {name for name, _ in self.entities} | self.unidentified


def parse_answer(body: bytes) -> object:
    """The JSON value of ``body``. ValueError (RecursionError within): not UTF-8 JSON, or too deep.

    orjson refuses lone surrogates and numbers like 1e400, which an origin may well send.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return parse_exactly(body)


def parse_exactly(body: bytes) -> object:
    """The same with every number as the string of its own characters."""
    try:
        text = body.decode()
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def walk(layout: Layout, data: object, at: Position | None = None) -> Seen:
    """What ``data`` holds, read as the value of ``at`` (by default the whole operation)."""
    seen = Seen()
    nulls: set[Position] = set()
    lists: set[Position] = set()
    stack: list[tuple[Position, object]] = [(at or layout.root, data)]
    guessed: set[tuple[Position, int]] = set()
    while stack:
        position, value = stack.pop()
        if position.list_types:
            lists.add(position)
        if value is None:
            nulls.add(position)
        elif isinstance(value, list):
            stack.extend([(position, item) for item in value])
        elif isinstance(value, dict):
            for alias in layout.aliases:
                if alias in value:
                    seen.injected += 1
            try:
                kind = position.only or position.kind_of(value)
            except LookupError:
                seen.unexpected = True
                continue
            if kind is not None:
                _meet(seen, kind, value)
                for key, child in kind.children:
                    item = value.get(key, _ABSENT)
                    if item is not _ABSENT:
                        stack.append((child, item))
            else:
                stack += _guess(seen, position, value, guessed)
        else:
            seen.unexpected = True
    seen.nulls.update(*(position.null_types for position in nulls))
    seen.lists.update(*(position.list_types for position in lists))
    return seen


def _meet(seen: Seen, kind: Kind, value: Mapping[str, object]) -> None:
    if kind.tagged:
        seen.types.add(kind.name)
    if kind.keys:
        _identify(seen, kind, value)
    if kind.root_fields:
        seen.root_fields.update(kind.root_fields)


def _identify(seen: Seen, kind: Kind, value: Mapping[str, object]) -> None:
    """Each alternative key gives an entity.

    A key that is absent could be any: unidentified. One that is null names nothing, which is fine
    as long as another key has a value.
    """
    absent = empty = named = False
    for key, columns in kind.keys:
        found = _values(seen, value, columns)
        if found is None:
            absent = True
        elif len(found) < len(key):
            empty = True
        else:
            named = True
            seen.entities[kind.name, key].add(found)
    if absent or not named:
        seen.unidentified.add(kind.name)
    elif empty:
        seen.null_keys.add(kind.name)


def _values(seen: Seen, value: Mapping[str, object], columns: Columns) -> tuple[str, ...] | None:
    """The values of one key, too few if one is null; None if one is absent."""
    values = []
    for names in columns:
        found: object = _ABSENT
        for name in names:
            if name in value:
                found = value[name]
                break
        if isinstance(found, str):
            values.append(found)
        elif isinstance(found, float):
            seen.inexact = True
            values.append(repr(found))
        elif isinstance(found, int):
            values.append(json.dumps(found))
        elif found is not None:
            return None
    return tuple(values)


def _guess(
    seen: Seen, position: Position, value: Mapping[str, object], guessed: set[tuple[Position, int]]
) -> list[tuple[Position, object]]:
    """An object of unknown type counts as one of each possible type.

    The same object can be reached through several guesses, hence ``guessed``.
    """
    if (position, id(value)) in guessed:
        return []
    guessed.add((position, id(value)))
    children: dict[tuple[str, Position], None] = {}
    for number, name in enumerate(sorted(position.possible)):
        kind = position.kind(name)
        _meet(seen, kind, value if number < MAX_GUESSES else {})
        children.update(dict.fromkeys(kind.children))
    return [(child, value[key]) for key, child in children if key in value]


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")
