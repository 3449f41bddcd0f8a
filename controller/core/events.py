"""What changed at the origin without a mutation through here, as others tell it.

docs/invalidation.md has the forms. A body is one event or a list of them. An event names entities,
types and lists; or is one entity; or a changed row, as Hasura's event triggers, Supabase's webhooks
and a Postgres trigger send it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from controller.core.lexemes import Json

Leaf = str
_NAMING: Final = frozenset({"entities", "types", "lists", "soft"})
_TYPE: Final = ("type", "__typename")


class BadEvent(ValueError):
    """It is no event; the message says what is wrong and what to send."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity by some of its key fields, or with several values each several of them."""

    type: str
    keys: Mapping[str, tuple[Leaf, ...]]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table before and after a change. ``moved``: lists may have got it or lost it."""

    table: str
    columns: tuple[Mapping[str, Json], ...]
    moved: bool


@dataclass(frozen=True, slots=True)
class Event:
    """What one event tells. ``lists`` are types whose lists have changed."""

    entities: tuple[Entity, ...] = ()
    types: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    soft: bool = False


def read_events(value: Json) -> list[Event]:
    """The events of a body.

    Raises:
        BadEvent: something in it is none, so that nothing of it counts.
    """
    events = value if isinstance(value, list) else [value]
    if not events:
        raise BadEvent("there is no event in it")
    return [_event(event) for event in events]


def _event(value: Json) -> Event:
    if not isinstance(value, dict):
        raise BadEvent("an event is an object")
    if "table" in value:
        return Event(rows=(_row(value),), soft=_soft(value))
    if any(name in value for name in _TYPE):
        return Event(entities=(_entity(value, {"soft"}),), soft=_soft(value))
    unknown = sorted(value.keys() - _NAMING)
    if unknown:
        raise BadEvent(f"{unknown[0]!r} is not known: send entities, types, lists and soft")
    event = Event(
        entities=tuple(_entity(entity, set()) for entity in _list(value, "entities")),
        types=tuple(_name(name, "types") for name in _list(value, "types")),
        lists=tuple(_name(name, "lists") for name in _list(value, "lists")),
        soft=_soft(value),
    )
    if not (event.entities or event.types or event.lists):
        raise BadEvent("it names nothing: send entities, types or lists")
    return event


def _list(event: Mapping[str, Json], name: str) -> list[Json]:
    found = event.get(name, [])
    if found is None or not isinstance(found, list):
        raise BadEvent(f"{name} is a list")
    return found


def _name(value: Json, where: str) -> str:
    if not isinstance(value, str):
        raise BadEvent(f"{where} holds names of types")
    return value


def _soft(event: Mapping[str, Json]) -> bool:
    soft = event.get("soft", False)
    if not isinstance(soft, bool):
        raise BadEvent("soft is true or false")
    return soft


def _entity(value: Json, others: set[str]) -> Entity:
    if not isinstance(value, dict):
        raise BadEvent('an entity is an object, like {"type": "Post", "id": "5"}')
    names = [name for name in _TYPE if name in value]
    if not names or not isinstance(value[names[0]], str):
        raise BadEvent('an entity needs its type, like {"type": "Post", "id": "5"}')
    keys = {
        name: tuple(_leaves(name, found))
        for name, found in value.items()
        if name not in _TYPE and name not in others
    }
    if not keys:
        raise BadEvent(f"an entity of {value[names[0]]} needs a key; a whole type stands in types")
    return Entity(str(value[names[0]]), keys)


def _leaves(name: str, value: Json) -> Iterator[Leaf]:
    for found in value if isinstance(value, list) else [value]:
        leaf = text_of(found)
        if leaf is None:
            raise BadEvent(f"{name} is a text or a number, or a list of them")
        yield leaf


def text_of(value: Json) -> Leaf | None:
    """A leaf as it stands in tags; None for null and for what is no leaf."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, list | dict):
        return None
    return str(value)


def _row(value: Mapping[str, Json]) -> Row:
    """Hasura: ``event.op`` and ``event.data.old``; Supabase: ``type`` and ``old_record``."""
    table = value["table"]
    name = table.get("name") if isinstance(table, dict) else table
    if not isinstance(name, str) or not name:
        raise BadEvent("table is a name, or an object with one")
    inner = value.get("event")
    event = inner if isinstance(inner, dict) else value
    data = event.get("data")
    found = data if isinstance(data, dict) else value
    columns = [
        row
        for member in ("old", "old_record", "new", "record")
        if isinstance(row := found.get(member), dict)
    ]
    if not columns:
        raise BadEvent(f"no row of {name} is in it: send old or new")
    op = event.get("op", value.get("op", value.get("type")))
    # Of an operation that is not known the row may be new.
    moved = not (isinstance(op, str) and op.upper() in ("UPDATE", "MANUAL"))
    return Row(name.rpartition(".")[2], tuple(columns), moved)
