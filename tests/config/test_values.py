"""What good configs mean."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.config.support import ORIGIN, config, loaded
from vclgen import names
from vclgen.config import (
    Address,
    Config,
    SchemaFile,
    SchemaText,
    SchemaUrl,
    ScopeSource,
    load_config,
    load_config_text,
)
from vclgen.config.waiting import purge_wait
from vclgen.escape import header_name, quoted


def test_an_origin_is_enough():
    found = load_config_text("originUrl: https://api.example.com/graphql").config
    assert found.name == "shellac"
    assert found.rules == ()
    assert found.key_fields.defaults == (("id",), ("_id",), ("key",))
    assert found.default_scope == "ANONYMOUS"
    assert found.path == "/graphql"
    assert purge_wait(found) == 0.15
    assert found.max_body_size == found.max_request_size == 10 * 1024 * 1024
    assert found.varnish.nodes == ("http://127.0.0.1:8081",)
    assert found.controller.gateway_address == Address("127.0.0.1", 8090)


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("api.example.com/graphql", "https://api.example.com/graphql"),
        ("localhost:4000/graphql", "https://localhost:4000/graphql"),
        ("wa-api-endpoint", "https://wa-api-endpoint"),
        ("http://origin_1:4000/g?a=b", "http://origin_1:4000/g?a=b"),
        ("'http://[::1]:4000/g'", "http://[::1]:4000/g"),
    ],
)
def test_an_origin_without_a_scheme_is_https(written, url):
    assert config(f"originUrl: {written}").origin_url == url


@pytest.mark.parametrize(
    ("types", "meaning"),
    [
        ("[Post]", {"Post": None}),
        ("{Post: true}", {"Post": None}),
        ("{Query: [a, b]}", {"Query": {"a", "b"}}),
        ("{Query: {a: true, b: false}}", {"Query": {"a"}}),
        (
            "{Query: [a], Post: true, Tag: {x: true}, No: false}",
            {"Query": {"a"}, "Post": None, "Tag": {"x"}},
        ),
        ("[Post, {Query: [a]}, {Query: [b]}]", {"Post": None, "Query": {"a", "b"}}),
        ("[{Query: [a]}, Query]", {"Query": None}),
        ("[Query, {Query: [a]}]", {"Query": None}),
        ("[{Query: [a]}, {Query: {b: false}}]", {"Query": {"a"}}),
    ],
)
def test_all_spellings_of_types_mean_the_same_thing(types, meaning):
    (rule,) = config(f"rules: [{{types: {types}, maxAge: 1}}]").rules
    assert rule.types == meaning


def test_scopes_are_parsed_into_sources():
    text = "scopes: {A: 'cookie:wpe-Auth | header:Authorization', B: {definition: 'header:X'}}"
    scopes = config(text).scopes
    assert scopes["A"].sources == (
        ScopeSource("cookie", "wpe-Auth"),
        ScopeSource("header", "authorization"),
    )
    assert str(scopes["B"]) == "header:x"


def test_a_rule_without_scope_has_the_default_one():
    text = "defaultScope: PUBLIC\nrules: [{types: [A], maxAge: 1}, {types: [B], maxAge: 1, %s}]"
    found = config(text % "scope: ANONYMOUS")
    assert [found.scope_of(rule) for rule in found.rules] == ["PUBLIC", "ANONYMOUS"]


def test_key_fields_are_alternatives_and_may_be_compound():
    types = config("keyFields: {types: {A: [id, [b, c]], V: []}}").key_fields.types
    assert types == {"A": (("id",), ("b", "c")), "V": ()}


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("150ms", 0.15), ("60s", 60), ("5m", 300), ("2h", 7200), ("1d", 86400), ("7", 7)],
)
def test_durations(written, seconds):
    assert config(f"schemaPolling: {{interval: {written}}}").schema_polling.interval == seconds


@pytest.mark.parametrize(
    ("written", "size"),
    [("5", 5), ("5b", 5), ("1kb", 1024), ("2MB", 2 << 20), ("256m", 256 << 20), ("1g", 1 << 30)],
)
def test_sizes(written, size):
    assert config(f"maxBodySize: {written}").max_body_size == size


def test_addresses_print_as_they_are_written():
    text = "varnish: {listen: '[::]:80', adminListen: '[::]:81'}\n"
    found = config(text + "controller: {gatewayListen: '0.0.0.0:90', adminListen: 'ctl.local:91'}")
    assert f"{found.varnish.listen}" == "[::]:80"
    assert f"{found.controller.admin_listen}" == "ctl.local:91"
    assert found.varnish.nodes == ("http://[::1]:81",)
    assert found.controller.gateway_address == ("127.0.0.1", 90)


def test_header_names_ignore_case_and_repeats():
    found = config("varyHeaders: [Store, store, Content-Currency]\noriginHeaders: {X-A: b}")
    assert found.vary_headers == ("store", "content-currency")
    assert found.fetch_headers == {"x-a": "b"}


def test_introspection_headers_reach_other_requests_only_when_injected():
    text = "headers: {X-Schema: s}\noriginHeaders: {X-A: b}\n"
    assert config(text).fetch_headers == {"x-a": "b"}
    assert config(text + "injectHeaders: true").fetch_headers == {"x-schema": "s", "x-a": "b"}


def test_the_schema_is_a_url_a_file_or_sdl(tmp_path):
    (tmp_path / "a.graphql").write_text("type Query { a: Int }")
    file = tmp_path / "shellac.yaml"
    file.write_text(ORIGIN + "schema: ./a.graphql\nstateDir: state")
    found = load_config(file).config
    assert found.schema_source == SchemaFile(tmp_path / "a.graphql", "./a.graphql")
    assert found.secret_file == tmp_path / "state" / "varnish.secret"
    assert config("schema: http://x.io/g").schema_source == SchemaUrl("http://x.io/g")
    sdl = "type Query { a: Int }"
    assert config(f"schema: '{sdl}'").schema_source == SchemaText(sdl)


def test_an_environment_replaces_top_level_keys():
    text = "varnish: {storage: 1mb}\nenvironments: {p: {originUrl: p.io, varnish: {debug: 1}}}"
    good = text.replace("{debug: 1}", "{verdictStorage: 2mb}")
    found = load_config_text(ORIGIN + good, environment="p").config
    assert found.origin_url == "https://p.io"
    assert found.varnish.storage == 256 << 20
    assert found.varnish.verdict_storage == 2 << 20
    assert load_config_text(ORIGIN + good).config.varnish.storage == 1 << 20


def test_an_environment_may_name_the_service_by_its_old_key():
    text = "name: a\nenvironments: {p: {app: b}}"
    assert config(text, environment="p").name == "b"


def test_overrides_merge_mapping_by_mapping():
    text = "varnish: {storage: 1mb, listen: '127.0.0.1:80'}"
    options = {"originUrl": "http://o.io", "varnish": {"listen": "127.0.0.1:81"}}
    found = load_config_text(text, overrides=options).config
    assert found.origin_url == "http://o.io"
    assert found.varnish.storage == 1 << 20
    assert found.varnish.listen.port == 81


def test_anchors_and_merge_keys_work():
    text = "rules:\n- &r {types: [A], maxAge: 1}\n- {<<: *r, types: [B]}\n- *r\n"
    assert [list(rule.types) for rule in config(text).rules] == [["A"], ["B"], ["A"]]


def test_yaml_words_are_text_as_in_yaml_1_2():
    (rule,) = config("rules: [{types: [No, On, Yes], maxAge: 1}]").rules
    assert set(rule.types) == {"No", "On", "Yes"}


def test_a_config_cannot_be_changed():
    found = config("")
    with pytest.raises(ValueError, match="frozen"):
        found.name = "b"


CHANGES = [
    "name: b",
    "originUrl: b.io",
    "rules: [{types: [A], maxAge: 1}]",
    "rules: [{types: [A], maxAge: 2}]",
    "rules: [{types: {A: [b, c]}, maxAge: 2}]",
    "scopes: {A: 'header:a'}",
    "scopes: {A: 'cookie:a'}",
    "varyHeaders: [a]",
    "ignoreCookies: [a]",
    "keyFields: {types: {A: [b]}}",
    "keyFields: {types: {A: [[b, c]]}}",
    "keyFields: {types: {A: [b, c]}}",
    "debug: true",
]


def test_the_digest_changes_with_all_that_shapes_keys_or_vcl():
    digests = {config(text).digest for text in ["", *CHANGES]}
    assert len(digests) == len(CHANGES) + 1


@pytest.mark.parametrize(
    "text",
    [
        "stateDir: x",
        "schemaPolling: {interval: 5s}",
        "graphiql: 1",
        "varnish: {listen: '127.0.0.1:9', storage: 1mb}",
        "controller: {gatewayAddress: 'c:1'}",
    ],
)
def test_the_digest_ignores_what_shapes_nothing(text):
    assert config(text).digest == config("").digest


def test_the_digest_is_the_same_for_every_spelling():
    one = "rules: [{types: {Q: {b: true, a: true}}, maxAge: 1}]\nmaxBodySize: 1mb"
    other = "maxBodySize: 1048576\nrules: [{maxAge: 1, types: {Q: [a, b]}}]"
    assert config(one).digest == config(other).digest


def test_the_digest_is_the_same_in_every_process():
    text = f"{ORIGIN}rules: [{{types: {{Q: [a, b, c, d, e]}}, maxAge: 1}}]"
    code = "import sys; from vclgen.config import load_config_text as load\n"
    code += "print(load(sys.argv[1]).config.digest)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code, text],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert digests == {f"{config(text).digest}\n"}


def test_every_accepted_name_can_stand_in_vcl():
    text = "varyHeaders: [A-b_1]\npassHeaders: ['x-a-*']\nignoreCookies: [\"a!#$%&'+.^_`|~*\"]"
    found: Config = config(text)
    for header in (*found.vary_headers, *found.pass_headers, *names.PASS_HEADERS):
        header_name(header.removesuffix("*"))
    for cookie in (*found.ignore_cookies, *names.IGNORED_COOKIES):
        quoted(cookie)


def test_the_built_in_names_would_be_accepted_from_a_config():
    headers, cookies = list(names.PASS_HEADERS), list(names.IGNORED_COOKIES)
    found = config(f"passHeaders: {json.dumps(headers)}\nignoreCookies: {json.dumps(cookies)}")
    assert found.pass_headers == tuple(headers)
    assert found.ignore_cookies == tuple(cookies)


def test_relative_paths_of_a_text_start_at_its_folder():
    found = loaded("stateDir: s", source="/etc/shellac/shellac.yaml").config
    assert found.state_dir == Path("/etc/shellac/s")


def test_a_rule_can_name_operations_by_hash_alone():
    digest = "Ab" * 32
    found = config(f"rules: [{{maxAge: 1, operationHashes: [{digest}]}}]").rules[0]
    assert found.types == {}
    assert found.operation_hashes == ("ab" * 32,)


def test_roots_and_private_hints_have_the_names_they_are_given():
    found = config(
        "rootTypeNames: {query: query_root, subscription: null}\n"
        "scopes: {USER: 'header:x-user'}\ncacheControl: {privateScope: USER}"
    )
    assert found.root_type_names.query == "query_root"
    assert found.root_type_names.subscription is None
    assert found.cache_control.private_scope == "USER"


@pytest.mark.parametrize(
    "text",
    [
        "rootTypeNames: {query: Q}",
        "ignoreOriginCacheControl: false",
        "cacheIntrospection: true",
        "rules: [{types: [A], maxAge: 1}]",
    ],
)
def test_what_shapes_answers_changes_the_digest(text):
    assert config(text).digest != config("").digest
    assert config("ignoreOriginCacheControl: true\ncacheIntrospection: false") == config("")
