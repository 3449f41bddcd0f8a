"""Whatever a config says is refused, or stands in VCL and means itself there: asked of varnishd."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.vclgen.judged import Judge, running_judge
from vclgen import escape
from vclgen.compile import compile_vcl
from vclgen.config import Config, load_config_text
from vclgen.errors import ConfigError, TemplateError
from vclgen.plan import gateway_plan
from vclgen.render import render

PRINTABLE = "".join(chr(c) for c in range(32, 127))
HOSTILE = ('"', "\\", "%22", "\n", '"} //', "{{", "%}", "#", "/*", '" + req.url + "', "\\n", "$1")
ODD = [".*", "a|b", "(?i)x", "[^a]", "a{3}", "^a$", "a+", "\\d", "\\Q", "%41", "a-b", "a.b", "~"]
EXAMPLES = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
BATCH = 30
"""Values in one VCL."""

anything = st.one_of(
    st.text(max_size=30),
    st.text(PRINTABLE, max_size=30),
    st.sampled_from([*HOSTILE, *ODD]),
    st.builds(str.__add__, st.text(string.ascii_letters, max_size=5), st.sampled_from(HOSTILE)),
)
near_names = st.one_of(anything, st.from_regex(r"[A-Za-z][A-Za-z0-9_.!*'-]{0,20}", fullmatch=True))
literal_texts = st.text(PRINTABLE.replace('"', ""), max_size=40)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with running_judge() as judge:
        yield judge


@EXAMPLES
@given(st.lists(st.one_of(literal_texts, st.sampled_from(ODD)), min_size=BATCH, max_size=BATCH))
@example([text for text in (*HOSTILE, *ODD) if '"' not in text and "\n" not in text])
def test_a_quoted_text_means_itself(judge: Judge, texts: list[str]) -> None:
    assert judge.texts([escape.quoted(text) for text in texts]) == texts


@EXAMPLES
@given(st.lists(st.one_of(literal_texts, st.sampled_from(ODD)), min_size=BATCH, max_size=BATCH))
@example(ODD)
def test_a_regex_made_of_a_text_matches_that_text_alone(judge: Judge, texts: list[str]) -> None:
    others = [*texts[1:], "", *[f"{text}x" for text in texts], *[text.upper() for text in texts]]
    pairs = [(other, text) for text, other in zip(texts * 3, others, strict=False)]
    pairs += [(text, text) for text in texts]
    asked = [(escape.quoted(one), f'"^{escape.regex(text)}$"') for one, text in pairs]
    assert judge.matches(asked) == [one == text for one, text in pairs]


@given(st.one_of(anything, st.sampled_from(HOSTILE)))
def test_what_could_end_a_string_is_refused_everywhere(text: str) -> None:
    if '"' in text or any(not " " <= c <= "~" for c in text):
        for way in (escape.quoted, escape.inside, escape.regex):
            with pytest.raises(TemplateError, match="cannot stand in VCL"):
                way(text)
    else:
        assert escape.quoted(text) == f'"{text}"'


NO_NUMBERS = st.sampled_from([float("nan"), float("inf"), float("-inf")])


@given(st.one_of(st.text(), st.booleans(), st.none(), NO_NUMBERS))
def test_only_numbers_are_printed_as_numbers_and_own_code_as_code(value: object) -> None:
    with pytest.raises(TemplateError):
        escape.number(value)
    with pytest.raises(TemplateError):
        escape.own_code(value)


@given(st.integers(0, 10**9))
def test_a_number_is_printed_without_an_exponent(thousandths: int) -> None:
    printed = escape.number(thousandths / 1000)
    assert re.fullmatch(r"\d+(\.\d{1,3})?", printed)
    assert float(printed) == thousandths / 1000


def accepted(key: str, values: list[str]) -> list[str]:
    """Those that a config with this key takes; all others are refused with the key's name."""
    refused = {value: refusal(key, value) for value in values}
    assert all(text is None or key in text for text in refused.values()), refused
    return [value for value, text in refused.items() if text is None]


def refusal(key: str, value: str) -> str | None:
    """Why a config cannot say this, None if it can."""
    try:
        configured({key: SHAPES[key](value)})
    except ConfigError as error:
        return str(error)
    return None


def configured(keys: dict[str, object]) -> Config:
    config = {"originUrl": "https://a.example/graphql", **keys}
    return load_config_text(yaml.safe_dump(config, allow_unicode=True)).config


@pytest.mark.parametrize("path", ['/var/"; }', "/var/ä", "/var/a\nb"])
def test_a_path_of_the_secret_that_vcl_cannot_write_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="secretFile"):
        configured({"varnish": {"secretFile": path}})


LISTS = ("varyHeaders", "passHeaders", "ignoreHeaders", "ignoreCookies", "bypassCacheHeaders")
SHAPES: dict[str, Callable[[str], Any]] = {
    **{key: lambda value: [value] for key in LISTS},
    "bypassCacheHeaders": lambda value: [{"name": value}],
    "scopes": lambda value: {"A": f"header:{value}", "B": f"cookie:{value}"},
    **{key: lambda value: value for key in ("name", "path", "lookupBodySize", "maxRequestSize")},
}


@EXAMPLES
@given(st.lists(near_names, min_size=BATCH, max_size=BATCH))
@example([*HOSTILE, *ODD, "x-a", "/a", "1mb"])
def test_whatever_a_config_may_say_compiles(values: list[str]) -> None:
    """All that is accepted of a batch stands in one VCL, each value in the place of one key."""
    different = list({value.lower(): value for value in values}.values())
    keys: dict[str, object] = {}
    for place, key in enumerate(LISTS):
        taken = accepted(key, different[place :: len(LISTS)])
        keys = with_key(keys, key, [item for value in taken for item in SHAPES[key](value)])
    sources = accepted("scopes", different[len(LISTS) :: 7])
    keys = with_key(
        keys, "scopes", {f"S{n}": f"header:{v}|cookie:{v}" for n, v in enumerate(sources)}
    )
    for key in ("name", "path", "lookupBodySize", "maxRequestSize"):
        for value in accepted(key, different):
            keys = with_key(keys, key, value)
    compile_vcl(render(gateway_plan(configured(keys))))


def with_key(keys: dict[str, object], key: str, value: object) -> dict[str, object]:
    """The config with one more key, or without it where that contradicts the others."""
    try:
        configured({**keys, key: value})
    except ConfigError:
        return keys
    return {**keys, key: value}


@EXAMPLES
@given(st.lists(st.from_regex(r"[A-Za-z0-9!#$%&'+.^_`|~-]{1,20}", fullmatch=True), min_size=10))
@example(["a%41", "a.b", "a|b", "a+", "^a", "$", "a'b", "!#$%&", "_ga"])
def test_an_ignored_cookie_is_that_one_alone(judge: Judge, names: list[str]) -> None:
    pattern = escape.quoted(gateway_plan(configured({"ignoreCookies": names})).ignored_cookies)
    others = [f"0{name}0" for name in names]
    asked = [(escape.quoted(name), pattern) for name in [*names, *others]]
    expected = [True] * len(names) + [other in names for other in others]
    assert judge.matches(asked) == expected


@EXAMPLES
@given(
    st.lists(st.from_regex(r"/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,15}", fullmatch=True), min_size=10)
)
@example(["/a.b", "/a~b", "/a-b", "/graphql.v2"])
def test_a_path_is_that_one_alone(judge: Judge, paths: list[str]) -> None:
    asked = []
    expected = []
    for path, other in zip(paths, [*paths[1:], "/"], strict=True):
        pattern = escape.quoted(gateway_plan(configured({"path": path})).path_pattern)
        for url, meant in (
            (path, True),
            (f"{path}?query=a", True),
            (f"{path}x", False),
            (f"x{path}", False),
            (path.replace(".", "x"), "." not in path),
            (other, other == path),
        ):
            asked.append((escape.quoted(url), pattern))
            expected.append(meant)
    assert judge.matches(asked) == expected
