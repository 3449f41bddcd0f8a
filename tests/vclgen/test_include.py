"""What an include may not do to the VCL that includes it, read from the rendered text."""

from __future__ import annotations

import re

import pytest

from tests.golden.cases import CASES, Case
from vclgen.include import included

INCLUDES = [case for case in CASES if case.is_include]


def subs(vcl: str) -> dict[str, str]:
    """The body of every sub by name."""
    found = re.findall(r"(?m)^sub (\w+) \{(?: ([^\n]*) \}|\n((?s:.*?))^\})$", vcl)
    return {name: line or lines for name, line, lines in found}


@pytest.mark.parametrize("case", INCLUDES, ids=lambda case: case.name)
def test_every_name_that_it_defines_is_its_own(case: Case) -> None:
    vcl = case.rendered()
    names = re.findall(r"(?m)^(?:sub|acl|backend|import \w+ as) (\w+)", vcl)
    assert len(names) > 40
    assert [name for name in names if not name.startswith(("shellac_", "vcl_"))] == []
    kept = re.findall(r'\bglobal_[gs]et\("(\w+)"', vcl)
    assert kept
    assert [name for name in kept if not name.startswith("shellac_")] == []


@pytest.mark.parametrize("case", INCLUDES, ids=lambda case: case.name)
def test_the_hosts_vcl_init_runs_after_ours(case: Case) -> None:
    found = subs(case.rendered())
    waiting = ["vcl_init"]
    seen = set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        assert "return" not in found[name], name
        waiting += re.findall(r"call (\w+);", found[name])
    assert "shellac_admin_init" in seen


@pytest.mark.parametrize("case", INCLUDES, ids=lambda case: case.name)
def test_each_of_varnishs_subs_asks_whose_the_request_is(case: Case) -> None:
    for name, body in subs(case.rendered()).items():
        if name.startswith("vcl_") and name != "vcl_init":
            assert re.search(r"if \((be)?req\.http\.X-Shellac-Own && ", body), name


def test_strings_and_comments_are_not_renamed() -> None:
    vcl = """\
import std;
backend origin { .host = "origin"; }  # the origin
sub a_b { set req.http.origin = "origin a_b " + {"std.log "}; std.log("call a_b;"); }
sub vcl_recv { call a_b; set req.backend_hint = origin; }
sub vcl_hash { if (local.socket != "admin") { return (lookup); } }
"""
    found = included(vcl, {"admin": 81}).splitlines()[1:]
    assert found == [
        "import std as shellac_std;",
        'backend shellac_origin { .host = "origin"; }  # the origin',
        'sub shellac_a_b { set req.http.origin = "origin a_b " + {"std.log "}; '
        'shellac_std.log("call a_b;"); }',
        "sub shellac_recv { call shellac_a_b; set req.backend_hint = shellac_origin; }",
        "sub shellac_hash { if (shellac_std.port(local.ip) != 81) { return (lookup); } }",
    ]
