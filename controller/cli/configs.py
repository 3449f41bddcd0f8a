"""Which config a command works on: a file, an origin given on the command line, or the demo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vclgen.config import Address, Config, Loaded, Notice, load_config, load_config_text
from vclgen.errors import ConfigError, Problem

DEFAULT_FILES: Final = ("shellac.yaml", "shellac.yml", "stellate.yml", "graphcdn.yml")
DEMO_FILE: Final = Path(__file__).with_name("demo.yaml")
DEMO_LISTEN: Final = Address("127.0.0.1", 4000)
"""Where the demo origin listens; ``originUrl`` in the file says the same."""
TRIAL_CONFIG: Final = """\
# What `--origin` without a config file means: every query for a minute, for requests
# without credentials.
rules:
  - types: [Query]
    maxAge: 60
"""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A config, what to say about it, and how another process is told to read the same.

    ``demo`` is where the demo origin has to listen, None where there is another origin.
    """

    config: Config
    notices: tuple[Notice, ...]
    arguments: tuple[str, ...]
    described: str
    demo: Address | None


def choose(file: Path | None, origin: str | None, environment: str | None) -> Chosen:
    """The config of a command: ``file``; else one of ``DEFAULT_FILES`` here; else the demo.

    Raises:
        ConfigError: there is such a config and it cannot be used.
    """
    overrides = {"originUrl": origin} if origin else None
    if file is None:
        file = next((Path(name) for name in DEFAULT_FILES if Path(name).is_file()), None)
    arguments: list[str] = []
    if file is not None:
        arguments += ["--config", str(file)]
    if origin is not None:
        arguments += ["--origin", origin]
    if environment is not None:
        arguments += ["--environment", environment]
    if file is not None:
        loaded = load_config(file, environment, overrides)
        return _chosen(loaded, arguments, str(file), None)
    if environment is not None:
        problem = Problem(
            "the command line",
            None,
            "--environment",
            "needs a config file",
            "name one with --config",
        )
        raise ConfigError([problem])
    if origin is not None:
        loaded = load_config_text(TRIAL_CONFIG, "the trial config", None, overrides)
        return _chosen(loaded, arguments, "a trial config: every query for 60 s", None)
    loaded = load_config_text(DEMO_FILE.read_text(), "the demo config")
    return _chosen(loaded, arguments, "the demo", DEMO_LISTEN)


def _chosen(loaded: Loaded, arguments: list[str], described: str, demo: Address | None) -> Chosen:
    return Chosen(loaded.config, loaded.notices, tuple(arguments), described, demo)
