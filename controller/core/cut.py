"""Injected members out of a body, byte for byte what the origin would have sent without them.

On the bytes, since parsing and printing again would change number lexemes, escapes and spacing.
An alias holds 64 secret random bits and only a member name is followed by a colon, so text inside
strings cannot be meant: there the closing quote would be escaped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from controller.core.jsontext import members

_COMMA: Final = re.compile(rb"\s*+,\s*+")


@dataclass(frozen=True, slots=True)
class CutResult:
    """``count`` members were cut; it must be as many as the walk met, and none may be left."""

    body: bytes
    count: int


def cut(body: bytes, prefix: str) -> CutResult:
    """``body`` without the members whose name starts with ``prefix``.

    Members are injected at the start of a selection, so most origins send them with another member
    behind: those go first, by a pattern that starts with literal bytes, which the engine searches
    eight times as fast. What is left stands at the end of its object, or alone in it.
    """
    followed, last = _patterns(prefix)
    rest, count = followed.subn(b"", body)
    if prefix.encode() in rest:
        rest, more = last.subn(b"", rest)
        count += more
    return CutResult(rest, count)


def cut_exhaustively(body: bytes, aliases: Mapping[str, str]) -> bytes:
    """The same by reading JSON token by token, for answers that cannot be asked for again.

    Takes any value, and every other trace of an alias (the path of an error, a message) becomes
    the name of its field.
    """
    text = bytearray(body)
    found = [m for m in members(body) if m.name in aliases]
    for member in sorted(found, key=lambda m: m.start, reverse=True):
        _cut_member(text, member.start, member.end)
    return rename(bytes(text), aliases)


def rename(body: bytes, aliases: Mapping[str, str]) -> bytes:
    """``body`` with the field's name in place of every alias."""
    for alias in sorted(aliases, key=len, reverse=True):
        body = body.replace(alias.encode(), aliases[alias].encode())
    return body


def _cut_member(text: bytearray, start: int, end: int) -> None:
    """With the comma behind it, or else the one before. Members go from right to left."""
    behind = _COMMA.match(text, end)
    if behind:
        end = behind.end()
    else:
        before = start
        while text[before - 1] in b" \t\r\n":
            before -= 1
        if text[before - 1] == ord(","):
            start = before - 1
            while text[start - 1] in b" \t\r\n":
                start -= 1
    del text[start:end]


@lru_cache(maxsize=8)
def _patterns(prefix: str) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    alias = rb'"' + re.escape(prefix.encode())
    value = rb'\w++"\s*+:\s*+(?:"(?:[^"\\]++|\\.)*+"|[-+.\w]++)'
    # The look-behind stands after the literal it checks, or the engine could not search for it.
    followed = alias + rb"(?<=[{,\s]" + alias + rb")" + value + rb"\s*+,\s*+"
    # Without the look-behind a long run of spaces in some string would take quadratic time.
    last = rb"(?<!\s)\s*+,\s*+" + alias + value + rb"|(?<=\{)\s*+" + alias + value + rb"\s*+(?=\})"
    return re.compile(followed), re.compile(last)
