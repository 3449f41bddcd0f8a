"""One key for every spelling of the same question, and never one for two questions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final, assert_never

import orjson

from controller.core.lexemes import Json, Lexeme
from controller.core.operation import Operation

_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS


def canonical_json(value: Json) -> str:
    """Sorted member names, number lexemes as written, ASCII escapes, no spaces.

    A lone surrogate, which is legal as an escape, stays one.
    """
    try:
        # Ten times as fast, and the same text as long as that is printable ASCII.
        text = orjson.dumps(value, _fragment, _OPTIONS).decode()
    except orjson.JSONEncodeError:  # a lone surrogate, or nested too deeply
        return _written(value)
    return text if text.isascii() and "\x7f" not in text else _written(value)


def _fragment(value: object) -> orjson.Fragment:
    assert isinstance(value, Lexeme)
    return orjson.Fragment(value.text)


def _written(value: Json) -> str:
    """Iterative: a client's variables nest as deep as it likes."""
    out: list[str] = []
    stack: list[_Text | Json] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, _Text):
            out.append(item)
        elif isinstance(item, dict):
            stack.append(_Text("}"))
            for position, name in enumerate(sorted(item, reverse=True), 1):
                stack += [item[name], _Text(json.dumps(name) + ":")]
                stack.append(_Text("," if position < len(item) else "{"))
            if not item:
                out.append("{")
        elif isinstance(item, list):
            stack.append(_Text("]"))
            for position, element in enumerate(reversed(item), 1):
                stack += [element, _Text("," if position < len(item) else "[")]
            if not item:
                out.append("[")
        else:
            out.append(_leaf(item))
    return "".join(out)


def declared(operation: Operation, variables: Mapping[str, Json]) -> dict[str, Json]:
    """The variables that the operation declares; others can have no effect (6.1.2)."""
    return {name: value for name, value in variables.items() if name in operation.variables}


def canonical_key(index_digest: str, operation: Operation, variables: Mapping[str, Json]) -> str:
    """64 hex digits that name schema and policy, document, variables and operation name.

    The document by its digest, which is known since it was read: what is left to do for a known
    one is short.
    """
    parts: list[Json] = [
        index_digest,
        operation.name,
        declared(operation, variables),
        operation.digest,
    ]
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


class _Text(str):
    """JSON that is already written."""

    __slots__ = ()


def _leaf(value: str | bool | Lexeme | None) -> str:
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, Lexeme):
        return value.text
    if isinstance(value, str):
        return json.dumps(value)
    assert_never(value)
