"""Everything an operation selects, with what in config and schema speaks for it.

``rules`` needs one example of each to decide; here is all of it, for people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from controller.core.hint_rules import met_hints
from controller.core.operation import Operation, Refusal
from controller.core.reach import Reached, reach
from controller.core.schema import SchemaIndex

HINT: Final = "@cacheControl"


@dataclass(frozen=True, slots=True)
class Cause:
    """``source`` is ``rules[n]``, ``HINT`` or ``nonCacheable``; ``entry`` the type or
    ``Type.field`` that it names. ``max_age`` and ``swr`` are seconds, None where nothing is said.
    """

    source: str
    entry: str
    max_age: int | None = None
    swr: int | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class RuledField:
    """A selected field and what names it."""

    name: str
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class RuledType:
    """A selected type, object or abstract, what names it as a whole, and the fields that are
    selected on it. Fields of an abstract type stand with the object types it can be.
    """

    name: str
    causes: tuple[Cause, ...]
    fields: tuple[RuledField, ...]


def ruled_types(index: SchemaIndex, operation: Operation) -> tuple[RuledType, ...] | Refusal:
    """The types and fields of a valid operation: its root first, the others by name."""
    reached = reach(index, operation)
    if isinstance(reached, Refusal):
        return reached
    hints = _hints(index, reached)
    fields: dict[str, list[str]] = {}
    for field, sets in sorted(reached.fields.items()):
        for name in frozenset().union(*sets):
            fields.setdefault(name, []).append(field)
    root = index.schema.get_root_type(operation.type)
    assert root is not None
    return tuple(
        RuledType(
            name,
            (*_entries(index, reached, name, None), *hints.get(name, ())),
            tuple(
                RuledField(
                    field,
                    (
                        *_entries(index, reached, name, field),
                        *hints.get(f"{name}.{field}", ()),
                    ),
                )
                for field in fields.get(name, ())
            ),
        )
        for name in sorted(
            reached.types | reached.static, key=lambda name: (name != root.name, name)
        )
    )


def _hints(index: SchemaIndex, reached: Reached) -> dict[str, list[Cause]]:
    """Those that count, by coordinate: a scope that is not PRIVATE says nothing without an age."""
    found: dict[str, list[Cause]] = {}
    for met in met_hints(index, reached):
        hint = met.hint
        if hint.max_age is not None or hint.scope == "PRIVATE":
            cause = Cause(HINT, met.entry, hint.max_age, None, hint.scope)
            found.setdefault(met.coordinate, []).append(cause)
    return found


def _entries(
    index: SchemaIndex, reached: Reached, type_name: str, field: str | None
) -> Iterator[Cause]:
    """The entries of ``rules`` and ``nonCacheable`` that mean this type, or this field of it."""
    for rule in index.policy.rules:
        for named, fields in rule.types.items():
            if not _means(index, reached, named, type_name, whole=field is None):
                continue
            if fields is None if field is None else field in (fields or ()):
                entry = named if field is None else f"{named}.{field}"
                source = f"rules[{rule.index}]"
                yield Cause(source, entry, rule.max_age, rule.swr, rule.scope)
    for entry in sorted(index.policy.non_cacheable):
        named, _, of_field = entry.partition(".")
        means = _means(index, reached, named, type_name, whole=field is None)
        if means and of_field == (field or ""):
            yield Cause("nonCacheable", entry)


def _means(
    index: SchemaIndex, reached: Reached, named: str, type_name: str, *, whole: bool
) -> bool:
    """Whether an entry's type is this one, or an abstract type of which this one counts."""
    if whole and named == type_name:
        return type_name in reached.static or type_name in reached.types
    return type_name in reached.types and type_name in index.possible_names(named)
