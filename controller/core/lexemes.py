"""JSON as it was written: numbers keep their lexemes, and a repeated member is no accident.

Reading a number as a float and printing it again would make ``1.0`` and ``1e0`` one key, and lose
digits of a long integer on its way to the origin.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NoReturn, TypeAlias


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A JSON number as written: ``1``, ``1.0`` and ``1e0`` are three."""

    text: str

    def __str__(self) -> str:
        return self.text


Json: TypeAlias = "bool | str | Lexeme | list[Json] | dict[str, Json] | None"
Member: TypeAlias = tuple[str, Json]


class Repeated(dict[str, Json]):
    """An object that has a member twice. The last one counts, which need not be what others take.

    ``members`` are all of them in order.
    """

    __slots__ = ("members",)

    def __init__(self, members: list[Member]) -> None:
        super().__init__(members)
        self.members = tuple(members)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A JSON text. ``repeated``: some object in it is a ``Repeated``."""

    value: Json
    repeated: bool


def read_json(text: str) -> Parsed:
    """Parse a JSON text (RFC 8259: no byte order mark, no NaN).

    Raises:
        ValueError: it is none, or it is nested too deeply.
    """
    repeated = False

    def members(pairs: list[Member]) -> dict[str, Json]:
        nonlocal repeated
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        repeated = True
        return Repeated(pairs)

    decoder = json.JSONDecoder(
        object_pairs_hook=members, parse_int=Lexeme, parse_float=Lexeme, parse_constant=_constant
    )
    try:
        value = decoder.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return Parsed(value, repeated)


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
