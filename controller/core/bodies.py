"""Bodies and query strings as names and values.

``form`` is strict: it reads what every server reads alike. The rest is for requests that are
passed as sent: which operations could their origin find in them?
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from python_multipart.multipart import parse_options_header

from controller.core.lexemes import Member, Repeated, read_json
from controller.core.multipart import multipart_fields
from controller.core.mutation_text import may_hold_mutation

INFLATED_LIMIT: Final = 8 * 1024 * 1024
"""Bytes of a compressed body that are read; a longer one may be anything."""
# Not "#" (no server should see it) nor ";" (some take it for "&").
_FORM_TEXT: Final = re.compile(rb'(?:[!"$&-:<-~]|%[0-9A-Fa-f]{2})*+')
_CHARSET: Final = re.compile(r"(utf-?8|us-ascii|iso-8859-1)?", re.IGNORECASE)
_JSON_CHARSET: Final = re.compile(_CHARSET.pattern + "|utf-(16|32)(le|be)?", re.IGNORECASE)
"""JSON's encoding is seen from its bytes (RFC 4627, section 3)."""
_FIELDS: Final = ("operations", "query", "variables", "operationname")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a request holds. Each group is one place that can name an operation.

    ``opaque``: part of it could not be read and may hold a mutation.
    """

    groups: tuple[tuple[Member, ...], ...] = ()
    opaque: bool = False


def media_type(content_type: str | None) -> tuple[str, dict[str, str]]:
    """The type and the names of its parameters in lower case."""
    try:
        name, options = parse_options_header(content_type)
    except ValueError:
        return "", {}
    return name.decode("latin-1"), {
        key.decode("latin-1").strip().lower(): value.decode("latin-1")
        for key, value in options.items()
    }


def form(text: bytes) -> list[tuple[str, str]]:
    """The parameters of a query string (WHATWG URL, section 5.1), in order.

    Raises:
        ValueError: bytes that are no percent-encoded UTF-8; servers read those differently.
    """
    if _FORM_TEXT.fullmatch(text) is None:
        raise ValueError("a character that is not percent-encoded, or a stray %")
    return parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", separator="&")


def loose_form(text: bytes) -> Reading:
    """The same for text that no one vouches for."""
    pairs: list[Member] = []
    decoded = text.decode("utf-8", "replace")
    parts = decoded.split("&")
    if ";" in decoded:
        parts += [part for part in re.split("[&;]", decoded) if part not in parts]
    for part in parts:
        name, _, value = part.partition("=")
        pairs.append((unquote_plus(name), unquote_plus(value)))
    return Reading((tuple(pairs),))


def loose_body(content_type: str | None, encoding: str | None, body: bytes) -> Reading:
    """Everything in a body that an origin could take for an operation."""
    if not body:
        return Reading()
    plain = plain_body(content_type, encoding, body)
    if not plain:
        return Reading(opaque=True)
    return _read(*media_type(content_type), plain)


def plain_body(content_type: str | None, encoding: str | None, body: bytes) -> bytes | None:
    """A body without its content encoding; None if that or its charset is not known here."""
    if not body:
        return b""
    if encoding not in (None, "", "identity"):
        inflated = _inflated(encoding or "", body)
        return plain_body(content_type, None, inflated) if inflated is not None else None
    media, options = media_type(content_type)
    known = _JSON_CHARSET if media.endswith("json") else _CHARSET
    return body if known.fullmatch(options.get("charset", "")) is not None else None


def _read(media: str, options: dict[str, str], body: bytes) -> Reading:
    match media:
        case "application/graphql":
            return Reading(((("query", body.decode("utf-8", "replace")),),))
        case "application/x-www-form-urlencoded":
            return loose_form(body)
        case "multipart/form-data":
            return _multipart(options.get("boundary", ""), body)
        case _:
            return _loose_json(body)


def means(name: str, wanted: str) -> bool:
    """Whether some origin takes ``name`` for ``wanted``: Go ignores case, PHP reads ``query[]``."""
    return name.split("[")[0].strip().casefold() == wanted


def _loose_json(body: bytes) -> Reading:
    try:
        text = body.decode(json.detect_encoding(body))
        parsed = read_json(text)
    except ValueError:
        return Reading(opaque=may_hold_mutation(body))
    found = parsed.value if isinstance(parsed.value, list) else [parsed.value]
    objects = [
        value.members if isinstance(value, Repeated) else tuple(value.items())
        for value in found
        if isinstance(value, dict)
    ]
    return Reading(tuple(objects), len(objects) < len(found) and may_hold_mutation(body))


def _multipart(boundary: str, body: bytes) -> Reading:
    """``operations`` (GraphQL multipart request specification), and fields as in a form."""
    try:
        fields = multipart_fields(boundary, body, _FIELDS)
    except ValueError:
        return Reading(opaque=may_hold_mutation(body))
    members: list[Member] = [pair for pair in fields if pair[0].casefold() != "operations"]
    readings = [_loose_json(text.encode()) for name, text in fields if (name, text) not in members]
    groups = [group for reading in readings for group in reading.groups]
    unread = any(reading.opaque for reading in readings)
    if not fields:
        unread = may_hold_mutation(body)
    return Reading((tuple(members), *groups), unread)


def _inflated(encoding: str, body: bytes) -> bytes | None:
    """A compressed body; None if it cannot be read, or is too long."""
    if encoding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        return None
    reader = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS)
    try:
        text = reader.decompress(body, INFLATED_LIMIT)
    except zlib.error:
        return None
    return text if reader.eof and not reader.unused_data else None
