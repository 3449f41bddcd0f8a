"""The direct profiles: what goes with them, what does not, and what their keys may hold."""

import pytest

from tests.config.support import config, only_problem, problems
from vclgen.config import Config, load_config_text
from vclgen.config.document import markdown
from vclgen.config.profiles import GATEWAY_ALONE

DIRECT = "originUrl: http://shop.test/graphql\nprofile: magento\n"
TAGGED = "originUrl: http://shop.test/graphql\nprofile: tagged\n"
REFUSED = "## Refused in a direct profile"
ORIGINS = "originUrl: http://a.test/graphql\norigins: "


def test_a_profile_alone_is_a_whole_config():
    found = load_config_text(DIRECT).config
    assert found.profile == "magento"
    assert found.direct.controller
    assert found.direct.purgers == ()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rules", "[{types: [Query], maxAge: 5}]"),
        ("scopes", "{USER: 'header:authorization'}"),
        ("defaultScope", "PUBLIC"),
        ("nonCacheable", "[Query.cart]"),
        ("passThroughOnly", "true"),
        ("ignoreOriginCacheControl", "true"),
        ("cacheErrors", "true"),
        ("removeCookies", "[a]"),
        ("globalIds", "true"),
        ("maxTags", "20"),
        ("lookupBodySize", "5kb"),
        ("blockIntrospection", "true"),
        ("staleIfError", "60"),
        ("originProbe", "{interval: 1s}"),
    ],
)
def test_a_key_of_the_gateway_is_refused_where_ignoring_it_would_be_wrong(key, value):
    problem = only_problem(f"{DIRECT}{key}: {value}\n")
    assert problem.path == key
    assert "direct profile" in problem.what


@pytest.mark.parametrize(
    "text",
    [
        "keyFields: {defaults: [id]}",
        "mutationPolicy: List",
        "varyHeaders: [x-group]",
        "cors: {origins: ['https://a.test']}",
        "rateLimits: [{name: a, groupBy: ip, limit: {budget: 1, window: 1m}}]",
        "clientMaxAge: 5",
        "clientBypass: true",
        "varnish: {proxyListen: '127.0.0.1:8083', trustedProxies: [10.0.0.0/8]}",
        "origins: [{url: 'http://two.test/graphql', weight: 3}]",
    ],
)
def test_what_means_the_same_there_stays(text):
    assert load_config_text(DIRECT + text).config


@pytest.mark.parametrize("text", ["direct: {swr: 5}", "tagTemplates: {A: ['a_{id}']}"])
def test_a_key_of_the_direct_profiles_is_refused_by_the_gateway(text):
    assert "belongs to the direct profiles" in only_problem(text).what


@pytest.mark.parametrize(
    ("text", "path", "what"),
    [
        ("originUrl: https://a.test/graphql\n", "originUrl", "plain HTTP"),
        ("originUrl: http://a.test/api\n", "originUrl", "names /api"),
        ("originUrl: http://a.test/graphql?a=b\n", "originUrl", "?a=b"),
        (f"{ORIGINS}[{{url: 'https://b.test/graphql'}}]\n", "origins[0].url", "plain HTTP"),
        (f"{ORIGINS}[{{url: 'http://b.test/api'}}]\n", "origins[0].url", "names /api"),
    ],
)
def test_an_origin_that_varnish_cannot_ask_is_refused(text, path, what):
    problem = only_problem(text + "profile: wpgraphql\n")
    assert problem.path == path
    assert what in problem.what


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("direct: {purgers: [10.0.0.1/8]}", "direct.purgers[0]"),
        ("direct: {purgers: ['shop.test']}", "direct.purgers[0]"),
        ("direct: {purgers: ['::ffff:10.0.0.1']}", "direct.purgers[0]"),
        ("direct: {marketingParameters: ['a&b']}", "direct.marketingParameters[0]"),
        (
            "direct: {designExceptions: [{userAgent: '(', value: a}]}",
            "direct.designExceptions[0].userAgent",
        ),
        ("direct: {maxTagHeader: 4kb}", "direct.maxTagHeader"),
        ("direct: {tlsHeader: host}", "direct.tlsHeader"),
        ("direct: {health: {window: 5, threshold: 6}}", "direct.health.threshold"),
        ("direct: {tags: {header: a}}", "direct.tags"),
        ("tagTemplates: {A: ['a b']}", "tagTemplates.A[0]"),
        ("tagTemplates: {A: ['a_{0}']}", "tagTemplates.A[0]"),
        ("tagTemplates: {A: []}", "tagTemplates.A"),
        ("direct: {controller: false}\ntagTemplates: {A: [a]}", "tagTemplates"),
        ("direct: {controller: false}\npurge: {wait: all}", "purge"),
        ("originHeaders: {x-secret: 'a\"b'}", "originHeaders.x-secret"),
    ],
)
def test_a_value_that_cannot_be_is_named(text, path):
    assert set(problems(DIRECT + text)) == {path}


def test_a_tagging_origin_has_to_say_where_its_tags_are():
    problem = only_problem("originUrl: http://a.test/graphql\nprofile: tagged\n")
    assert problem.path == "direct.tags"
    assert "Surrogate-Key" in problem.fix


def test_networks_and_paths_are_kept_in_one_form():
    found = config(DIRECT + "direct: {purgers: [10.0.0.1, 'fe80::/64'], passPaths: [/a/, /a]}")
    assert list(map(str, found.direct.purgers)) == ["10.0.0.1/32", "fe80::/64"]
    assert found.direct.pass_paths == ("/a",)


def test_templates_of_tags_change_no_object_and_so_no_digest():
    changed = config(DIRECT + "tagTemplates: {A: ['a_{id}']}")
    assert changed.digest == config(DIRECT).digest
    assert config(DIRECT + "direct: {swr: 5}").digest != changed.digest


@pytest.mark.parametrize("written", ["xkey", "XKey"])
def test_tags_may_stand_in_xkey(written):
    text = f"{TAGGED}direct: {{tags: {{header: {written}}}}}"
    assert load_config_text(text).config.direct.tags.header == "xkey"


@pytest.mark.parametrize("written", ["xkey-purge", "X-Shellac-Tags", "x-hashtwo", "connection"])
def test_tags_may_not_stand_in_a_header_of_ours(written):
    problem = only_problem(f"{TAGGED}direct: {{tags: {{header: {written}}}}}")
    assert problem.path == "direct.tags.header"


def test_the_servers_that_vcl_names_are_in_the_digest():
    several = config(f"{ORIGINS}[{{url: 'http://b.test/graphql'}}]\nprofile: magento")
    alone = config("originUrl: http://a.test/graphql\nprofile: magento")
    assert several.digest != alone.digest


@pytest.mark.parametrize("name", GATEWAY_ALONE)
def test_a_key_that_is_refused_there_is_said_to_be(name):
    assert f"| `{Config.model_fields[name].alias}` |" in markdown().partition(REFUSED)[2]
