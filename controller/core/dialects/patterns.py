"""Regular expressions that clients form of tags, read back.

Only the shapes that they form are read; of any other one nobody says which tags it matches.
"""

from __future__ import annotations

import re
from typing import Final

MATCHES_ALL: Final = ".*"

_QUOTED: Final = re.compile(r"\\[^A-Za-z0-9]|[^\\.+*?\[\]^${}()|]")
"""One character of a quoted text, as PHP's ``preg_quote`` writes it or leaves it."""


def within(before: str, pattern: str, after: str) -> tuple[str, ...] | None:
    """The texts of which ``pattern`` is the alternatives between ``before`` and ``after``; None if
    it has another shape.
    """
    if len(pattern) <= len(before) + len(after):
        return None
    if not (pattern.startswith(before) and pattern.endswith(after)):
        return None
    return alternatives(pattern[len(before) : len(pattern) - len(after)])


def alternatives(pattern: str) -> tuple[str, ...] | None:
    """The texts of ``a|b\\.c``; None where one is more than a quoted text."""
    texts = [""]
    at = 0
    while at < len(pattern):
        if pattern[at] == "|":
            texts.append("")
            at += 1
            continue
        found = _QUOTED.match(pattern, at)
        if found is None:
            return None
        texts[-1] += found[0][-1]
        at = found.end()
    return tuple(texts)
