"""Keys that are known and not honoured: warned about, refused, or accepted because they are off."""

import pytest

from tests.config.support import config, loaded, only_problem
from vclgen.config import Config
from vclgen.config.keys import REFUSED, WARNED
from vclgen.config.problems import keys_at

STELLATE_KEYS = (
    *("name", "app", "originUrl", "schema", "schemaPolling", "headers", "injectHeaders"),
    *("passThroughOnly", "rules", "nonCacheable", "scopes", "keyFields", "rootTypeNames"),
    *("mutationPolicy", "bypassCacheHeaders", "ignoreOriginCacheControl", "cacheIntrospection"),
    *("blockIntrospection", "partialQueryCaching", "queryDepthLimit", "security", "retries"),
    *("persistedOperations", "removeCookies", "requestSigning", "rateLimits", "environments"),
    *("graphiql", "devPortal", "customAttributes", "userId", "variableLogging", "schemaView"),
    *("httpVersion", "complexity", "description", "rateLimit", "enablePlayground"),
    "getConsumerIdentifiers",
)


@pytest.mark.parametrize("key", STELLATE_KEYS)
def test_every_key_of_stellate_is_known(key):
    known = {*keys_at(()), *WARNED, *(path[0] for path in REFUSED), "environments", "app"}
    assert key in known


@pytest.mark.parametrize("key", sorted(WARNED))
def test_a_key_without_effect_is_noticed_and_changes_nothing(key):
    result = loaded(f"path: /a\n{key}: {{x: 1}}\n")
    (notice,) = result.notices
    assert (notice.path, notice.line) == (key, 3)
    assert str(notice).startswith(f"shellac.yaml:3: {key}: has no effect here: it ")
    assert result.config == config("path: /a")


ON = [
    ("partialQueryCaching: {enabled: true}", "a query is cached whole"),
    ("persistedOperations: {apq: true, sendHashToOrigin: false}", "let the origin resolve them"),
    ("queryDepthLimit: 5", "enforce it at the origin"),
    ("rateLimit: {name: a}", "an entry of rateLimits"),
    ("getConsumerIdentifiers: f", "ip, header or cookie in rateLimits"),
    ("requestSigning: {secret: s}", "originHeaders"),
    ("complexity: {maxComplexity: 5}", "before Shellac"),
    ("unknownOperations: purgeAll", "write pass"),
]
OFF = [
    "partialQueryCaching: {enabled: false, experimentalDeferSupport: true}",
    "persistedOperations: {apq: false, sendHashToOrigin: null, rejectInvalidHashes: false}",
    "security: {depth: {max: 5, enabled: false}, directives: null}",
    "security: {suggestionsInErrors: {mode: mask, enabled: false}}",
    "security: false",
    "queryDepthLimit: null",
    "rateLimits: []",
    "rateLimits: [null, {name: a, state: disabled, limit: {budget: 5}}]",
    "rateLimits: false",
    "requestSigning: {secret: null}",
    "complexity: {}",
    "blockIntrospection: false",
    "mutations: {}",
    "globalIds: false",
    "cors: false",
    "cors: {enabled: false, origins: [nonsense]}",
    "unknownOperations: pass",
    "rules: []\nmutationPolicy: null",
]


@pytest.mark.parametrize(("text", "fix"), ON)
def test_what_is_not_built_is_refused_with_a_way_out(text, fix):
    problem = only_problem(text)
    assert problem.path == text.partition(":")[0]
    assert "yet" in problem.what or "not built" in problem.what
    assert fix in problem.fix


def test_every_refused_key_is_tried():
    tried = {text.partition(":")[0] for text, _ in ON}
    assert tried == {path[0] for path in REFUSED if len(path) == 1}


@pytest.mark.parametrize("text", OFF)
def test_what_is_off_is_accepted_and_changes_nothing(text):
    result = loaded(text)
    assert result.config == config("")
    assert result.notices == ()


@pytest.mark.parametrize("key", ["rules", "scopes", "keyFields", "schema", "debug", "varnish"])
def test_null_means_absent(key):
    assert config(f"{key}: null") == config("")


def test_no_key_is_both_honoured_and_not():
    honoured = set(keys_at(()))
    assert not honoured & (set(WARNED) | {path[0] for path in REFUSED if len(path) == 1})
    assert len(honoured) == len(Config.model_fields)
