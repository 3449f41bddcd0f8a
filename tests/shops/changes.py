"""What the mutations of a random shop do, and what they answer."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from tests.shops.data import Data, Part, Ref, Root
from tests.shops.plan import Does, Field, Kind, MutationField, Shape, lower

_MESSAGE = Field("message", "String", Kind.PAYLOAD)


class Refused(Exception):
    """The mutation fails, perhaps after it has written."""


def mutate(data: Data, mutation: MutationField, given: Mapping[str, Any]) -> Any:
    """Carry out one mutation field and return what it resolves to.

    Raises:
        Refused: nothing was written, or (``fail: true``) all of it was.
    """
    about = data.found(mutation.about, given[lower(mutation.about)])
    other = data.found(mutation.other, given[f"other{mutation.other}"])
    if mutation.does is Does.CREATE:
        about = data.new(mutation.about, random.Random(str(given)))
        data.stored[about]["title"] = given["title"]
    elif about is not None:
        _change(data, mutation, about, other, given["title"])
    if given.get("fail"):
        raise Refused("failed after it was done")
    return _answer(mutation, about, other)


def about(mutation: MutationField, given: Mapping[str, Any]) -> tuple[Ref, Ref]:
    """The entities that the arguments name, whether there are any such or not."""
    return (
        Ref(mutation.about, int(given[lower(mutation.about)])),
        Ref(mutation.other, int(given[f"other{mutation.other}"])),
    )


def _change(data: Data, mutation: MutationField, about: Ref, other: Ref | None, title: str) -> None:
    stored = data.stored[about]
    match mutation.does:
        case Does.EDIT:
            stored["title"] = title
            stored["rank"] += 1
        case Does.VALUE:
            stored["price"] = (stored["price"] or 0) + 1
        case Does.REFER:
            if other is not None:
                stored[mutation.via] = other
        case Does.DELETE:
            del data.alive[about]
        case Does.MOVE:
            for ref in data.all(mutation.other):
                listed = data.stored[ref][mutation.via]
                if about in listed:
                    listed.remove(about)
            if other is not None:
                data.stored[other][mutation.via].append(about)
        case Does.BOTH:
            for ref in (about, other):
                if ref is not None:
                    data.stored[ref]["title"] = title
                    data.stored[ref]["rank"] += 1
        case Does.CREATE | Does.NOTHING:
            pass


def _answer(mutation: MutationField, about: Ref | None, other: Ref | None) -> Any:
    match mutation.shape:
        case Shape.ENTITY:
            return about
        case Shape.OTHER:
            return other
        case Shape.ENTITIES:
            return [about] if about is not None else []
        case Shape.BOOLEAN:
            return about is not None
        case Shape.RESULT:
            return about or Part(None, "Failure", {"message": (_MESSAGE, "not found")})
        case Shape.IDS | Shape.PAYLOAD:
            ident = str(about.n) if about is not None else None
            values = {
                "ok": about is not None,
                "id": ident,
                "deletedId": ident,
                "query": Root(),
                "other": other,
                "many": [about] if about is not None else [],
                lower(mutation.about): about,
            }
            type_ = mutation.type.rstrip("!")
            return Part(
                None, type_, {own.name: (own, values[own.name]) for own in mutation.payload}
            )
