"""What vclgen raises on purpose.

    ShellacError
    ├── ConfigError     the config cannot be used; holds every problem that was found
    ├── TemplateError   a value cannot stand in VCL, or a template does not fit the plan
    └── VclError        varnishd refuses the rendered VCL, or is not there to ask

Each message says what to do next. The command line catches ``ShellacError``, once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class ShellacError(Exception):
    """The root of the tree."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something said about one place of a config file.

    ``path`` is the key path (``rules[0].scope``), empty for the file itself; ``line`` counts from
    1 and is None where the place stands in no file.
    """

    file: str
    line: int | None
    path: str
    what: str
    fix: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        subject = f"{self.path}: " if self.path else ""
        return f"{place}: {subject}{self.what}; {self.fix}"


class Problem(Remark):
    """The config cannot be used because of this."""


class Notice(Remark):
    """The config can be used, and this is worth knowing."""


class ConfigError(ShellacError):
    """The config cannot be used. ``problems`` is never empty and ordered by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = dict.fromkeys(problems)
        self.problems = tuple(sorted(found, key=lambda problem: problem.line or 0))
        super().__init__("\n".join(map(str, self.problems)))


class TemplateError(ShellacError):
    """A value cannot stand in VCL, or a template does not fit the plan."""


class VclError(ShellacError):
    """varnishd refuses the rendered VCL, or is not there to ask."""
