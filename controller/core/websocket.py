"""GraphQL over WebSocket: which messages start an operation, and which answer one.

Two subprotocols are known: ``graphql-transport-ws``
(https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md) and the older ``graphql-ws`` of
subscriptions-transport-ws. A message of another type is none of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from controller.core.jsontext import members
from controller.core.lexemes import Json, Repeated, read_json


@dataclass(frozen=True, slots=True)
class Subprotocol:
    """``client`` are the types of a client's messages; ``start`` begins an operation, ``answer``
    carries a result. ``lists_errors``: the payload of ``error`` is an array of errors.
    """

    client: frozenset[str]
    start: str
    answer: str
    lists_errors: bool


SUBPROTOCOLS: Final[Mapping[str, Subprotocol]] = {
    "graphql-transport-ws": Subprotocol(
        frozenset({"connection_init", "ping", "pong", "subscribe", "complete"}),
        start="subscribe",
        answer="next",
        lists_errors=True,
    ),
    "graphql-ws": Subprotocol(
        frozenset({"connection_init", "start", "stop", "connection_terminate"}),
        start="start",
        answer="data",
        lists_errors=False,
    ),
}


@dataclass(frozen=True, slots=True)
class Started:
    """A client asks for an operation; ``body`` is what a POST would have as its body."""

    id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """A result of an operation; ``body`` is what the answer to a POST would have as its body.
    ``ends``: it is the last one.
    """

    id: str
    body: bytes
    ends: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """There are no more results of an operation."""

    id: str


def read_client_message(protocol: Subprotocol, text: str) -> Started | None:
    """What a client's message starts; None: nothing.

    Raises:
        ValueError: it is no message of the subprotocol, so what a server makes of it is unknown.
    """
    message = _object(text)
    kind = message.get("type")
    if not isinstance(kind, str) or kind not in protocol.client:
        raise ValueError(f"its type is none of {', '.join(sorted(protocol.client))}")
    if kind != protocol.start:
        return None
    found, payload = message.get("id"), message.get("payload")
    if not isinstance(found, str) or not isinstance(payload, dict):
        raise ValueError(f"{kind} needs an id (a string) and a payload (an object)")
    return Started(found, _payload(text))


def read_origin_message(protocol: Subprotocol, text: str) -> Answered | Ended | None:
    """What a server's message answers or ends; None: nothing that can be recognised."""
    try:
        message = _object(text)
    except ValueError:
        return None
    kind, found = message.get("type"), message.get("id")
    if not isinstance(found, str):
        return None
    if kind == "complete":
        return Ended(found)
    if "payload" not in message or kind not in (protocol.answer, "error"):
        return None
    payload = _payload(text)
    if kind == "error":
        listed = payload if protocol.lists_errors else b"[%b]" % payload
        return Answered(found, b'{"errors":%b}' % listed, ends=True)
    return Answered(found, payload, ends=False)


def _object(text: str) -> dict[str, Json]:
    value = read_json(text).value
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    if isinstance(value, Repeated):
        raise ValueError("a member stands in it twice")
    return value


def _payload(text: str) -> bytes:
    """The bytes of the payload as they were sent."""
    raw = text.encode("utf-8", "surrogatepass")
    return next(
        raw[member.value : member.end]
        for member in members(raw)
        if not member.path and member.name == "payload"
    )
