"""Config texts and what is expected of them."""

from textwrap import dedent

import pytest

from vclgen.config import Config, Loaded, load_config_text
from vclgen.errors import ConfigError, Problem

ORIGIN = "originUrl: https://api.example.com/graphql\n"


def loaded(text: str, **options: object) -> Loaded:
    """Load a text to which an origin is added if it names none."""
    text = dedent(text)
    whole = text if "originUrl" in text else ORIGIN + text
    return load_config_text(whole, **options)  # type: ignore[arg-type]


def config(text: str, **options: object) -> Config:
    return loaded(text, **options).config


def problems(text: str, **options: object) -> dict[str, Problem]:
    """The problems of a text, by key path."""
    with pytest.raises(ConfigError) as caught:
        loaded(text, **options)
    return {problem.path: problem for problem in caught.value.problems}


def only_problem(text: str, **options: object) -> Problem:
    found = problems(text, **options)
    assert len(found) == 1, "\n".join(map(str, found.values()))
    return next(iter(found.values()))
