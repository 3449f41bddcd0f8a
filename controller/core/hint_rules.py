"""The hints of a schema (``@cacheControl``) that an operation meets.

Apollo's rules as far as they fit "the shortest counts": a field's hint comes before that of the
type it returns, each for what it says (age, scope). Of an abstract type the members that count
speak too. Only what is said counts: Apollo's default of 0 for root fields and for fields that
return objects would make nothing cacheable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphql.type import get_named_type, is_composite_type

from controller.core.hints import Hint
from controller.core.reach import Reached
from controller.core.schema import SchemaIndex


@dataclass(frozen=True, slots=True)
class MetHint:
    """``entry`` is the type or ``Type.field`` that bears the hint, ``coordinate`` what of the
    operation meets it.
    """

    entry: str
    coordinate: str
    hint: Hint


def met_hints(index: SchemaIndex, reached: Reached) -> Iterator[MetHint]:
    """Every hint that counts for an operation: the root's, then by field and type."""
    hints = index.hints
    if not hints:
        return
    for name in sorted(reached.static):
        if index.is_root(name) and name in hints.types:
            yield MetHint(name, name, hints.types[name])
    for field, sets in sorted(reached.fields.items()):
        for name in sorted(frozenset().union(*sets)):
            coordinate = f"{name}.{field}"
            own = hints.fields.get(coordinate, Hint())
            # A leaf has no type that could say anything.
            for type_name in _returned(index, reached, name, field) or [""]:
                of_type = hints.types.get(type_name, Hint())
                both = Hint(
                    of_type.max_age if own.max_age is None else own.max_age,
                    of_type.scope if own.scope is None else own.scope,
                )
                if both != Hint():
                    entry = coordinate if own != Hint() else type_name
                    yield MetHint(entry, coordinate, both)


def _returned(index: SchemaIndex, reached: Reached, name: str, field: str) -> list[str]:
    """The composite type of a field, and of an abstract one the members that count."""
    definition = getattr(index.named(name), "fields", {}).get(field)
    type_ = get_named_type(definition.type) if definition is not None else None
    if not is_composite_type(type_):
        return []
    return sorted({type_.name, *(index.possible_names(type_.name) & reached.types)})
