"""cors, rateLimits, blockIntrospection, security: what is taken, and what is said of the rest."""

import pytest

from tests.config.support import config, only_problem
from vclgen.plan import GatewayPlan, gateway_plan

LIMIT = "limit: {type: RequestCount, budget: 10, window: 1m}"


def plan(text: str) -> GatewayPlan:
    return gateway_plan(config(text))


def limits(*entries: str) -> str:
    return "rateLimits:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)


def limit(more: str) -> str:
    """One limit; ``more`` stands before its budget."""
    return limits(f"name: a, {more}, {LIMIT}")


BAD = [
    ("cors: true", "cors", "is not a section", "each on a line"),
    ("cors: {credentials: true}", "cors.origins", "is missing", "add it"),
    ("cors: {origins: []}", "cors.origins", "is empty", "name at least one"),
    ("cors: {origins: ['*'], credentials: true}", "cors", "act as its visitor", "name the origins"),
    ("cors: {origins: ['null']}", "cors.origins[0]", "sandboxed", "name the real origins"),
    ("cors: {origins: [shop.example]}", "cors.origins[0]", "is no origin", "as browsers do"),
    ("cors: {origins: ['https://shop.example/']}", "cors.origins[0]", "is no origin", "path"),
    ("cors: {origins: ['https://Shop.example']}", "cors.origins[0]", "is no origin", "lower case"),
    ("cors: {origins: ['https://*']}", "cors.origins[0]", "is no origin", "*.example.com"),
    ("cors: {origins: ['https://*.com']}", "cors.origins[0]", "is no origin", "*.example.com"),
    ("cors: {origins: ['https://a-*.example.com']}", "cors.origins[0]", "is no origin", "*."),
    ("cors: {origins: ['https://a.example\"']}", "cors.origins[0]", "is no origin", "browsers"),
    ("cors: {origins: ['https://a.example:443']}", "cors.origins[0]", "leave out", "remove"),
    ("cors: {origins: ['*'], methods: [PUT]}", "cors.methods[0]", "is not known", "'GET'"),
    ("cors: {origins: ['*'], headers: ['a b']}", "cors.headers[0]", "no header name", "letters"),
    (
        "cors: {origins: ['*'], exposeHeaders: [x-shellac-a]}",
        "cors.exposeHeaders[0]",
        "internal",
        "another",
    ),
    ("cors: {origin: '*', origins: ['*']}", "cors.origin", "is not a key", "origins"),
    ("cors: {origins: ['*'], maxAge: soon}", "cors.maxAge", "no duration", "60s"),
    (limits(f"groupBy: ip, {LIMIT}"), "rateLimits[0].name", "is missing", "add it"),
    (limits(f"name: 'a\"b', groupBy: ip, {LIMIT}"), "rateLimits[0].name", "is no name", "ASCII"),
    (limits(f"name: 'a\\b', groupBy: ip, {LIMIT}"), "rateLimits[0].name", "is no name", "ASCII"),
    (limits(f"name: 'a}}b', groupBy: ip, {LIMIT}"), "rateLimits[0].name", "is no name", "{ }"),
    (
        limits(f"name: a, groupBy: ip, {LIMIT}", f"name: a, groupBy: ip, {LIMIT}"),
        "rateLimits",
        "names two limits",
        "of its own",
    ),
    (limits(f"name: a, {LIMIT}"), "rateLimits[0].groupBy", "is missing", "add it"),
    (limit("groupBy: path"), "rateLimits[0].groupBy", "no way to group", "{header: NAME}"),
    (limit("groupBy: {jwt: sub}"), "rateLimits[0].groupBy", "jwt is not built", "ip, header"),
    (
        limit("groupBy: {consumerIdentifier: a}"),
        "rateLimits[0].groupBy",
        "consumerIdentifier is not built",
        "ip, header",
    ),
    (limit("groupBy: {header: a, cookie: b}"), "rateLimits[0].groupBy", "no way to group", "ip"),
    (limit("groupBy: {header: 'a b'}"), "rateLimits[0].groupBy.header", "no header name", "letter"),
    (limit("groupBy: {cookie: 'a;b'}"), "rateLimits[0].groupBy.cookie", "no cookie name", "exact"),
    (limit("groupBy: ip, state: on"), "rateLimits[0].state", "is not known", "dryRun"),
    (limit("groupBy: ip, allowList: [10.0.0.1/8]"), "rateLimits[0]", "host bits", "networks"),
    (limit("groupBy: ip, allowList: [localhost]"), "rateLimits[0]", "does not appear", "networks"),
    (
        limit("groupBy: {header: a}, allowList: ['\"']"),
        "rateLimits[0].allowList[0]",
        "no value",
        "ASCII",
    ),
    (limits("name: a, groupBy: ip"), "rateLimits[0].limit", "is missing", "add it"),
    (
        limits("name: a, groupBy: ip, limit: {type: QueryComplexity, budget: 5, window: 1m}"),
        "rateLimits[0].limit.type",
        "not built yet",
        "count requests",
    ),
    (
        limits("name: a, groupBy: ip, limit: {budget: 0, window: 1m}"),
        "rateLimits[0].limit.budget",
        "out of range",
        "at least 1",
    ),
    (
        limits("name: a, groupBy: ip, limit: {budget: 5, window: 1 minute}"),
        "rateLimits[0].limit.window",
        "no duration",
        "60s",
    ),
    (
        limits("name: a, groupBy: ip, limit: {budget: 5, window: 2d}"),
        "rateLimits[0].limit.window",
        "no usable window",
        "24h",
    ),
    ("blockIntrospection: 1", "blockIntrospection", "is not true or false", "without quotes"),
    ("security: {requestSize: 5}", "security.requestSize", "is not a section", "each on a line"),
    ("security: {requestSize: {maxBytes: 5}}", "security.requestSize.enabled", "missing", "add"),
    ("security: {depth: {max: 5, enabled: true}}", "security.depth", "yet", "at the origin"),
    ("security: {aliases: {max: 5, enabled: true}}", "security.aliases", "yet", "at the origin"),
    ("security: {directives: {max: 5, enabled: true}}", "security.directives", "yet", "origin"),
    (
        "security: {suggestionsInErrors: {mode: mask, enabled: true}}",
        "security.suggestionsInErrors",
        "yet",
        "at the origin",
    ),
    ("security: {depths: {max: 5}}", "security.depths", "is not a key", ""),
]


@pytest.mark.parametrize(("text", "path", "what", "fix"), BAD)
def test_what_is_wrong_is_said_with_a_way_out(text: str, path: str, what: str, fix: str) -> None:
    problem = only_problem(text)
    assert problem.path == path
    assert what in problem.what
    assert fix in problem.fix


def test_origins_are_a_pattern_that_takes_in_nothing_else() -> None:
    found = plan("cors: {origins: ['https://*.a.example:8443', 'app://b', 'http://[::1]:3000']}")
    assert found.cors is not None
    assert found.cors.origins == (
        r"app://b|http://\[::1\]:3000|https://([a-z0-9_-]+\.)+a\.example:8443"
    )
    anybody = plan("cors: {origins: ['*', 'https://a.example']}").cors
    assert anybody is not None
    assert anybody.origins is None


def test_with_cors_origin_is_neither_keyed_nor_forwarded() -> None:
    assert "origin" in plan("").keyed_headers
    given = plan("cors: {origins: ['*']}")
    assert "origin" not in (*given.keyed_headers, *given.fetch_headers.split("|"))
    config("cors: {origins: ['*']}\nignoreHeaders: [origin]")


def test_a_limit_of_stellates_is_taken_as_it_is() -> None:
    (found,) = plan(
        limits(
            "name: By key, description: d, state: dryRun, groupBy: {header: X-Api-Key}, "
            "allowList: [a, b c], limit: {type: RequestCount, budget: 90, warning: 80, "
            "window: {value: 2, unit: minutes}}"
        )
    ).limits
    assert (found.name, found.dry_run, found.source) == ("By key", True, "x-api-key")
    assert (found.budget, found.window, found.retry, found.warning) == (90, "120", 2, 10)
    assert found.values == ("a", "b c")


def test_a_request_comes_back_within_the_time_that_retry_after_names() -> None:
    for budget, window, seconds in ((1, "1h", 3600), (7, "1m", 9), (1000, "1s", 1)):
        text = f"name: a, groupBy: ip, limit: {{budget: {budget}, window: {window}}}"
        (found,) = plan(limits(text)).limits
        assert found.retry == seconds


def test_networks_of_both_families_are_allowed() -> None:
    (found,) = plan(
        limit("groupBy: ip, allowList: [10.0.0.0/8, 192.0.2.1, '2001:db8::/32']")
    ).limits
    assert found.networks == (("10.0.0.0", 8), ("192.0.2.1", 32), ("2001:db8::", 32))


@pytest.mark.parametrize(
    ("text", "size", "lookup"),
    [
        ("", 10 * 1024**2, 256 * 1024),
        ("maxRequestSize: 1mb", 1024**2, 256 * 1024),
        ("maxRequestSize: 100kb", 102_400, 102_400),
        ("security: {requestSize: {maxBytes: 5000, enabled: true}}", 5000, 5000),
        ("security: {requestSize: {maxBytes: 5000, enabled: false}}", 10 * 1024**2, 256 * 1024),
        (
            "maxRequestSize: 4kb\nsecurity: {requestSize: {maxBytes: 5000, enabled: true}}",
            4096,
            4096,
        ),
        (
            "maxRequestSize: 6kb\nsecurity: {requestSize: {maxBytes: 5000, enabled: true}}",
            5000,
            5000,
        ),
    ],
)
def test_the_smaller_request_size_counts(text: str, size: int, lookup: int) -> None:
    assert config(text).request_limit == size
    assert (plan(text).max_request_size, plan(text).lookup_body_size) == (size, lookup)
