import pytest

from tests.golden.cases import CASES, Case
from vclgen.compile import compile_vcl


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_vcl_is_the_one_that_was_read_and_committed(case: Case) -> None:
    assert case.rendered() == case.expected.read_text(), "see tests/golden/cases.py"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_vcl_compiles(case: Case) -> None:
    compile_vcl(case.expected.read_text())


def test_no_call_is_left_without_a_sub_and_no_sub_without_a_call() -> None:
    for case in CASES:
        words = [line.split() for line in case.expected.read_text().splitlines()]
        subs = {w[1] for w in words if w[:1] == ["sub"] and not w[1].startswith("vcl_")}
        calls = {w[1].rstrip(";") for w in words if w[:1] == ["call"]}
        assert subs == calls, case.name
