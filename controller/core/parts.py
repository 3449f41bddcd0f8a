"""A body that comes in parts, cut where a part ends: ``multipart/mixed`` and ``text/event-stream``.

RFC 2046, section 5.1.1, as "Incremental Delivery over HTTP" uses it; HTML, section 9.2.6 ("Server-
sent events: Interpreting an event stream"). Pure: bytes go in as they arrive, pieces come out as
soon as they are whole, and together they are the same bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from controller.core.bodies import media_type

_BLANK_LINE: Final = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_EVENT_LINE: Final = re.compile(rb"\r\n|\n|\r")
_HEADERS_END: Final = re.compile(rb"\r?\n\r?\n")
_CONTENT_LENGTH: Final = re.compile(rb"(?im)^(content-length:[ \t]*)\d+")


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that are handed on together. ``payload`` is what they carry; None: nothing to read."""

    raw: bytes
    payload: bytes | None = None
    event: bool = False

    def with_payload(self, payload: bytes) -> bytes:
        """The same piece with another payload."""
        if self.payload is None or payload == self.payload:
            return self.raw
        if self.event:
            lines = [line for line in _EVENT_LINE.split(self.raw) if line]
            others = [line for line in lines if line.partition(b":")[0] != b"data"]
            data = [b"data: " + line for line in _EVENT_LINE.split(payload)]
            return b"\n".join([*others, *data, b"", b""])
        head, tail = self.raw.rsplit(self.payload, 1)
        return _CONTENT_LENGTH.sub(b"\\g<1>%d" % len(payload), head) + payload + tail


class Parts:
    """Cuts a body. ``delimiter`` is that of ``multipart/mixed``, None for an event stream."""

    def __init__(self, delimiter: bytes | None) -> None:
        self._delimiter = delimiter
        between = rb"\r?\n--" + re.escape(delimiter or b"")
        self._first = re.compile(rb"\A--" + re.escape(delimiter or b"") + b"|" + between)
        self._between = re.compile(between)
        self._rest = b""
        self._searched = 0
        self._begun = False

    def feed(self, chunk: bytes) -> list[Piece]:
        """The pieces that are whole now."""
        self._rest += chunk
        found = []
        while (end := self._end().search(self._rest, self._searched)) is not None:
            raw, self._rest = self._rest[: end.end()], self._rest[end.end() :]
            found.append(self._piece(raw, end.start()))
            self._searched = 0
            self._begun = True
        overlap = 4 + len(self._delimiter or b"")
        self._searched = max(0, len(self._rest) - overlap)
        return found

    def _end(self) -> re.Pattern[bytes]:
        if self._delimiter is None:
            return _BLANK_LINE
        return self._between if self._begun else self._first

    def rest(self) -> bytes:
        """What is left at the end of the body: a closing delimiter, or a part that is not whole."""
        return self._rest

    def _piece(self, raw: bytes, end: int) -> Piece:
        if self._delimiter is None:
            payload = _event_data(raw[:end])
            return Piece(raw, payload or None, event=True)
        headers = _HEADERS_END.search(raw, 0, end)
        payload = raw[headers.end() : end] if headers is not None and self._begun else b""
        return Piece(raw, payload or None)


def parts_of(content_type: str | None) -> Parts | None:
    """How a body of this type is cut; None where it is one answer."""
    media, options = media_type(content_type)
    if media == "text/event-stream":
        return Parts(None)
    if media == "multipart/mixed":
        return Parts(options.get("boundary", "-").encode("latin-1", "replace"))
    return None


def asks_for_events(accept: str | None) -> bool:
    """Whether a client wants its answer as events before all else (GraphQL over SSE, "Distinct
    connections mode"): such an answer cannot be cut, and must not wait for its end.
    """
    first = (accept or "").partition(",")[0].partition(";")[0]
    return first.strip().lower() == "text/event-stream"


def _event_data(event: bytes) -> bytes:
    """The value of an event's ``data`` lines."""
    found = []
    for line in _EVENT_LINE.split(event):
        name, _, value = line.partition(b":")
        if name == b"data":
            found.append(value.removeprefix(b" "))
    return b"\n".join(found)
