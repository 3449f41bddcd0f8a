"""What dialects read, and what they make of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from controller.core.origin_tags import origin_tag, url_tag, writable

SEPARATORS: Final = re.compile(r"[ \t,]+")
"""What vmod xkey reads as the end of a key."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A purge as an origin sent it. ``target`` is the path with the query, ``headers`` holds the
    lines of each header by its lower-case name.
    """

    method: str
    host: str
    target: str
    headers: Mapping[str, tuple[str, ...]]

    def lines(self, name: str) -> tuple[str, ...]:
        """The values of a header, none if it is not there."""
        return self.headers.get(name, ())

    def flag(self, name: str) -> bool:
        """Whether a header says yes. What is not clear is a no: a hard purge reaches further."""
        return [line.strip() for line in self.lines(name)] == ["1"]


@dataclass(frozen=True, slots=True)
class OriginPurge:
    """What is purged: tags (``controller.core.origin_tags``) or everything.

    ``doubt`` says why everything was made of something that may have meant less.
    """

    tags: tuple[str, ...] = ()
    soft: bool = False
    everything: bool = False
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many matches Varnish counted: a metric, no more."""

    hard: int = 0
    soft: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in a dialect's words."""

    status: int
    body: str
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Meant:
    """What a request means. ``dialect`` is for the log; ``reply`` makes the answer."""

    dialect: str
    purges: tuple[OriginPurge, ...]
    reply: Callable[[Counts], Reply]


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that means nothing; it has purged nothing. ``empty``: its list holds no tag, so
    what it names elsewhere counts.
    """

    status: int
    message: str
    empty: bool = False


Read = Meant | Refused | None
"""None: this is none of the dialect's requests."""


def says(words: str) -> Callable[[Counts], Reply]:
    """A reply that is always the same."""
    return lambda _: Reply(200, words)


def as_json(value: Mapping[str, object]) -> Reply:
    """A reply in JSON."""
    return Reply(200, json.dumps(value), "application/json")


def separated(lines: Iterable[str]) -> list[str]:
    """The tags of lines that hold them with spaces or commas between."""
    return [tag for line in lines for tag in SEPARATORS.split(line) if tag]


def named(texts: Iterable[str], *, soft: bool = False) -> OriginPurge:
    """The purge of these tags; of everything if one of them cannot be on an object as a key."""
    known = tuple(dict.fromkeys(texts))
    odd = next((text for text in known if not writable(text)), None)
    if odd is not None:
        return everything(f"{odd[:80]!r} is no tag that an object can be found by", soft=soft)
    return OriginPurge(tuple(map(origin_tag, known)), soft)


def at_url(asked: Asked, *, soft: bool = False) -> OriginPurge:
    """The purge of the URL that a request was sent to.

    ``/a?`` is another object than ``/a`` to Varnish, and ASGI does not tell them apart: both.
    """
    targets = (asked.target,) if "?" in asked.target else (asked.target, f"{asked.target}?")
    return OriginPurge(tuple(url_tag(asked.host, target) for target in targets), soft)


def beside(asked: Asked, *, soft: bool = False) -> tuple[OriginPurge, ...]:
    """What a request that names tags may mean besides: the URL it was sent to, unless ``/``."""
    return () if asked.target in ("", "/") else (at_url(asked, soft=soft),)


def everything(doubt: str | None = None, *, soft: bool = False) -> OriginPurge:
    """The purge of all there is."""
    return OriginPurge(soft=soft, everything=True, doubt=doubt)
