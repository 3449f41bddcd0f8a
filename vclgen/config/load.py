"""A config file, an environment and overrides → one ``Config``, or every problem at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vclgen.config.candidate import Candidate, candidate, environments_of
from vclgen.config.keys import WARNED
from vclgen.config.model import Config
from vclgen.config.source import read_source
from vclgen.config.validate import validated
from vclgen.errors import ConfigError, Notice, Problem

_STELLATE_FILES: Final = ("stellate.yml", "stellate.yaml", "graphcdn.yml", "graphcdn.yaml")
_PROGRAMS: Final = (".ts", ".js", ".mjs", ".cjs")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A usable config and what is worth knowing about it."""

    config: Config
    notices: tuple[Notice, ...]


def load_config(
    path: Path, environment: str | None = None, overrides: Mapping[str, Any] | None = None
) -> Loaded:
    """Read ``shellac.yaml`` (or a ``stellate.yml``).

    ``environment`` names an entry of ``environments``, whose keys replace those of the file.
    ``overrides`` has the file's shape and is merged in last, mapping by mapping.

    Raises:
        ConfigError: with every problem that was found.
    """
    name = str(path)
    if path.suffix in _PROGRAMS:
        raise _failure(name, "is a program, not data", "write the same keys as YAML: shellac.yaml")
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _failure(name, "is not UTF-8", "save it as UTF-8") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise _failure(name, f"cannot be read ({reason})", "name a config file") from error
    return load_config_text(text, name, environment, overrides)


def load_config_text(
    text: str,
    source: str = "shellac.yaml",
    environment: str | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Loaded:
    """Like ``load_config`` for a text; ``source`` names it, relative paths start at its folder.

    Raises:
        ConfigError: with every problem that was found.
    """
    read = read_source(text, source, Path(source).absolute().parent)
    environments, problems = environments_of(read, environment)
    chosen = candidate(read, environment, environments, overrides or {})
    config, findings = validated(chosen.data, read.folder)
    problems = [*read.duplicates, *problems, *map(chosen.problem, findings)]
    for name in environments:
        if name != environment:
            problems += _problems_of(candidate(read, name, environments, {}), name)
    if config is None or problems:
        raise ConfigError(problems)
    return Loaded(config, tuple(_notices(chosen, config)))


def _problems_of(other: Candidate, environment: str) -> Iterator[Problem]:
    """What an environment that was not chosen adds to the problems of the file itself."""
    for finding in validated(other.data, other.source.folder)[1]:
        if other.place(finding.path)[:2] == ("environments", environment):
            yield other.problem(finding)


def _notices(chosen: Candidate, config: Config) -> Iterator[Notice]:
    for key, did in WARNED.items():
        if chosen.data.get(key) is not None:
            yield chosen.notice((key,), f"has no effect here: it {did}", "nothing to do")
    unscoped = [index for index, rule in enumerate(config.rules) if rule.scope is None]
    from_stellate = Path(chosen.source.name).name in _STELLATE_FILES
    if from_stellate and unscoped and "defaultScope" not in chosen.data:
        yield chosen.notice(
            ("rules", unscoped[0]),
            "has no scope: Stellate shares such answers with everybody, Shellac only among "
            "requests without credentials",
            "write defaultScope: PUBLIC to share as Stellate does, or ANONYMOUS to settle it",
        )


def _failure(name: str, what: str, fix: str) -> ConfigError:
    return ConfigError([Problem(name, None, "", what, fix)])
