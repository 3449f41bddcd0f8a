"""How servers write JSON: spacing, escapes, number lexemes, member order, a byte order mark."""

from __future__ import annotations

import json
import random
import re
from codecs import BOM_UTF8
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.core.world import arranged

STYLES: dict[str, Callable[[Any], str]] = {
    "compact": lambda value: json.dumps(value, separators=(",", ":")),
    "spaced": json.dumps,
    "pretty": lambda value: json.dumps(value, indent=2),
    "tabs": lambda value: json.dumps(value, ensure_ascii=False, indent="\t"),
    "unicode": lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
    "colons": lambda value: json.dumps(value, separators=(" ,", " : ")),
    "windows": lambda value: json.dumps(value, indent=1).replace("\n", "\r\n"),
}
ORDERS = ["kept", "sort", "tail", "shuffle"]
LEXEMES = {
    1111.5: "1.0",
    2222.5: "1e3",
    3333.5: "-0.0E-2",
    4444.5: "0.1000000000000000055511151231257827",
    5555.5: "1e400",
}
"""What a server writes for these numbers."""
_LEXEME = re.compile(r"(?<=[\s:,\[])(?:" + "|".join(map(str, LEXEMES)) + r")(?=[\s,\]}])")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Server:
    """``seed`` decides where it puts the members that it shuffles."""

    style: str
    order: str
    bom: bool
    seed: int

    def body(self, response: Any) -> bytes:
        """A response as this server sends it."""
        value = arranged(response, self.order, random.Random(self.seed))
        text = _LEXEME.sub(lambda found: LEXEMES[float(found[0])], STYLES[self.style](value))
        text = _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
        return (BOM_UTF8 if self.bom else b"") + text.encode()
