"""Which headers cross the controller, and in which direction.

Hop-by-hop headers are RFC 9110 section 7.6.1. Internal ones are in docs/protocol.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from controller.errors import BadHeader

Header = tuple[bytes, bytes]
Headers = Sequence[Header]

HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_INTERNAL: Final = (b"x-shellac-", b"shellac-", b"x-varnish")
_REPLACED: Final = frozenset(
    {
        b"age",
        b"cache-control",
        b"content-digest",
        b"content-encoding",
        b"content-length",
        b"etag",
        b"expires",
        b"last-modified",
        b"repr-digest",
        b"set-cookie",
        b"vary",
        b"xkey",
    }
)
"""Headers of an origin's answer that a stored answer replaces or must not carry."""


def text(value: bytes) -> str:
    """A header's value for the origin client, which writes UTF-8: the same bytes go out again.

    Raises:
        BadHeader: it is not UTF-8.
    """
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadHeader("a header of the request is neither ASCII nor UTF-8") from error


def lookup(headers: Headers, name: bytes) -> str | None:
    """The first value of a header, or None. ``name`` is lower case."""
    for key, value in headers:
        if key.lower() == name:
            return value.decode("latin-1")
    return None


def lookup_all(headers: Headers, name: bytes) -> list[str]:
    """Every value of a header, line by line. ``name`` is lower case."""
    return [value.decode("latin-1") for key, value in headers if key.lower() == name]


def to_origin(headers: Headers) -> list[tuple[str, str]]:
    """The client's headers as they go on with a passed request.

    Raises:
        BadHeader: a value is not UTF-8, the only thing the origin client writes.
    """
    return [
        (name.decode("latin-1"), text(value))
        for name, value in headers
        if name not in HOP_BY_HOP
        and name not in (b"host", b"content-length")
        and not name.startswith(_INTERNAL)
    ]


def from_origin(headers: Headers) -> list[Header]:
    """The origin's headers as they go back on a passed answer."""
    return [
        (name, value)
        for name, value in headers
        if (low := name.lower()) not in HOP_BY_HOP
        and not low.startswith(_INTERNAL)
        and low != b"xkey"
    ]


def storable(headers: Headers) -> list[Header]:
    """The origin's headers that a stored answer keeps."""
    return [(n, v) for n, v in from_origin(headers) if n.lower() not in _REPLACED]


def of_the_whole(headers: Headers) -> list[Header]:
    """The origin's headers for an answer that was read whole, decoded, and perhaps cut."""
    return without(
        from_origin(headers),
        b"content-length",
        b"content-encoding",
        b"content-digest",
        b"repr-digest",
        b"digest",
        b"content-md5",
    )


def without(headers: Iterable[Header], *names: bytes) -> list[Header]:
    """The headers less those of the given lower-case names."""
    return [(n, v) for n, v in headers if n.lower() not in names]
