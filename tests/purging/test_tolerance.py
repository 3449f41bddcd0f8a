"""What clients in the wild send, against a real Varnish: what each form purges, and what stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.purging.conftest import Site
from tests.support.stack import assert_hit, assert_miss, describe, send

FIVE = ["user 5", "users", "found"]
USERS = ["user 1", *FIVE, "user 6"]

Case = tuple[str, Mapping[str, Any], list[str]]
LITERALS: list[Case] = [
    ("mutation { purgeUser(id: 5) }", {}, FIVE),
    ('mutation { purgeUser(id: "5") }', {}, FIVE),
    ("mutation { purgeUser(id: [5]) }", {}, FIVE),
    ('mutation { purgeUser(id: ["5"]) }', {}, FIVE),
    ('mutation { purgeUser(id: [5, "6"]) }', {}, [*FIVE, "user 6"]),
    ("mutation { purgeUser(id: []) }", {}, []),
    ("mutation { purgeUser }", {}, USERS),
    ("mutation { purgeUser(id: null) }", {}, USERS),
    ("mutation { _purgeType(type: User) }", {}, USERS),
    ("mutation { _purgeType(type: User, keyFields: null) }", {}, USERS),
    ("mutation { _purgeType(type: User, keyFields: []) }", {}, []),
    ("mutation { _purgeType(type: User, keyFields: {name: id, value: 5}) }", {}, FIVE),
    (
        'mutation { _purgeType(type: "User", keyFields: [{name: "id", value: 5},'
        ' {name: "id", value: "6"}]) }',
        {},
        [*FIVE, "user 6"],
    ),
    ("mutation { _purgeQuery(queries: users) }", {}, ["users"]),
    ('mutation { _purgeQuery(queries: "users") }', {}, ["users"]),
    ('mutation { _purgeQuery(queries: [users, "todos"]) }', {}, ["users", "todos"]),
    ("mutation { _purgeOperationName(names: listUsers) }", {}, ["users"]),
    ("mutation { _purgeQueryField(fields: {name: posts, args: {limit: 2}}) }", {}, ["two posts"]),
    ('mutation { purgeQuery_posts(args: {limit: "2"}) }', {}, ["two posts"]),
    ("mutation { purgeQuery_user(args: [{id: 5}, {id: 6}]) }", {}, ["user 5", "user 6"]),
]
VARIABLES: list[Case] = [
    ("mutation ($id: [String!]) { purgeUser(id: $id) }", {"id": [5]}, FIVE),
    ("mutation ($id: [ID!]!) { purgeUser(id: $id) }", {"id": ["5"]}, FIVE),
    ("mutation ($id: Int!) { purgeUser(id: $id) }", {"id": 5}, FIVE),
    ("mutation ($id: ID) { purgeUser(id: [$id]) }", {"id": "5"}, FIVE),
    ("mutation ($id: Float!) { purgeUser(id: $id) }", {"id": 5}, FIVE),
    ("mutation ($id: [String!]) { purgeUser(id: $id) }", {"id": []}, []),
    ("mutation ($id: [String!]) { purgeUser(id: $id) }", {"id": None}, USERS),
    ("mutation ($id: [String!]) { purgeUser(id: $id) }", {}, USERS),
    ("mutation ($type: String!) { _purgeType(type: $type) }", {"type": "User"}, USERS),
    (
        "mutation ($keys: [KeyFieldInput!]) { _purgeType(type: User, keyFields: $keys) }",
        {"keys": [{"name": "id", "value": 5}]},
        FIVE,
    ),
    (
        "mutation ($name: String!, $value: String!) {"
        " _purgeType(type: User, keyFields: [{name: $name, value: $value}]) }",
        {"name": "id", "value": 5},
        FIVE,
    ),
    ("mutation ($q: [_QueryEnum!]!) { _purgeQuery(queries: $q) }", {"q": ["users"]}, ["users"]),
    ("mutation ($q: String!) { _purgeQuery(queries: [$q]) }", {"q": "users"}, ["users"]),
    ("mutation ($n: [String!]!) { _purgeOperationName(names: $n) }", {"n": "user1"}, ["user 1"]),
    (
        "mutation ($f: [QueryFieldInput!]!) { _purgeQueryField(fields: $f) }",
        {"f": [{"name": "posts", "args": {"limit": 2}}]},
        ["two posts"],
    ),
    (
        "mutation ($a: _ArgumentsJSONObject) { purgeQuery_posts(args: [$a]) }",
        {"a": {"limit": "2"}},
        ["two posts"],
    ),
    (
        "mutation ($limit: Int) { purgeQuery_posts(args: {limit: $limit}) }",
        {"limit": 2},
        ["two posts"],
    ),
    (
        "mutation ($id: ID!, $soft: Boolean) { purgeUser(id: $id, soft: $soft) }",
        {"id": 5, "soft": False},
        FIVE,
    ),
    (
        "mutation ($id: ID!, $dry: Boolean!) { purgeUser(id: $id, dryRun: $dry) }",
        {"id": 5, "dry": True},
        [],
    ),
    ("mutation ($id: ID! = 5) { purgeUser(id: $id) }", {}, FIVE),
]
ALIASES: list[Case] = [
    (
        'mutation { a: purgeUser(id: 5) b: purgeUser(id: 6) c: _purgeType(type: "Todo")'
        " d: _purgeQuery(queries: package) }",
        {},
        [*FIVE, "user 6", "todo 42", "todo 43", "todos", "package", "other package", "no package"],
    ),
    (
        "mutation ($a: ID!, $b: ID!) { ...Both } fragment Both on Mutation {"
        " a: purgeUser(id: $a) b: purgePost(id: $b) }",
        {"a": 5, "b": 12},
        [*FIVE, "post 12"],
    ),
    (
        "mutation ($no: Boolean!) { a: purgeUser(id: 5) b: purgeTodo @include(if: $no) }",
        {"no": False},
        FIVE,
    ),
    ('mutation { purgeUser(id: 5) purgePackage(name: ["graphql"]) }', {}, [*FIVE, "other package"]),
    # A user may be called so too, and no tag says which: of a union it goes whole.
    ('mutation { purgeFound(id: 6, name: "graphql") }', {}, [*USERS, "other package"]),
]


@pytest.mark.parametrize(("document", "variables", "gone"), [*LITERALS, *VARIABLES, *ALIASES])
def test_every_form_purges_what_it_means(
    site: Site, document: str, variables: dict[str, Any], gone: list[str]
) -> None:
    answer = site.ask(document, variables)
    assert set(answer["data"].values()) == {True}
    site.assert_gone(*gone)


@pytest.mark.parametrize("header", ["graphcdn-token", "stellate-token", "Authorization"])
def test_each_header_opens(site: Site, header: str) -> None:
    scheme = "Bearer " if header == "Authorization" else ""
    site.ask("mutation { purgeUser(id: 5) }", None, **{header: scheme + site.stack.token})
    site.assert_gone(*FIVE)


@pytest.mark.parametrize("header", ["graphcdn-token", "stellate-token", "Authorization"])
def test_a_bad_token_is_401_and_purges_nothing(site: Site, header: str) -> None:
    scheme = "Bearer " if header == "Authorization" else ""
    headers = {header: f"{scheme}not-the-token"}
    response = send(site.stack.http, site.api, "mutation { _purgeAll }", headers=headers)
    assert response.status_code == 401, describe(response)
    (error,) = response.json()["errors"]
    assert error["message"] == "The token is not valid"
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    site.assert_gone()


@pytest.mark.parametrize(
    ("document", "status", "code", "says"),
    [
        ("{ bad: _purgeType(type: Usr) }", 200, "UNKNOWN_TYPE", "Did you mean 'User'?"),
        ("{ bad: purgeUsr }", 400, "GRAPHQL_VALIDATION_FAILED", "'purgeUser'"),
        ("{ bad: _purgeQuery(queries: usrs) }", 200, "UNKNOWN_QUERY_FIELD", "'users'"),
        ("{ bad: purgePackage(id: 5) }", 200, "UNKNOWN_KEY_FIELD", "its key is name"),
        ("{ bad: purgeUser(id: [5, null]) }", 400, "GRAPHQL_VALIDATION_FAILED", "null"),
        ("{ bad: purgeUser(id: {a: 1}) }", 400, "GRAPHQL_VALIDATION_FAILED", "{ a: 1 }"),
        ("{ bad: purgeQuery_user(args: 5) }", 400, "GRAPHQL_VALIDATION_FAILED", "an object"),
        ('($a: Int = "x") { bad: purgeUser(id: $a) }', 400, "GRAPHQL_VALIDATION_FAILED", "number"),
        ("{ bad: purgeUser(id: 5", 400, "GRAPHQL_PARSE_FAILED", "Syntax Error"),
    ],
)
def test_what_is_wrong_is_a_standard_error_and_purges_nothing(
    site: Site, document: str, status: int, code: str, says: str
) -> None:
    headers = {"stellate-token": site.stack.token}
    response = send(site.stack.http, site.api, f"mutation {document}", headers=headers)
    assert response.status_code == status, describe(response)
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == code
    assert says in error["message"]
    assert error["locations"]
    if status == 200:
        assert response.json()["data"] == {"bad": None}
        assert error["path"] == ["bad"]
    site.assert_gone()


def test_a_tool_may_ask_by_get_for_the_schema_and_not_for_a_purge(site: Site) -> None:
    headers = {"stellate-token": site.stack.token}
    names = "{ __schema { mutationType { fields { name } } } }"
    response = send(site.stack.http, site.api, names, method="GET", headers=headers)
    fields = response.json()["data"]["__schema"]["mutationType"]["fields"]
    assert {"name": "purgeUser"} in fields
    purge = "mutation { _purgeAll }"
    response = send(site.stack.http, site.api, purge, method="GET", headers=headers)
    assert response.status_code == 405
    site.assert_gone()


def test_a_float_key_is_named_as_the_origin_writes_it(site: Site) -> None:
    """A key field can be any leaf; its tag holds the text of the answer."""
    query = 'query q { todo(id: "1.50") { text } }'
    for _ in range(2):
        assert_miss(site.read(query))
        assert_hit(site.read(query))
        body = b'{"query": "mutation ($id: Float!) { purgeTodo(id: $id) }", "variables": %s}'
        response = site.stack.http.post(
            site.api,
            content=body % b'{"id": 1.50}',
            headers={"stellate-token": site.stack.token, "Content-Type": "application/json"},
        )
        assert response.json()["data"] == {"purgeTodo": True}, describe(response)
    assert_miss(site.read(query))
    site.assert_gone()
