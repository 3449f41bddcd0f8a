"""Every bad config is refused with a key path, a line and a way out."""

import pytest

from tests.config.support import only_problem, problems
from vclgen.config import load_config_text
from vclgen.errors import ConfigError

BAD = [
    # text, key path, part of what is wrong, part of the way out
    ("orginUrl: x\noriginUrl: x.io", "orginUrl", "not a key", "did you mean originUrl?"),
    ("max_tags: 5", "max_tags", "not a key", "did you mean maxTags?"),
    ("config: {name: a}", "config", "not a key", "at the top level"),
    ("1: a", "1", "not a key", "remove it; docs/config.md"),
    ("rules: [{types: [A], maxage: 1, maxAge: 1}]", "rules[0].maxage", "not a key", "maxAge?"),
    ("varnish: {listn: x}", "varnish.listn", "not a key", "did you mean listen?"),
    ("purge: {waitTimeOut: 1s}", "purge.waitTimeOut", "not a key", "waitTimeout?"),
    ("name: a\napp: b", "app", "beside name", "keep name"),
    ("name: a b", "name", "no service name", "at most 64 letters"),
    ("name: 5", "name", "5 is not text", "in quotes"),
    ("name: metrics", "name", "page of the admin listener", "another name"),
    ("name: playground", "name", "page of the admin listener", "another name"),
    ("originUrl: /graphql", "originUrl", "no URL", "https://api.example.com/graphql"),
    ("originUrl: ftp://x.io", "originUrl", "no http or https URL", "write it like"),
    ("originUrl: 'https://x.io/a b'", "originUrl", "no URL", "write it like"),
    ("originUrl: 'https://x.io/\"'", "originUrl", "no URL", "write it like"),
    ("originUrl: https://u:p@x.io/", "originUrl", "holds credentials", "originHeaders"),
    ("originUrl: https://x.io/#a", "originUrl", "a fragment", "remove the part"),
    ("originUrl: https://x.io:99999/", "originUrl", "no URL", "write it like"),
    ("originUrl: https://999.1.1.1/", "originUrl", "no http or https URL", "write it like"),
    ("originUrl: http://localhost:8080/g", "originUrl", "own public address", "another port"),
    ("schema: missing.graphql", "schema", "there is no file /", "correct the path"),
    ("schema: ./schema.ts", "schema", "holds no SDL", "print the schema to a .graphql file"),
    (
        "schema: false\ncacheIntrospection: true",
        "cacheIntrospection",
        "nothing ends the answers",
        "give a schema",
    ),
    ("schema: 5", "schema", "no schema", "a URL, a .graphql file or SDL"),
    ("schema: true", "schema", "no schema", "schema: false to run without one"),
    ("schemaPolling: true", "schemaPolling", "not a section", "keys below it"),
    ("schemaPolling: {interval: soon}", "schemaPolling.interval", "no duration", "60s"),
    ("schemaPolling: {interval: 0}", "schemaPolling.interval", "no usable duration", "more than"),
    ("headers: {X-A: 5}", "headers.X-A", "the value is not text", "in quotes"),
    ('headers: {X-A: "a\\nb"}', "headers.X-A", "not printable ASCII", "on one line"),
    ("headers: {X-A: a, x-a: b}", "headers", "sets x-a twice", "ignore case"),
    ("originHeaders: {Host: a}", "originHeaders.Host", "written by Shellac", "remove it"),
    ("originHeaders: {Cookie: a}", "originHeaders.Cookie", "built by Shellac", "remove it"),
    ("injectHeaders: yes", "injectHeaders", "not true or false", "write true or false"),
    ("rules: {types: [A]}", "rules", "not a list", "as a list"),
    ("rules: [{types: [A]}]", "rules[0].maxAge", "is missing", "add it"),
    ("rules: [{maxAge: 1}]", "rules[0]", "never apply", "operationHashes"),
    ("rules: [{maxAge: 1, operationHashes: []}]", "rules[0]", "never apply", "operationHashes"),
    (
        "rules: [{maxAge: 1, operationHashes: [abc]}]",
        "rules[0].operationHashes[0]",
        "no SHA-256 hash",
        "64 hex digits",
    ),
    ("cacheControl: {privateScope: A}", "cacheControl.privateScope", "not declared", "scopes"),
    ("cacheControl: {privateScope: PUBLIC}", "cacheControl.privateScope", "built in", "name"),
    ("cacheControl: {scope: A}", "cacheControl.scope", "not a key", "config.md"),
    ("rootTypeNames: {query: a-b}", "rootTypeNames.query", "no GraphQL name", "letters"),
    ("rootTypeNames: {querry: A}", "rootTypeNames.querry", "not a key", "mean query?"),
    ("ignoreOriginCacheControl: 0", "ignoreOriginCacheControl", "not true or false", "true"),
    ("cacheIntrospection: 60", "cacheIntrospection", "not true or false", "true"),
    ("rules: [{types: A, maxAge: 1}]", "rules[0].types", "no list of types", "types: [Post]"),
    ("rules: [{types: [], maxAge: 1}]", "rules[0].types", "never apply", "types: [Post]"),
    ("rules: [{types: {A: false}, maxAge: 1}]", "rules[0].types", "never apply", "[Post]"),
    ("rules: [{types: {A: }, maxAge: 1}]", "rules[0].types", "A has no list", "A: true"),
    ("rules: [{types: {A: []}, maxAge: 1}]", "rules[0].types", "A has no list", "A: true"),
    ("rules: [{types: {A: x}, maxAge: 1}]", "rules[0].types", "A has no list", "A: true"),
    ("rules: [{types: [[A]], maxAge: 1}]", "rules[0].types", "names no type", "types: [Post]"),
    ("rules: [{types: [a-b], maxAge: 1}]", "rules[0].types.a-b", "no GraphQL name", "letters"),
    ("rules: [{types: {A: [b.c]}, maxAge: 1}]", "rules[0].types.A[0]", "no GraphQL", "letters"),
    ("rules: [{types: [A], maxAge: 5m}]", "rules[0].maxAge", "'5m' is not a whole", "or unit"),
    ("rules: [{types: [A], maxAge: -1}]", "rules[0].maxAge", "out of range", "at least 0"),
    ("rules: [{types: [A], maxAge: 1.5}]", "rules[0].maxAge", "1.5 is not a whole", "whole"),
    ("rules: [{types: [A], maxAge: 1, scope: B}]", "rules[0].scope", "B is not declared", "PUBLIC"),
    ("defaultScope: AUTH", "defaultScope", "'AUTH' is not known", "'ANONYMOUS' or 'PUBLIC'"),
    ("scopes: {PUBLIC: 'header:x'}", "scopes.PUBLIC", "built in", "another name"),
    ("scopes: {A-B: 'header:x'}", "scopes.A-B", "no GraphQL name", "letters, digits and _"),
    ("scopes: {A: 'head:x'}", "scopes.A", "no source", "header:NAME, cookie:NAME"),
    ("scopes: {A: 'header:a||cookie:b'}", "scopes.A", "'' is no source", "joined by |"),
    ("scopes: {A: 'header:'}", "scopes.A", "no header name", "letters, digits"),
    ("scopes: {A: 'header:x-shellac-key'}", "scopes.A", "internal", "another header"),
    ("scopes: {A: 'header:cookie'}", "scopes.A", "every cookie", "cookie:NAME"),
    ("scopes: {A: 'header:accept'}", "scopes.A", "already part of every key", "remove it"),
    ("scopes: {A: 'cookie:a\"b'}", "scopes.A", "no cookie name", "exact name"),
    ("scopes: {A: {header: x}}", "scopes.A", "no scope", "`definition` alone"),
    ("nonCacheable: [A.b.c]", "nonCacheable[0]", "no type or field", "`Type.field`"),
    ("keyFields: {types: {A: id}}", "keyFields.types.A", "not a list", "as a list"),
    ("keyFields: {types: {A: [[]]}}", "keyFields.types.A[0]", "is empty", "at least one"),
    ("keyFields: {types: {A: [[a, a]]}}", "keyFields.types.A[0]", "twice", "each field once"),
    ("maxTags: 5000", "maxTags", "out of range", "at most 2000"),
    ("mutations: {a: {}}", "mutations.a", "says nothing", "a policy or a purge"),
    ("mutations: {a: {polcy: List}}", "mutations.a.polcy", "not a key", "policy"),
    ("mutations: {a: {policy: Lst}}", "mutations.a.policy", "not known here", "'List'"),
    ("mutations: {a: {purge: []}}", "mutations.a", "says nothing", "a policy or a purge"),
    ("mutations: {a: {purge: [{}]}}", "mutations.a.purge[0]", "one thing", "one of type, query"),
    (
        "mutations: {a: {purge: [{type: A, query: b}]}}",
        "mutations.a.purge[0]",
        "one thing",
        "one of type, query",
    ),
    (
        "mutations: {a: {purge: [{query: b, from: args.id}]}}",
        "mutations.a.purge[0]",
        "without a type",
        "name the type",
    ),
    (
        "mutations: {a: {purge: [{type: A, key: id}]}}",
        "mutations.a.purge[0]",
        "without values",
        "from: args.id",
    ),
    (
        "mutations: {a: {purge: [{type: A, from: id}]}}",
        "mutations.a.purge[0].from",
        "no place",
        "args.id",
    ),
    (
        "mutations: {a: {purge: [{type: A, key: [b, c], from: args.b}]}}",
        "mutations.a.purge[0]",
        "1 places for 2",
        "one place for each",
    ),
    ("mutationPolicy: All", "mutationPolicy", "not known here", "use 'Entity'"),
    ("failedMutations: Entity", "failedMutations", "not known here", "use 'Type'"),
    ("purge: {log: 'redis://u:p@r'}", "purge.log", "holds credentials", "SHELLAC_REDIS_PASSWORD"),
    ("purge: {log: 'http://r'}", "purge.log", "is no purge log", "redis://host:6379/0"),
    ("purge: {log: 'redis://r/x'}", "purge.log", "database number", "redis://host:6379/0"),
    ("purge: {wait: some}", "purge.wait", "not known here", "all"),
    ("purge: {lease: 1s}", "purge.lease", "no usable lease", "2s to 60s"),
    ("purge: {originLag: -1}", "purge.originLag", "no usable duration", "more than 0"),
    ("purge: {waitTimeout: 2m}", "purge.waitTimeout", "longer than clients", "at most 60s"),
    ("path: graphql", "path", "no path", "write it like /graphql"),
    ("path: /a?b", "path", "no path", "no query string"),
    ("path: /a/../b", "path", "no path", "write it like"),
    ("path: /_shellac/node", "path", "no path", "write it like"),
    ("path: '/a\"; return'", "path", "no path", "write it like"),
    ("varyHeaders: Store", "varyHeaders", "not a list", "as a list"),
    ("varyHeaders: [a.b]", "varyHeaders[0]", "no header name that VCL", "letters, digits, -"),
    ("varyHeaders: [Connection]", "varyHeaders[0]", "one connection", "remove it"),
    ("varyHeaders: [xkey-purge]", "varyHeaders[0]", "internal", "another header"),
    ("varyHeaders: [Authorization]", "varyHeaders[0]", "a credential", "declare a scope"),
    ("varyHeaders: [If-None-Match]", "varyHeaders[0]", "a stored answer", "remove it"),
    ("varyHeaders: [a]\nignoreHeaders: [A]", "ignoreHeaders[0]", "part of the key", "one of vary"),
    ("passHeaders: [a]\nignoreHeaders: [a]", "passHeaders[0]", "already ignored", "leave it in"),
    (
        "scopes: {S: 'header:a'}\nbypassCacheHeaders: [{name: A}]",
        "bypassCacheHeaders[0].name",
        "a is already part of the key",
        "one of scopes and bypassCacheHeaders",
    ),
    (
        "varyHeaders: [a]\nheaders: {A: x}\ninjectHeaders: true",
        "headers.a",
        "already part of the key",
        "leave it in one of",
    ),
    ("ignoreHeaders: ['*']", "ignoreHeaders[0]", "would also mean authorization", "longer"),
    ("passHeaders: ['x-*']", "passHeaders[0]", "would also mean x-shellac-", "longer"),
    ("ignoreHeaders: [Authorization]", "ignoreHeaders[0]", "a credential", "scope: PUBLIC"),
    ("passHeaders: [Cookie]", "passHeaders[0]", "a credential", "ignoreCookies"),
    ("ignoreCookies: ['*']", "ignoreCookies[0]", "every credential", "name the cookies"),
    ("ignoreCookies: ['a*b']", "ignoreCookies[0]", "before its end", "end the name"),
    (
        "ignoreCookies: ['sess*']\nscopes: {S: 'cookie:session'}",
        "ignoreCookies[0]",
        "ignores the cookie session, which S reads",
        "remove one of the two",
    ),
    ("removeCookies: ['a*']", "removeCookies[0]", "holds a *", "exactly"),
    ("bypassCacheHeaders: [x-a]", "bypassCacheHeaders[0]", "not a section", "keys below it"),
    ("maxBodySize: big", "maxBodySize", "no size", "256kb, 10mb"),
    ("maxBodySize: 0", "maxBodySize", "no usable size", "at least one byte"),
    ("lookupBodySize: 20mb", "lookupBodySize", "larger than maxRequestSize", "raise"),
    ("debug: 1", "debug", "1 is not true or false", "write true or false"),
    ("varnish: {listen: 8080}", "varnish.listen", "no address", "host:port"),
    ("varnish: {listen: 'a b:80'}", "varnish.listen", "no address", "host:port"),
    ("varnish: {listen: 'a:70000'}", "varnish.listen", "no usable port", "1 to 65535"),
    ("varnish: {nodes: []}", "varnish.nodes", "is empty", "at least one"),
    ("varnish: {secretFile: 'a\"b'}", "varnish.secretFile", "cannot stand in VCL", "ASCII"),
    ("stateDir: ''", "stateDir", "no path", "write it like"),
    (
        "controller: {gatewayListen: '127.0.0.1:8080'}",
        "controller.gatewayListen",
        "taken by varnish.listen",
        "another port",
    ),
    (
        "controller: {adminListen: '0.0.0.0:8080'}",
        "controller.adminListen",
        "taken by varnish.listen",
        "another port",
    ),
    ("environments: [a]", "environments", "not a mapping", "environments: {production"),
    ("environments: {a: x}", "environments.a", "no set of keys", "that differ"),
    ("environments: {a: {path: x}}", "environments.a.path", "no path", "write it like"),
    ("environments: {a: {pth: /x}}", "environments.a.pth", "not a key", "did you mean path?"),
]


@pytest.mark.parametrize(("text", "path", "what", "fix"), BAD, ids=[case[0] for case in BAD])
def test_each_bad_config_names_its_key_and_the_way_out(text, path, what, fix):
    problem = only_problem(text)
    assert problem.path == path
    assert what in problem.what
    assert fix in problem.fix


@pytest.mark.parametrize("text", [case[0] for case in BAD])
def test_each_message_stands_on_one_line_with_file_and_line_number(text):
    problem = only_problem(text)
    assert str(problem).startswith(f"shellac.yaml:{problem.line}: {problem.path}: ")
    assert "\n" not in str(problem)


def test_a_missing_origin_is_said_without_a_line():
    with pytest.raises(ConfigError) as caught:
        load_config_text("name: a")
    assert str(caught.value) == (
        "shellac.yaml: originUrl: is missing; name the GraphQL server, "
        "like originUrl: https://api.example.com/graphql"
    )


def test_all_problems_come_together_in_the_order_of_the_file():
    text = """\
        name: a b
        rules:
          - {types: [A], maxAge: x}
          - {types: [A], maxAge: 1, scope: NOBODY}
        varyHeaders: [Store]
        ignoreHeaders: [store]
        complexity: {maxComplexity: 5}
        pth: /
        """
    found = problems(text)
    assert list(found) == [
        "name",
        "rules[0].maxAge",
        "rules[1].scope",
        "ignoreHeaders[0]",
        "complexity",
        "pth",
    ]
    assert [problem.line for problem in found.values()] == [2, 4, 5, 7, 8, 9]


def test_a_scope_that_does_not_parse_is_not_called_undeclared():
    text = "scopes: {A: x}\nrules: [{types: [T], maxAge: 1, scope: A}]"
    assert only_problem(text).path == "scopes.A"


@pytest.mark.parametrize(
    "text", ['{Authorization: " 4711"}', "{Authorization: 4711}", '["Authorization: 4711"]']
)
def test_the_value_of_a_secret_header_is_not_shown(text):
    assert "4711" not in str(only_problem(f"headers: {text}"))


def test_a_bad_override_is_not_blamed_on_the_file():
    problem = only_problem("path: /a", overrides={"path": "b"})
    assert str(problem).startswith("(overrides): path: 'b' is no path")


def test_an_unknown_environment_is_refused_with_the_known_ones():
    text = "environments: {staging: {path: /s}, production: {}}"
    problem = only_problem(text, environment="prod")
    assert problem.what == "has no prod"
    assert "staging, production" in problem.fix


def test_the_chosen_environment_is_blamed_at_its_own_line():
    text = "path: /a\nenvironments:\n  staging:\n    path: b\n"
    problem = only_problem(text, environment="staging")
    assert (problem.path, problem.line) == ("environments.staging.path", 5)
