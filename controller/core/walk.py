"""One pass over an answer's data: which types, entities, lists and nulls it is made of.

Iterative, since an origin's answer nests as deep as it likes. Key values are strings whatever
their GraphQL type, so ``5``, ``"5"`` and an enum meet.
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from controller.core.layout import Kind, Layout, Position
from controller.core.policy import Key
from controller.core.shape import Selected

MAX_GUESSES: Final = 32
"""An object that does not say its type is taken for each possible one, up to this many."""

Object = Mapping[str, object]

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
        return {name for (name, _), found in self.entities.items() if found} | self.unidentified


def parse_answer(body: bytes) -> object:
    """The JSON value of ``body``. ValueError (RecursionError within): not UTF-8 JSON, or too deep.

    orjson refuses lone surrogates and numbers like 1e400, which an origin may well send, and a byte
    order mark, which a parser may ignore (RFC 8259, section 8.1).
    """
    try:
        return orjson.loads(body.removeprefix(BOM_UTF8))
    except orjson.JSONDecodeError:
        return parse_exactly(body)


def parse_exactly(body: bytes) -> object:
    """The same with every number as the string of its own characters."""
    try:
        text = body.removeprefix(BOM_UTF8).decode()
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def walk(layout: Layout, data: object, at: Position | None = None) -> Seen:
    """What ``data`` holds, read as the value of ``at`` (by default the whole operation)."""
    if layout.opaque:
        return Seen(unexpected=True)
    seen = Seen()
    groups: dict[Kind, list[Object]] = {}
    objects: list[Object] = []
    nulls: set[Position] = set()
    lists: set[Position] = set()
    guessed: set[tuple[Position, int]] = set()
    stack: list[tuple[Position, object]] = [(at or layout.root, data)]
    while stack:
        position, value = stack.pop()
        if position.list_types:
            lists.add(position)
        if value is None:
            nulls.add(position)
        elif isinstance(value, list):
            stack.extend([(position, item) for item in value])
        elif isinstance(value, dict):
            objects.append(value)
            try:
                kind = position.only or position.kind_of(value)
            except LookupError:
                seen.unexpected = True
                continue
            if kind is None:
                stack += _guess(groups, position, value, guessed)
                continue
            if kind in groups:
                groups[kind].append(value)
            else:
                groups[kind] = [value]
            for key, child in kind.children:
                if key in value:
                    stack.append((child, value[key]))
        else:
            seen.unexpected = True
    for alias in layout.aliases:
        seen.injected += sum([alias in value for value in objects])
    for kind, values in groups.items():
        _meet(seen, kind, values)
    seen.nulls.update(*(position.null_types for position in nulls))
    seen.lists.update(*(position.list_types for position in lists))
    return seen


def _guess(
    groups: dict[Kind, list[Object]],
    position: Position,
    value: Object,
    guessed: set[tuple[Position, int]],
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
        groups.setdefault(kind, []).append(value if number < MAX_GUESSES else {})
        children.update(dict.fromkeys(kind.children))
    return [(child, value[key]) for key, child in children if key in value]


def _meet(seen: Seen, kind: Kind, values: list[Object]) -> None:
    if kind.tagged:
        seen.types.add(kind.name)
    seen.lists.update(kind.list_types)
    seen.root_fields.update(kind.root_fields)
    if len(kind.keys) == 1 and len(kind.keys[0][1]) == 1:
        _identify_simply(seen, kind, values)
    elif kind.keys:
        for value in values:
            _identify(seen, kind, value)


def _identify_simply(seen: Seen, kind: Kind, values: list[Object]) -> None:
    """``_identify`` for the usual case: one key of one field, of which absent and null are one."""
    key, (names,) = kind.keys[0]
    found = seen.entities[kind.name, key]
    for value in values:
        text = None
        for name in names:
            text = leaf(seen, value.get(name))
            if text is not None:
                found.add((text,))
                break
        if text is None:
            seen.unidentified.add(kind.name)


def _identify(seen: Seen, kind: Kind, value: Object) -> None:
    """Each alternative key gives an entity.

    A key that is absent could be any: unidentified. One that is null names nothing, which is fine
    as long as another key has a value.
    """
    absent = empty = named = False
    for key, columns in kind.keys:
        found = [_column(seen, value, names) for names in columns]
        if _ABSENT in found:
            absent = True
        elif None in found:
            empty = True
        else:
            named = True
            seen.entities[kind.name, key].add(tuple(map(str, found)))
    if absent or not named:
        seen.unidentified.add(kind.name)
    elif empty:
        seen.null_keys.add(kind.name)


def _column(seen: Seen, value: Object, names: tuple[str, ...]) -> object:
    """The value of one field of a key, None if it is null, ``_ABSENT`` if it is not there."""
    for name in names:
        if name in value:
            found = value[name]
            text = leaf(seen, found)
            return _ABSENT if text is None and found is not None else text
    return _ABSENT


def leaf(seen: Seen, value: object) -> str | None:
    """A key's value as a string; None for null and for what is no leaf."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, list | dict):
        return None
    if isinstance(value, float):
        seen.inexact = True
    return json.dumps(value)


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")
