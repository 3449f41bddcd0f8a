"""A YAML text as plain data that still knows on which line each key stands.

YAML 1.2's core schema, as Stellate's own reader has it: ``yes``, ``off`` and ``12:30`` are text.
A file is refused, not expanded, if its anchors unfold to more than ``MOST_VALUES`` values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from vclgen.errors import ConfigError, Problem

KeyPath = tuple[str | int, ...]
"""Where a value stands: ``("rules", 0, "scope")``."""

MOST_VALUES: Final = 200_000


@dataclass(frozen=True, slots=True)
class Source:
    """The data of one file. Paths in it are relative to ``folder``."""

    name: str
    folder: Path
    data: Mapping[Any, Any]
    root: yaml.Node
    duplicates: tuple[Problem, ...]

    def line(self, path: KeyPath) -> int | None:
        """The line of the deepest part of ``path`` that the file holds, counted from 1."""
        line = None
        node: yaml.Node | None = self.root
        for part in path:
            node, mark = _child(node, part)
            if mark is None:
                break
            line = mark.line + 1
        return line


def dotted(path: KeyPath) -> str:
    """A key path as people write it: ``rules[0].scope``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def read_source(text: str, name: str, folder: Path) -> Source:
    """Parse ``text``; duplicate keys are collected, for they do not stop the reading.

    Raises:
        ConfigError: it is not YAML, not a mapping, or unfolds without bounds.
    """
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            raise _failure(name, None, "holds no keys", "start with `originUrl: https://…`")
        if _unfolded(root, {}) > MOST_VALUES:
            raise _failure(name, None, "its anchors unfold without bounds", "write less of them")
        duplicates = tuple(_duplicates(root, name, (), set()))
        data = loader.construct_document(root)
    except yaml.YAMLError as error:
        raise _not_yaml(error, name) from error
    except RecursionError:
        raise _failure(name, None, "is nested too deeply", "write it flatter") from None
    return Source(name, folder, data, root, duplicates)


class _Loader(yaml.SafeLoader):
    """Safe loading with the implicit types of YAML 1.2's core schema, and merge keys."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  the base class declares it so


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", [*"~nN", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+",
        list("-+.0123456789"),
    ),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first
    )


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node | None, Any]:
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):
            if key.value == str(part):
                return value, key.start_mark
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part].start_mark
    return None, None


def _unfolded(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values ``node`` is once every alias is followed; a loop counts as endless."""
    size = known.get(id(node))
    if size is None:
        known[id(node)] = MOST_VALUES + 1
        size = 1 + sum(_unfolded(child, known) for child in _children(node))
        known[id(node)] = size
    return size


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _duplicates(node: yaml.Node, name: str, path: KeyPath, seen: set[int]) -> Iterator[Problem]:
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _duplicates(item, name, (*path, index), seen)
    elif isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            here = (*path, str(key.value))
            line = key.start_mark.line + 1
            if str(key.value) in first:
                what = f"stands twice, first on line {first[str(key.value)]}"
                yield Problem(name, line, dotted(here), what, "keep one of the two")
            first.setdefault(str(key.value), line)
            yield from _duplicates(value, name, here, seen)


def _not_yaml(error: yaml.YAMLError, name: str) -> ConfigError:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or str(error).splitlines()[0]
    line = None if mark is None else mark.line + 1
    return _failure(name, line, f"is not plain YAML: {reason}", "correct that line")


def _failure(name: str, line: int | None, what: str, fix: str) -> ConfigError:
    return ConfigError([Problem(name, line, "", what, fix)])
