"""Content encodings of answers (RFC 9110, section 8.4.1), and what is said of those that stay.

aiohttp undoes gzip and deflate by itself, and br with the package of that name. br is not asked
for: many servers write it at its highest level unless told otherwise, which takes them far longer
than gzip saves here. An origin that sends it all the same is understood.
"""

from __future__ import annotations

import re
from typing import Final

import aiohttp

ASKED: Final = "gzip, deflate"
"""``Accept-Encoding`` of requests whose answers are read."""
_UNDONE: Final = frozenset({"", "identity", "gzip", "deflate", "br"})
_FAILED: Final = re.compile(
    r"Can not decode content-encoding: (?:\w+ \((?P<token>\w+)\)|(?P<name>\w+))"
)
"""What aiohttp says, in errors of several types."""


def left_encoded(value: str) -> str | None:
    """What is wrong with an answer that has this ``Content-Encoding`` still; None: nothing."""
    return None if value.strip().lower() in _UNDONE else _not_asked(value)


def not_decoded(error: aiohttp.ClientError) -> str | None:
    """What is wrong with an answer that aiohttp could not decode; None if that is not it."""
    found = _FAILED.search(str(error))
    if found is None:
        return None
    if found["token"]:
        return _not_asked(found["token"])
    return f"its Content-Encoding is {found['name']}, and its body is not"


def _not_asked(encoding: str) -> str:
    return (
        f"its Content-Encoding is {encoding}, which was not asked for (Accept-Encoding: {ASKED}): "
        "let the origin, or what stands before it, follow Accept-Encoding"
    )
