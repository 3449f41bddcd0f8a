"""Data → a config or findings, all of them at once. Reads no files but asks whether one exists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from vclgen.config.checks import Finding
from vclgen.config.graphql import SchemaFile
from vclgen.config.keys import REFUSED, WARNED, did_you_mean, refusals, without_known
from vclgen.config.model import Config
from vclgen.config.problems import findings_of, keys_at
from vclgen.config.source import KeyPath

_SOME_ORIGIN: Final = "https://shellac.invalid"
_SOME_RULE: Final = {"types": ["Query"], "maxAge": 0}


def validated(data: Mapping[Any, Any], folder: Path) -> tuple[Config | None, list[Finding]]:
    """The config that ``data`` means, if it means one, and everything that is wrong with it.

    Relative paths in it start at ``folder``.
    """
    findings = [*_unknown(data), *_refused(data)]
    honoured = keys_at(())
    known = {key: value for key, value in without_known(data).items() if key in honoured}
    config = None
    try:
        config = _built(known, folder)
    except ValidationError as error:
        wrong = list(findings_of(error))
        findings += [*wrong, *_also_contradicting(known, wrong, folder)]
    if config is not None and isinstance(config.schema_source, SchemaFile):
        findings += _missing_file(config.schema_source)
    return config, findings


def _built(data: Mapping[str, Any], folder: Path) -> Config:
    return Config.model_validate(data, context={"folder": folder})


def _unknown(data: Mapping[Any, Any]) -> Iterator[Finding]:
    known = [*keys_at(()), *WARNED, *(path[0] for path in REFUSED), "environments", "app"]
    for key, value in data.items():
        if key == "app":
            yield _finding((key,), "stands beside name", "keep name; app is its old name")
        elif key == "config" and isinstance(value, Mapping):
            fix = "write its content at the top level"
            yield _finding((key,), "is not a key of Shellac's", fix)
        elif key not in known:
            yield _finding((str(key),), "is not a key of Shellac's", did_you_mean(key, known))


def _refused(data: Mapping[Any, Any]) -> Iterator[Finding]:
    for path, refused in refusals(data):
        yield _finding(path, refused.what, refused.fix)


def _also_contradicting(
    data: Mapping[str, Any], wrong: Iterable[Finding], folder: Path
) -> list[Finding]:
    """Contradictions among the keys that are right by themselves, so that all is said at once."""
    bad = {finding.path[0] for finding in wrong if finding.path}
    rules = {finding.path[1:2] for finding in wrong if finding.path[:1] == ("rules",)}
    rest = {"originUrl": _SOME_ORIGIN} | {k: v for k, v in data.items() if k not in bad}
    if rules and () not in rules:
        rest["rules"] = [
            _SOME_RULE if (index,) in rules else rule for index, rule in enumerate(data["rules"])
        ]
        bad.remove("rules")
    if rest == data:
        return []
    try:
        _built(rest, folder)
    except ValidationError as error:
        return [finding for finding in findings_of(error) if not finding.reads & bad]
    return []


def _missing_file(schema: SchemaFile) -> Iterator[Finding]:
    if not schema.path.is_file():
        what = f"there is no file {schema.path}"
        fix = "correct the path (it starts at the config file's folder), or remove `schema`"
        yield _finding(("schema",), what, fix)


def _finding(path: KeyPath, what: str, fix: str) -> Finding:
    return Finding(path, what, fix, frozenset(map(str, path[:1])))
