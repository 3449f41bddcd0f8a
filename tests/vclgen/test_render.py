"""From plan to VCL, and from an error of varnishd back to the template."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vclgen.compile import compile_vcl, origin_of
from vclgen.config import Config, load_config_text
from vclgen.errors import TemplateError, VclError
from vclgen.escape import header_name, quoted
from vclgen.plan import GatewayPlan, gateway_plan
from vclgen.render import render, vcl_of


def loaded(extra: str) -> Config:
    return load_config_text(f"originUrl: http://a.example/graphql\n{extra}").config


def plan(extra: str = "") -> GatewayPlan:
    return gateway_plan(loaded(extra))


def test_the_same_config_renders_the_same_text() -> None:
    assert render(plan()) == render(plan())


def test_each_line_knows_its_template() -> None:
    text = render(plan())
    line = next(n for n, t in enumerate(text.splitlines(), 1) if t.startswith("sub scopes_recv"))
    origin = origin_of(text, line)
    assert origin is not None
    assert origin.template == "templates/features/scopes.vcl.j2"
    assert origin_of(text, 1_000_000) is None


@pytest.mark.parametrize("profile", ["gateway", "magento"])
def test_what_stands_before_all_features_is_of_the_template_that_names_them(profile: str) -> None:
    text = vcl_of(loaded(f"profile: {profile}"))
    origin = origin_of(text, 1)
    assert origin is not None
    assert origin.template == f"templates/{'' if profile == 'gateway' else 'direct/'}main.vcl.j2"


def test_a_vcl_error_names_template_and_line() -> None:
    broken = render(plan()).replace("sub accept_recv {", "sub accept_recv {\n    no such thing;")
    with pytest.raises(VclError) as caught:
        compile_vcl(broken)
    assert "is from templates/features/accept.vcl.j2: no such thing;" in str(caught.value)


def test_a_missing_varnishd_says_what_to_do() -> None:
    with pytest.raises(VclError, match="make setup"):
        compile_vcl(render(plan()), varnishd="/nonexistent/varnishd")


def test_a_feature_that_is_off_leaves_nothing() -> None:
    assert "bypass_recv" not in render(plan())
    assert "call bypass_recv" in render(plan("bypassCacheHeaders: [{name: x-preview}]"))


def test_a_lease_counts_where_a_node_can_miss_purges() -> None:
    shared = "purge: {log: 'redis://redis:6379/0', wait: WAIT}"
    plans = [plan(), plan(shared.replace("WAIT", "local")), plan(shared.replace("WAIT", "all"))]
    assert [p.leased for p in plans] == [False, True, True]
    assert [p.hits_need_lease for p in plans] == [False, False, True]


def test_a_keyed_header_of_an_unkeyed_family_does_not_pass() -> None:
    pattern = plan("varyHeaders: [x-hasura-role]").unkeyed_headers
    import re

    assert re.match(f"(?i)^{pattern}:.*$", "X-Hasura-User-Id: 5")
    assert not re.match(f"(?i)^{pattern}:.*$", "X-Hasura-Role: editor")
    assert re.match(f"(?i)^{plan().unkeyed_headers}:.*$", "X-Hasura-Role: editor")
    assert not re.match(f"(?i)^{plan().unkeyed_headers}:.*$", "User-Agent: store")


@given(st.text(max_size=40))
def test_a_text_is_refused_or_means_itself(text: str) -> None:
    try:
        literal = quoted(text)
    except TemplateError:
        assert '"' in text or not all(" " <= c <= "~" for c in text)
    else:
        assert literal == f'"{text}"'


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a.b", "ä", 'a"', "a\n"])
def test_an_odd_header_name_is_refused(name: str) -> None:
    with pytest.raises(TemplateError, match="header name"):
        header_name(name)
