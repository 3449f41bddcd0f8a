import re

import pytest

from tests.golden.cases import CASES, Case
from tests.vtc.without_modules import without_modules
from vclgen.compile import compile_include, compile_vcl


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_vcl_is_the_one_that_was_read_and_committed(case: Case) -> None:
    assert case.rendered() == case.expected.read_text(), "see tests/golden/cases.py"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_vcl_compiles(case: Case) -> None:
    (compile_include if case.is_include else compile_vcl)(case.expected.read_text())


def test_what_is_compiled_with_a_varnish_without_modules_needs_none() -> None:
    """``scripts/varnish_versions.sh`` does so."""
    for case in CASES:
        if not case.is_include and case.name != "varnish_6_0":
            without_modules(case.expected.read_text())


def test_no_call_is_left_without_a_sub_and_no_sub_without_a_call() -> None:
    for case in CASES:
        vcl = case.expected.read_text()
        subs = set(re.findall(r"^sub (?!vcl_)(\w+)", vcl, re.MULTILINE))
        calls = set(re.findall(r"\bcall (\w+);", vcl))
        assert subs == calls, case.name
