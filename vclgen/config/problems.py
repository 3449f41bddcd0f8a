"""pydantic's errors, and our own, as problems that people can act on."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any, Final

from pydantic import ValidationError

from vclgen.config.checks import Finding
from vclgen.config.keys import did_you_mean
from vclgen.config.model import INCONSISTENT, Config
from vclgen.config.refusal import REFUSED, shown
from vclgen.config.sections import Section
from vclgen.config.source import KeyPath

_SECRET: Final = ("headers", "originHeaders")

_EXPECTED: Final = {
    "bool_type": ("true or false", "write true or false, without quotes"),
    "int_type": ("a whole number", "write a whole number, without quotes or unit"),
    "int_from_float": ("a whole number", "write a whole number"),
    "string_type": ("text", "write it in quotes"),
    "model_type": ("a section", "write its keys below it, each on a line of its own"),
    "dict_type": ("a mapping", "write its keys below it, each on a line of its own"),
    "tuple_type": ("a list", "write it as a list: [one, other]"),
    "frozen_set_type": ("a list", "write it as a list: [one, other]"),
}
"""By pydantic's error type: what belongs there, and what to do."""


def findings_of(error: ValidationError) -> Iterator[Finding]:
    """Each error of a failed validation, with the key path it stands at."""
    for detail in error.errors(include_url=False):
        kind = detail["type"]
        context: dict[str, Any] = detail.get("ctx", {})
        if kind == INCONSISTENT:
            yield from context["findings"]
        elif kind != "default_factory_not_called":
            path = tuple(part for part in detail["loc"] if part != "[key]")
            what, fix = _words(kind, context, path, detail["input"], detail["msg"])
            yield Finding(path, what, fix, frozenset(map(str, path[:1])))


def _words(
    kind: str, context: dict[str, Any], path: KeyPath, value: object, message: str
) -> tuple[str, str]:
    if kind == REFUSED:
        return context["what"], context["fix"]
    if kind == "missing":
        return "is missing", _ADD.get(path, "add it")
    if kind == "extra_forbidden":
        return "is not a key of Shellac's", did_you_mean(path[-1], keys_at(path[:-1]))
    if kind == "literal_error":
        return f"{shown(value)} is not known here", f"use {context['expected']}"
    if kind in ("greater_than_equal", "less_than_equal"):
        limit = context.get("ge", context.get("le"))
        bound = "at least" if "ge" in context else "at most"
        return f"{shown(value)} is out of range", f"use {bound} {limit}"
    if kind == "too_short":
        return "is empty", "name at least one, or remove the key"
    if kind in _EXPECTED:
        expected, fix = _EXPECTED[kind]
        found = "the value" if path[:1] and path[0] in _SECRET else shown(value)
        return f"{found} is not {expected}", fix
    return message, "see docs/config.md"


_ADD: Final[dict[KeyPath, str]] = {
    ("originUrl",): "name the GraphQL server, like originUrl: https://api.example.com/graphql"
}


def keys_at(path: KeyPath) -> list[str]:
    """The keys, as written in YAML, of the section that stands at ``path``."""
    section: type[Section] = Config
    for part in path:
        if isinstance(part, str):
            section = _sections(section).get(part, section)
    return [str(field.alias) for field in section.model_fields.values()]


def _sections(section: type[Section]) -> dict[str, type[Section]]:
    found = {}
    for field in section.model_fields.values():
        for kind in (field.annotation, *typing.get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, Section):
                found[str(field.alias)] = kind
    return found
