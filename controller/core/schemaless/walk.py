"""One pass over an answer's data, by the type names in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.core.policy import Key
from controller.core.schemaless.layout import FreeLayout, Kind, Position
from controller.core.walk import Seen, leaf

Object = Mapping[str, object]


@dataclass(slots=True)
class FreeSeen(Seen):
    """What an answer is made of. ``nulls`` and ``null_keys`` stay empty: no null tells its type.

    ``fields`` are the names of the fields selected of each type, ``shown`` those of them that it
    certainly has; a type of which nothing is selected but type names is there too. ``without`` are
    the keys that some object of a type does not show; ``unidentified`` the types of which some
    object shows none. ``mixed``: a list could hold objects of further types.
    ``untyped``: some object did not say its type. ``unknown``: that, or something could stand where
    a null or an empty list is; ``hidden`` are the names of the fields selected of it.
    """

    fields: dict[str, set[str]] = field(default_factory=dict)
    shown: dict[str, set[str]] = field(default_factory=dict)
    without: set[tuple[str, Key]] = field(default_factory=set)
    mixed: bool = False
    untyped: bool = False
    unknown: bool = False
    hidden: set[str] = field(default_factory=set)


def walk_freely(layout: FreeLayout, data: object, at: Position | None = None) -> FreeSeen:
    """What ``data`` holds, read as the value of ``at`` (by default the whole operation)."""
    seen = FreeSeen()
    if layout.opaque:
        seen.unexpected = True
        return seen
    groups: dict[Kind, list[Object]] = {}
    listed: dict[Position, set[str]] = {}
    hiding: set[Position] = set()
    stack: list[tuple[Position, object, bool]] = [(at or layout.root, data, False)]
    while stack:
        position, value, in_list = stack.pop()
        if isinstance(value, dict):
            seen.injected += sum(alias in value for alias in layout.aliases)
            try:
                kind = position.kind_of(value)
            except LookupError:
                seen.unexpected = True
                continue
            groups.setdefault(kind, []).append(value)
            if kind.name is None and position is not layout.root:
                seen.untyped = True
                hiding.add(position)
            elif kind.name is not None and in_list:
                listed.setdefault(position, set()).add(kind.name)
            stack += [(child, value[key], in_list) for key, child in kind.children if key in value]
        elif isinstance(value, list) and value:
            stack += [(position, item, True) for item in value]
        elif value is None or isinstance(value, list):
            hiding.add(position)
        else:
            seen.unexpected = True
    for kind, values in groups.items():
        if kind.name is None:
            continue
        _rule(seen, kind.name, kind, values)
        if kind is not layout.root.kind(kind.name):
            _meet(seen, kind.name, kind, values)
    seen.lists.update(*listed.values())
    seen.mixed = any(position.can_hold_more(names) for position, names in listed.items())
    seen.unknown = bool(hiding)
    seen.hidden.update(*(position.below().fields for position in hiding))
    return seen


def _rule(seen: FreeSeen, name: str, kind: Kind, values: list[Object]) -> None:
    """What rules can be about."""
    seen.fields.setdefault(name, set()).update(kind.fields)
    shown = {field for key, field in kind.unsure if any(key in value for value in values)}
    if kind.sure or shown or kind.bare:
        seen.shown.setdefault(name, set()).update(kind.sure | shown)


def _meet(seen: FreeSeen, name: str, kind: Kind, values: list[Object]) -> None:
    seen.types.add(name)
    for value in values:
        shown = False
        for key, columns in kind.keys:
            found = [_column(seen, value, places) for places in columns]
            texts = tuple(text for text, _ in found if text is not None)
            if len(texts) == len(key):
                shown = True
                seen.entities[name, key].add(texts)
            if len(texts) < len(key) or not all(sure for _, sure in found):
                seen.without.add((name, key))
        if kind.keys and not shown:
            seen.unidentified.add(name)


def _column(
    seen: FreeSeen, value: Object, places: tuple[tuple[str, bool], ...]
) -> tuple[str | None, bool]:
    """The value of one field of a key, and whether it certainly is that field's."""
    for key, sure in places:
        text = leaf(seen, value.get(key))
        if text is not None:
            return text, sure
    return None, True
