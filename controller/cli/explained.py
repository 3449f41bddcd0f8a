"""What ``shellac explain`` found out: values, and their stable form as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal

from pydantic.alias_generators import to_camel

from controller.core.faults import Fault
from controller.core.ruled import RuledType

Outcome = Literal["cached", "perhaps cached", "passed", "mutation", "refused"]
Effect = Literal["passes", "scope", "keyed", "negotiated", "forwarded", "dropped"]


@dataclass(frozen=True, slots=True)
class Reason:
    """``detail`` is one of docs/passes.md, or the status of an answer of Varnish's own."""

    detail: str
    message: str
    meaning: str | None = None


@dataclass(frozen=True, slots=True)
class ShownOperation:
    """``text`` is canonical. Both hashes are SHA-256 in hex, as ``operationHashes`` has them."""

    type: str
    name: str | None
    text: str
    operation_hash: str
    document_hash: str


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule that applies, and the entries of it that are met."""

    name: str
    description: str | None
    max_age: int
    swr: int
    scope: str
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownScope:
    """``source`` is the one of ``sources`` that these headers hold. ``value`` stands for what is
    there without telling it; ``claim`` is the claim's value as JSON; ``refused`` a detail of
    docs/passes.md: the token gives no claim.
    """

    name: str
    words: str
    sources: tuple[str, ...] = ()
    source: str | None = None
    value: str | None = None
    claim: str | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class HeaderEffect:
    """What a header of the request does; ``name`` is ``cookie NAME`` for a cookie. ``detail`` is
    set where it makes the request pass.
    """

    name: str
    effect: Effect
    words: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class ShownTags:
    """The tags that are known before there is data. ``declared`` are those of ``fieldTypes``."""

    service: tuple[str, ...]
    types: tuple[str, ...]
    declared: tuple[str, ...]
    root_fields: tuple[str, ...]
    root_field_arguments: tuple[str, ...]
    operation: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownPurge:
    """What the intent of a mutation could touch, by kind of tag. ``unnamed`` are root fields that
    purge nothing unless their answer holds an entity. ``everything``: it cannot be read, or without
    a schema nothing says what it is about. ``others`` are tags of no type.
    """

    types: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()
    everything: bool = False
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenRule:
    """A rule that applies if the answer shows one of ``entries``."""

    name: str
    max_age: int
    swr: int
    scope: str
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftToTheAnswer:
    """Without a schema: what counts only once an answer shows it. ``non_cacheable`` are entries."""

    rules: tuple[OpenRule, ...] = ()
    non_cacheable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """``max_age`` and ``swr`` are seconds; they, ``key`` and ``scopes`` are those of the document,
    also where the request passes because of its headers. With a ``left`` that holds something they
    are the longest, and the scopes known before there is an answer. ``sent`` is the document for
    the origin.
    """

    outcome: Outcome
    reason: Reason | None = None
    operation: ShownOperation | None = None
    key: str | None = None
    max_age: int | None = None
    swr: int | None = None
    scopes: tuple[ShownScope, ...] = ()
    rules: tuple[ShownRule, ...] = ()
    types: tuple[RuledType, ...] = ()
    left: LeftToTheAnswer | None = None
    headers: tuple[HeaderEffect, ...] = ()
    tags: ShownTags | None = None
    purge: ShownPurge | None = None
    sent: str | None = None
    errors: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = field(default=())


def to_json(value: Any) -> Any:
    """An explanation as JSON has it: every member always there, names as in the config."""
    if isinstance(value, Fault):
        places = [{"line": line, "column": column} for line, column in value.locations]
        return {"message": value.message, "locations": places}
    if is_dataclass(value):
        return {to_camel(f.name): to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    return value
