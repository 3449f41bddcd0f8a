"""Files that are no config at all are refused with a line and a reason."""

import pytest

from tests.config.support import ORIGIN, only_problem
from vclgen.config import load_config, load_config_text
from vclgen.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("", None, "holds no keys; start with `originUrl"),
        ("- a", None, "holds no keys"),
        ("a: [", 1, "is not plain YAML"),
        (ORIGIN + "name: !!js/function x", 2, "is not plain YAML"),
        (ORIGIN + "name: a\x07", None, "is not plain YAML"),
        ("[" * 5000, None, "nested too deeply"),
        ("name: &a [*a]", None, "unfold without bounds"),
    ],
)
def test_what_is_no_yaml_mapping_is_refused(text, line, part):
    with pytest.raises(ConfigError) as caught:
        load_config_text(text)
    (problem,) = caught.value.problems
    assert part in str(problem)
    assert problem.line == line


def test_a_yaml_bomb_is_refused_before_it_unfolds():
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    with pytest.raises(ConfigError, match="unfold without bounds"):
        load_config_text("\n".join(["a0: &a0 [x]", *levels]))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("path: /a\npath: /b", "path"),
        ("varnish: {storage: 1mb, storage: 2mb}", "varnish.storage"),
        ("rules:\n- {types: [A], maxAge: 1, maxAge: 2}", "rules[0].maxAge"),
    ],
)
def test_a_key_that_stands_twice_is_refused(text, path):
    problem = only_problem(text)
    assert problem.path == path
    assert "stands twice" in problem.what


def test_a_program_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="is a program, not data; write the same keys as YAML"):
        load_config(tmp_path / "stellate.ts")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: \xff")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load_config(tmp_path / "latin.yaml")
