"""What ``shellac explain`` found out in a direct profile: values, and their form as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from controller.cli.explained import HeaderEffect, Reason
from controller.core.faults import Fault

DirectOutcome = Literal["cached", "perhaps cached", "not stored", "passed", "mutation", "refused"]
Round = Literal["graphql", "page", "static"]


@dataclass(frozen=True, slots=True)
class KeyPart:
    """Something that splits the cache; ``value`` is None where the request has none."""

    name: str
    value: str | None


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """What the headers of an origin's answer mean. ``ttl``, ``stale`` and ``covered`` are seconds
    for which it is stored, then served while it is fetched anew, then while the origin is not well;
    None where it is not stored. ``tags`` purge it by name; with ``by_any_tag`` every purge of a tag
    does, with ``by_any_url`` every purge of a URL.
    """

    ttl: int | None = None
    stale: int | None = None
    covered: int | None = None
    tags: tuple[str, ...] = ()
    by_any_tag: bool = False
    by_any_url: bool = False


@dataclass(frozen=True, slots=True)
class ChangedType:
    """A type that a mutation can change. ``entity`` are its templates with key fields, filled for
    each one that an answer names; ``whole`` are purged where it is not known which one changed.
    """

    name: str
    entity: tuple[str, ...]
    whole: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MutationField:
    """A root field of a mutation with its policy."""

    name: str
    policy: str


@dataclass(frozen=True, slots=True)
class DirectPurge:
    """What a mutation purges. ``tags`` and ``everything`` are for an outcome that nobody knows;
    ``without`` are types of which no template says anything, ``unnamed`` root fields of which
    nothing says what they change: both purge nothing. ``words`` says it all in a sentence.
    """

    words: str
    fields: tuple[MutationField, ...] = ()
    types: tuple[ChangedType, ...] = ()
    tags: tuple[str, ...] = ()
    everything: bool = False
    without: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DirectExplained:
    """``needs`` is what an answer must say to be stored, ``answer`` what the given one says."""

    outcome: DirectOutcome
    reason: Reason | None = None
    round: Round | None = None
    key: tuple[KeyPart, ...] = ()
    headers: tuple[HeaderEffect, ...] = ()
    needs: tuple[str, ...] = ()
    answer: ShownAnswer | None = None
    purge: DirectPurge | None = None
    errors: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
