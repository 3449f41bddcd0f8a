"""The fields of a ``multipart/form-data`` body that can name an operation. Files are not kept.

Raises ValueError where two readers could differ; python-multipart alone would read on.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from python_multipart.multipart import MultipartParser, parse_options_header

_IDENTITY: Final = ("7bit", "8bit", "binary")
_OTHER_CHARSET: Final = re.compile(r"charset\s*=\s*\"?(?!(utf-?8|us-ascii)\b)", re.IGNORECASE)
_ENCODED_NAME: Final = re.compile(r"(?<!file)name\*", re.IGNORECASE)


def multipart_fields(boundary: str, body: bytes, wanted: Collection[str]) -> list[tuple[str, str]]:
    """Name and text of each part whose name without its case is in ``wanted``.

    Raises:
        ValueError: no multipart body, an encoded part or part name, or text that is not UTF-8.
    """
    parts = _Parts(wanted)
    parser = MultipartParser(
        boundary.encode("latin-1"),
        {
            "on_part_begin": parts.begin,
            "on_header_field": parts.header_name,
            "on_header_value": parts.header_value,
            "on_header_end": parts.header_end,
            "on_headers_finished": parts.headers_end,
            "on_part_data": parts.data,
            "on_end": parts.end,
        },
    )
    parser.write(body)
    if not parts.ended:
        raise ValueError("the last boundary is missing")
    return [(name, text.decode("utf-8")) for name, text in parts.found]


class _Parts:
    """What the parser's callbacks put together. Data comes in pieces."""

    def __init__(self, wanted: Collection[str]) -> None:
        self.found: list[tuple[str, bytearray]] = []
        self.ended = False
        self._wanted = wanted
        self._name = ""
        self._field = bytearray()
        self._value = bytearray()
        self._content: bytearray | None = None

    def begin(self) -> None:
        self._name = ""
        self._content = None

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        field, value = self._field.decode("latin-1").lower(), self._value.decode("utf-8")
        self._field.clear()
        self._value.clear()
        if field == "content-transfer-encoding" and value.strip().lower() not in _IDENTITY:
            raise ValueError(f"a part with {field}: {value}")
        if field == "content-type" and _OTHER_CHARSET.search(value):
            raise ValueError(f"a part with {field}: {value}")
        if field == "content-disposition":
            if _ENCODED_NAME.search(value):
                raise ValueError("an encoded part name")
            self._name = _parameter(value, b"name")

    def headers_end(self) -> None:
        if self._name.casefold() in self._wanted:
            self._content = bytearray()
            self.found.append((self._name, self._content))

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._content is not None:
            self._content += data[start:end]

    def end(self) -> None:
        self.ended = True


def _parameter(value: str, name: bytes) -> str:
    _, options = parse_options_header(value.encode("utf-8").decode("latin-1"))
    return options.get(name, b"").decode("utf-8")
