"""The parts of Stellate's vocabulary that have several spellings, each brought to one form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)

from vclgen.config.refusal import refusal, shown
from vclgen.config.tokens import GraphQLName
from vclgen.config.values import LABEL, local_path, url


@dataclass(frozen=True, slots=True)
class SchemaUrl:
    """Introspect this URL."""

    url: str

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """Read this file; ``written`` is the path as the config has it."""

    path: Path
    written: str

    def __str__(self) -> str:
        return self.written


@dataclass(frozen=True, slots=True)
class SchemaText:
    """This is the schema, in SDL."""

    sdl: str

    def __str__(self) -> str:
        return self.sdl


@dataclass(frozen=True, slots=True)
class NoSchema:
    """Run without one."""

    def __str__(self) -> str:
        return "false"


SchemaSource = SchemaUrl | SchemaFile | SchemaText | NoSchema


def _rule_types(value: Any) -> dict[Any, list[Any] | None]:
    """All spellings: ``[T]``, ``{T: true}``, ``{T: [f]}``, ``{T: {f: true}}``, and mixtures."""
    if not isinstance(value, list | Mapping):
        raise refusal(f"{shown(value)} is no list of types", _TYPES_HINT)
    found: dict[Any, list[Any] | None] = {}
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, list):
            raise refusal(f"{shown(entry)} names no type", _TYPES_HINT)
        for name, fields in entry.items() if isinstance(entry, Mapping) else [(entry, True)]:
            _add_type(found, name, fields)
    if not found:
        raise refusal("names no types, so it would never apply", _TYPES_HINT)
    return found


_TYPES_HINT = "write types: [Post], or types: {Query: [posts, post]}"


def _add_type(found: dict[Any, list[Any] | None], name: Any, fields: Any) -> None:
    if fields is True:
        found[name] = None
    elif isinstance(fields, list) and fields:
        _add_fields(found, name, fields)
    elif isinstance(fields, Mapping) and all(type(on) is bool for on in fields.values()):
        _add_fields(found, name, [field for field, on in fields.items() if on])
    elif fields is not False:
        raise refusal(f"{name} has no list of fields", f"write {name}: true, or {name}: [field]")


def _add_fields(found: dict[Any, list[Any] | None], name: Any, fields: list[Any]) -> None:
    before = found.setdefault(name, []) if fields else None
    if before is not None:
        before.extend(fields)


def _types_text(types: Mapping[str, frozenset[str] | None]) -> dict[str, bool | list[str]]:
    return {name: True if fields is None else sorted(fields) for name, fields in types.items()}


def _key(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _distinct(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(value)) < len(value):
        raise refusal(f"{shown(value)} names a field twice", "name each field once")
    return value


def _schema_source(value: Any, info: ValidationInfo) -> SchemaSource:
    if value is False:
        return NoSchema()
    if not isinstance(value, str) or not value.strip():
        raise refusal(
            f"{shown(value)} is no schema",
            "give a URL, a .graphql file or SDL, remove `schema` to introspect originUrl, or write "
            "schema: false to run without one",
        )
    if value.startswith(("http://", "https://")):
        return SchemaUrl(url(value))
    if "{" in value or "\n" in value:
        return SchemaText(value)
    if value.endswith((".ts", ".js", ".mjs", ".json")):
        raise refusal(
            f"{value} holds no SDL",
            "print the schema to a .graphql file, or remove `schema` to introspect originUrl",
        )
    return SchemaFile(local_path(value, info), value)


def _schema_text(source: SchemaSource | None) -> str | bool | None:
    if source is None or isinstance(source, NoSchema):
        return None if source is None else False
    return str(source)


def _operation_hash(value: Any) -> str:
    text = value.lower() if isinstance(value, str) else ""
    if re.fullmatch("[0-9a-f]{64}", text):
        return text
    raise refusal(
        f"{shown(value)} is no SHA-256 hash",
        "write 64 hex digits: `printf %s DOCUMENT | sha256sum` of the text that clients send",
    )


_FIELD_NAMES = {"type": "array", "items": {"type": "string"}}
_TYPE_FIELDS = {
    "anyOf": [
        {"type": "boolean"},
        _FIELD_NAMES,
        {"type": "object", "additionalProperties": {"type": "boolean"}},
    ]
}
_TYPE_MAP = {"type": "object", "additionalProperties": _TYPE_FIELDS}
_TYPE_LIST = {"type": "array", "items": {"anyOf": [{"type": "string"}, _TYPE_MAP]}}

RuleTypes = Annotated[
    dict[GraphQLName, frozenset[GraphQLName] | None],
    BeforeValidator(_rule_types),
    PlainSerializer(_types_text),
    WithJsonSchema({"anyOf": [_TYPE_LIST, _TYPE_MAP], LABEL: "types"}),
]
OperationHash = Annotated[str, BeforeValidator(_operation_hash), WithJsonSchema({"type": "string"})]
Key = Annotated[
    tuple[GraphQLName, ...],
    BeforeValidator(_key),
    Field(min_length=1),
    AfterValidator(_distinct),
    WithJsonSchema({"anyOf": [{"type": "string"}, _FIELD_NAMES], LABEL: "key"}),
]
"""One key field, or several that only together identify an entity."""
Schema = Annotated[
    SchemaSource | None,
    BeforeValidator(_schema_source),
    PlainSerializer(_schema_text),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"const": False}], LABEL: "text or `false`"}),
]
