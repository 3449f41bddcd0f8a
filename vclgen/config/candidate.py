"""The data to validate: a file, one of its environments, and overrides, laid over each other.

Each top-level key remembers where in the file it came from, so that messages point there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vclgen.config.checks import Finding
from vclgen.config.source import KeyPath, Source, dotted
from vclgen.errors import Notice, Problem

_OVERRIDES: Final = "(overrides)"
Environments = Mapping[str, Mapping[Any, Any]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Data that may become a config. ``places``: where its top-level keys stand in the file."""

    source: Source
    data: dict[Any, Any]
    places: Mapping[Any, KeyPath]
    overrides: Mapping[str, Any]

    def place(self, path: KeyPath) -> KeyPath:
        """Where ``path`` stands in the file."""
        return (*self.places.get(path[0], path[:1]), *path[1:]) if path else path

    def problem(self, finding: Finding) -> Problem:
        """The finding with its place."""
        return Problem(*self._where(finding.path), finding.what, finding.fix)

    def notice(self, path: KeyPath, what: str, fix: str) -> Notice:
        """A notice about what stands at ``path``."""
        return Notice(*self._where(path), what, fix)

    def _where(self, path: KeyPath) -> tuple[str, int | None, str]:
        if _overridden(self.overrides, path):
            return _OVERRIDES, None, dotted(path)
        place = self.place(path)
        return self.source.name, self.source.line(place), dotted(place)


def candidate(
    source: Source,
    environment: str | None,
    environments: Environments,
    overrides: Mapping[str, Any],
) -> Candidate:
    """Lay the layers over each other: an environment's keys replace, overrides merge."""
    data: dict[Any, Any] = {}
    places: dict[Any, KeyPath] = {}
    for keys, prefix in (
        (source.data, ()),
        (environments.get(environment or "", {}), ("environments", environment or "")),
    ):
        for key, value in keys.items():
            if key != "environments":
                name = "name" if key == "app" and "name" not in keys else key
                data[name] = value
                places[name] = (*prefix, key)
    return Candidate(source, _merged(data, overrides), places, overrides)


def environments_of(source: Source, chosen: str | None) -> tuple[Environments, list[Problem]]:
    """The usable entries of ``environments``, and what is wrong with the others or the choice."""
    found = source.data.get("environments") or {}
    if not isinstance(found, Mapping):
        fix = "write environments: {production: {originUrl: …}}"
        return {}, [_problem(source, ("environments",), "is not a mapping", fix)]
    usable, problems = {}, []
    for name, keys in found.items():
        if isinstance(keys, Mapping) and "environments" not in keys:
            usable[str(name)] = keys
        else:
            what, fix = "is no set of keys", "write the keys that differ below it"
            problems.append(_problem(source, ("environments", name), what, fix))
    if chosen is not None and chosen not in map(str, found):
        fix = f"declare it, or use one of: {', '.join(map(str, found)) or 'none is declared'}"
        problems.append(_problem(source, ("environments",), f"has no {chosen}", fix))
    return usable, problems


def _merged(data: Mapping[Any, Any], overrides: Mapping[str, Any]) -> dict[Any, Any]:
    merged = dict(data)
    for key, value in overrides.items():
        before = merged.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(before, value)
        else:
            merged[key] = value
    return merged


def _overridden(overrides: Any, path: KeyPath) -> bool:
    for part in path:
        if not isinstance(overrides, Mapping):
            return True
        if part not in overrides:
            return False
        overrides = overrides[part]
    return bool(path)


def _problem(source: Source, path: KeyPath, what: str, fix: str) -> Problem:
    return Problem(source.name, source.line(path), dotted(path), what, fix)
