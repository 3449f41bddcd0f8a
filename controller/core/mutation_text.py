"""Whether a text that nobody could read may hold a mutation. In doubt it does.

A write that passes unseen would leave its old data in the cache. One that was none costs a purge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import unquote_plus

_KEYWORD: Final = "mutation"
# GraphQL's lexical tokens (specification, section 2.1), each also without its end. A comment ends
# at more line terminators than today's specification has: older ones had them.
_TOKEN: Final = re.compile(
    r'(?P<block>"""(?:[^"\\]|\\"""|\\|"(?!""))*+(?P<block_end>""")?)'
    r'|(?P<string>"(?:[^"\\\n\r]|\\[^\n\r])*+(?P<string_end>")?)'
    r"|(?P<comment>#[^\n\r\u0085\u2028\u2029]*+)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*+)"
)
_ESCAPE: Final = re.compile(r"\\u\{?0{0,6}([0-9A-Fa-f]{2})\}?")


def holds_mutation(document: str) -> bool:
    """Whether the token ``mutation`` stands outside strings and comments."""
    return _KEYWORD in document and stands_outside(document, (_KEYWORD,))


def stands_outside(document: str, names: Sequence[str]) -> bool:
    """Whether one of ``names`` is a token outside strings and comments.

    What follows a quote that is never closed counts as outside, for another parser may read on
    there.
    """
    for token in _TOKEN.finditer(document):
        open_end = (token["block"] and not token["block_end"]) or (
            token["string"] and not token["string_end"]
        )
        if token["name"] in names or (open_end and any(name in token[0] for name in names)):
            return True
    return False


def may_hold_mutation(data: bytes) -> bool:
    """The same for bytes of unknown meaning, under every encoding that a request may use."""
    return any(_KEYWORD in text for text in decodings(data))


def decodings(data: bytes) -> Iterator[str]:
    """Bytes under every encoding that a request may use: UTF-16 and UTF-32, percent-encoding, JSON
    escapes, and the latter inside the former.
    """
    plain = data.replace(b"\0", b"").decode("latin-1")
    for text in (plain, unquote_plus(plain, encoding="latin-1")):
        yield text
        yield _unescaped(text)


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
