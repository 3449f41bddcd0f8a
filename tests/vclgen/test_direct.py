"""What is decided for the direct profiles, and how varnishd is started for them."""

import re
from pathlib import Path

import pytest

from controller.core.tags import service_tag, wire
from vclgen.config import Config, load_config_text
from vclgen.direct.plan import DirectPlan, direct_plan, tag_templates
from vclgen.direct.profiles import TagList
from vclgen.render import vcl_of
from vclgen.start import varnishd_arguments, varnishd_parameters

ORIGIN = "originUrl: http://127.0.0.1:8000/graphql\n"


def config(text: str) -> Config:
    return load_config_text(ORIGIN + text).config


def plan(text: str) -> DirectPlan:
    return direct_plan(config(text))


def test_everything_is_purged_softly_by_the_key_that_the_controller_knows() -> None:
    name = "some-shop"
    assert plan(f"name: {name}\nprofile: magento").service_key == wire(name, service_tag(name))


def test_a_config_that_shapes_keys_or_tags_differently_hits_nothing_of_before() -> None:
    texts = [
        "profile: magento",
        "profile: magento\nvaryHeaders: [x-group]",
        "profile: magento\ndirect: {varyCookies: [ab]}",
        "profile: magento\ndirect: {serve: graphql}",
        "profile: wpgraphql",
        "profile: tagged\ndirect: {tags: {header: a}}",
        "profile: tagged\ndirect: {tags: {header: a, separator: comma}}",
    ]
    assert len({plan(text).shape for text in texts}) == len(texts)
    assert plan("profile: magento").shape == plan("profile: magento\ndirect: {swr: 1}").shape


def test_what_cors_takes_out_of_the_key_makes_new_keys() -> None:
    with_cors = plan("profile: magento\ncors: {origins: ['https://a.test']}")
    assert with_cors.shape != plan("profile: magento").shape
    assert "origin" not in with_cors.fetch_headers.split("|")
    assert with_cors.page_headers == ("origin",)
    keyed = plan("profile: magento\nvaryHeaders: [origin]\ncors: {origins: ['https://a.test']}")
    assert "origin" in keyed.fetch_headers.split("|")


def test_each_server_has_a_name_and_its_weight() -> None:
    found = plan("profile: magento\norigins: [{url: 'http://10.0.0.6/graphql', weight: 3}]")
    assert [(s.name, str(s.address), s.weight) for s in found.servers] == [
        ("origin", "127.0.0.1:8000", 1),
        ("origin_2", "10.0.0.6:80", 3),
    ]
    assert not plan("profile: magento").several


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("{header: Surrogate-Key}", TagList("surrogate-key", "space")),
        ("{header: Cache-Tags}", TagList("cache-tags", "comma")),
        ("{header: Cache-Tags, separator: space}", TagList("cache-tags", "space")),
        ("{header: Cache-Groups, separator: space}", TagList("cache-groups", "structured")),
        ("{header: X-Mine}", TagList("x-mine", "space")),
    ],
)
def test_the_separator_of_a_known_header_is_known(tags: str, expected: TagList) -> None:
    assert plan(f"profile: tagged\ndirect: {{tags: {tags}}}").tags == expected


@pytest.mark.parametrize(
    ("pattern", "tags"),
    [
        ("((^|,)cat_p_1(,|$))", ["cat_p_1"]),
        ("((^|,)cat_p_1(,|$))|((^|,)cms_b_a.b-c(,|$))", ["cat_p_1", "cms_b_a.b-c"]),
        (".*", None),
        ("((^|,)cat_p_.*(,|$))", None),
        ("((^|,)a(,|$))((^|,)b(,|$))", None),
        ("cat_p_1", None),
        ("((^|,)(,|$))", None),
    ],
)
def test_a_pattern_of_magento_is_read_as_tags_or_not_at_all(
    pattern: str, tags: list[str] | None
) -> None:
    """As templates/direct/purges.vcl.j2 does it: what is left over is no list of tags."""
    one = re.compile(plan("profile: magento").pattern_tag)
    left = one.sub("", pattern)
    assert (one.findall(pattern) if left == "" else None) == tags


@pytest.mark.parametrize("size", ["8kb", "64kb", "100000", "1mb"])
def test_a_list_of_tags_has_room_wherever_the_vcl_takes_it(size: str) -> None:
    text = f"profile: magento\ndirect: {{maxTagHeader: {size}}}"
    parameters = varnishd_parameters(config(text))
    most = plan(text).max_tag_header
    assert int(parameters["http_resp_hdr_len"]) == 4 * most
    assert int(parameters["http_resp_size"]) > 4 * most
    assert int(parameters["workspace_backend"]) > 2 * int(parameters["http_resp_size"]) + 3 * most
    kilobytes = int(re.fullmatch(r"\^\(\?s:\.\{1024\}\)\{(\d+)\}\.", plan(text).long_list)[1])  # type: ignore[index]
    assert most <= kilobytes * 1024 < most + 1024


def test_the_start_line_has_no_verdicts_and_knows_includes() -> None:
    arguments = varnishd_arguments(config("profile: magento"), Path("a.vcl"))
    assert not any("verdict" in argument for argument in arguments)
    assert any(argument.startswith("feature=+esi") for argument in arguments)
    without = varnishd_parameters(config("profile: magento\ndirect: {esi: false}"))
    assert "feature" not in without


def test_what_is_off_leaves_nothing() -> None:
    """Of a shop: no probe, no includes, no marketing parameters, no paths, GraphQL alone."""
    off = "{controller: false, serve: graphql, health: {enabled: false}}"
    text = vcl_of(config(f"profile: magento\ndirect: {off}"))
    on = vcl_of(config("profile: magento\ndirect: {purgers: [127.0.0.1]}"))
    for word in (
        ".probe",
        "esi",
        "utm_",
        "checkout",
        "pages_",
        "backend passes",
        "acl ",
        "healthy",
    ):
        assert word in on, word
        assert word not in text, word


def test_templates_of_the_config_replace_the_profiles_own() -> None:
    found = tag_templates(config('profile: magento\ntagTemplates: {CmsPage: ["cms_p_{id}"]}'))
    assert found["CmsPage"] == ("cms_p_{id}",)
    assert found["SimpleProduct"] == ("cat_p_{id}", "cat_p")
    assert tag_templates(config("profile: wpgraphql")) == {}
