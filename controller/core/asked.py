"""What an HTTP request was found to ask. ``request`` makes these values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from controller.core.lexemes import Json


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as the client sent it. ``content_encoding`` is that of its body."""

    method: str
    query_string: bytes
    content_type: str | None
    body: bytes
    content_encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Single:
    """One operation. ``by_get``: it stood in the URL of a GET or HEAD."""

    document: str
    operation_name: str | None
    variables: dict[str, Json]
    by_get: bool


@dataclass(frozen=True, slots=True)
class Unread:
    """A request that is passed as sent. ``detail`` is one of details.py.

    ``items`` are the operations that an origin could find in it. ``may_write``: it may hold a
    mutation that is not among them.
    """

    detail: str
    message: str
    items: tuple[Single, ...] = ()
    may_write: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """A JSON array of operations."""

    items: tuple[Single | Unread, ...]


Asked: TypeAlias = Single | Batch | Unread
