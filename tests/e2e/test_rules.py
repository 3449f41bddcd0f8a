"""What decides for how long and for whom: hints, hashes, introspection, the origin's own word."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from graphql import build_schema, get_introspection_query, graphql_sync

from demo.tagging import Answer, Request, serving
from tests.support.net import wait_for
from tests.support.stack import (
    SHELLAC,
    Stack,
    assert_hit,
    assert_miss,
    assert_pass,
    assert_same_body,
    describe,
    running_stack,
)

SDL = """
directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean)
  on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
enum CacheControlScope { PUBLIC PRIVATE }
schema { query: QueryRoot }
type QueryRoot { post: Post  me: User  plain: Int  ruled: Int  secret: Int }
type Post @cacheControl(maxAge: 300, scope: PUBLIC) { id: ID! }
type User @cacheControl(maxAge: 60, scope: PRIVATE) { id: ID! }
"""
HASHED = "query Hashed { plain }"
CONFIG = {
    "name": "hinted",
    "schema": "schema.graphql",
    "schemaPolling": {"enabled": False},
    "rootTypeNames": {"query": "QueryRoot"},
    "scopes": {"USER": "header:x-user"},
    "cacheControl": {"privateScope": "USER"},
    "ignoreOriginCacheControl": False,
    "cacheIntrospection": True,
    "rules": [
        {"types": {"Query": ["ruled"]}, "maxAge": 900, "swr": 60},
        {"operationHashes": [hashlib.sha256(HASHED.encode()).hexdigest()], "maxAge": 60},
    ],
    "nonCacheable": ["Query.secret"],
}


@dataclass
class Origin:
    """A GraphQL server that says who asked, with the Cache-Control that a test wants."""

    url: str = ""
    cache_control: str | None = None
    documents: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def server() -> Iterator[Origin]:
    schema = build_schema(SDL)
    origin = Origin()

    def answer(request: Request) -> Answer:
        document = request.graphql()["query"]
        origin.documents.append(document)
        user = {"id": request.headers.get("x-user", "nobody")}
        root = {"post": {"id": 5}, "me": user, "plain": 1, "ruled": 2, "secret": 3}
        headers = {"Content-Type": "application/json"}
        if origin.cache_control is not None:
            headers["Cache-Control"] = origin.cache_control
        return Answer(json.dumps(graphql_sync(schema, document, root).formatted), headers)

    with serving(answer) as url:
        origin.url = f"{url}/graphql"
        yield origin


@pytest.fixture(scope="module")
def running(server: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("hinted")
    (folder / "schema.graphql").write_text(SDL)
    with running_stack({**CONFIG, "originUrl": server.url}, directory=folder) as stack:
        yield stack


@pytest.fixture
def origin(server: Origin) -> Origin:
    server.cache_control = None
    return server


@pytest.fixture
def stack(running: Stack, origin: Origin) -> Stack:
    """Empty, before an origin that says nothing of caches."""
    running.purge("mutation { _purgeAll }")
    origin.documents.clear()
    return running


def detail(response: httpx.Response) -> str:
    return response.headers["cache-status"].partition("detail=")[2]


def ttl(response: httpx.Response) -> int:
    return int(response.headers["cache-status"].partition("ttl=")[2].split(";")[0])


def test_a_hint_is_a_rule(stack: Stack) -> None:
    assert_miss(stack.query("{ post { id } }"))
    assert 60 < ttl(assert_hit(stack.query("{ post { id } }"))) <= 300
    assert detail(assert_pass(stack.query("{ plain }"))) == "no-rule"
    said = shellac(stack, "explain", "{ post { id } }").stdout
    assert "@cacheControl Post: maxAge 300 PUBLIC" in said


def test_what_is_private_is_kept_apart_by_the_scope_for_it(stack: Stack) -> None:
    for user in ("alice", "bob"):
        answer = assert_miss(stack.query("{ me { id } }", headers={"x-user": user}))
        assert answer.json() == {"data": {"me": {"id": user}}}
    answer = assert_hit(stack.query("{ me { id } }", headers={"x-user": "alice"}))
    assert answer.json() == {"data": {"me": {"id": "alice"}}}


def test_a_rule_by_hash_meets_one_text(stack: Stack) -> None:
    assert_miss(stack.query(HASHED))
    assert 0 < ttl(assert_hit(stack.query(HASHED, method="GET"))) <= 60
    assert_pass(stack.query(HASHED + " "))


def test_roots_have_the_names_that_the_config_gives_them(stack: Stack) -> None:
    assert_miss(stack.query("{ ruled }"))
    assert_hit(stack.query("{ ruled }"))
    assert detail(assert_pass(stack.query("{ ruled secret }"))) == "non-cacheable"


def test_a_literal_leaves_out_what_is_not_cacheable(stack: Stack) -> None:
    assert_miss(stack.query("{ ruled secret @include(if: false) }"))
    asked = "query($v: Boolean!) { ruled secret @include(if: $v) }"
    assert_pass(stack.query(asked, {"v": False}))


def test_introspection_is_cached_until_everything_is_purged(stack: Stack, origin: Origin) -> None:
    asked = get_introspection_query()
    direct = stack.query(asked, direct=True)
    origin.documents.clear()
    assert_same_body(assert_miss(stack.query(asked)), direct)
    hit = assert_hit(stack.query(asked, headers={"x-user": "alice"}))
    assert_same_body(hit, direct)
    assert 3_600 < ttl(hit) <= 3_780
    assert len(origin.documents) == 1
    stack.purge("mutation { _purgeAll }")
    assert_miss(stack.query(asked))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("no-store", "origin-no-store"),
        ("private, max-age=60", "origin-private"),
        ("max-age=0, must-revalidate", "origin-max-age"),
        ('max-age="6', "origin-cache-control"),
    ],
)
def test_the_origin_can_forbid_storing(
    stack: Stack, origin: Origin, word: str, expected: str
) -> None:
    origin.cache_control = word
    for _ in range(2):
        answer = stack.query("{ ruled }")
        assert detail(answer) == expected, describe(answer)
    assert len(origin.documents) == 2


def test_the_origin_can_shorten_and_not_lengthen(stack: Stack, origin: Origin) -> None:
    origin.cache_control = "max-age=40"
    assert_miss(stack.query("{ ruled }"))
    assert 0 < ttl(assert_hit(stack.query("{ ruled }"))) <= 40
    origin.cache_control = "max-age=4000"
    assert_miss(stack.query("{ post { id } }"))
    assert 60 < ttl(assert_hit(stack.query("{ post { id } }"))) <= 300


def shellac(stack: Stack, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SHELLAC, *arguments],
        cwd=stack.state_dir.parent,
        env={**os.environ, "SHELLAC_ADMIN_TOKEN": stack.token},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_pushed_schema_makes_new_verdicts(stack: Stack) -> None:
    assert_pass(stack.query("{ plain }"))
    hinted = SDL.replace("plain: Int", "plain: Int @cacheControl(maxAge: 30)")
    try:
        done = shellac(stack, "schema", "push", "-", stdin=hinted)
        assert (done.returncode, done.stdout) == (0, "pushed: new verdicts from now on\n")
        wait_for(
            lambda: stack.query("{ plain }").headers["gcdn-cache"] == "HIT",
            what="the query to be cached",
        )
        assert shellac(stack, "schema", "show").stdout.strip() == hinted.strip()
        checked = shellac(stack, "check").stdout
        assert "pushed.graphql was pushed and is used" in checked
    finally:
        done = shellac(stack, "schema", "push", "schema.graphql")
    assert done.returncode == 0, done.stderr
    wait_for(
        lambda: stack.query("{ plain }").headers["gcdn-cache"] == "PASS",
        what="the query to be passed again",
    )


def test_what_is_no_schema_is_not_pushed(stack: Stack) -> None:
    done = shellac(stack, "schema", "push", "-", stdin="type Query {")
    assert done.returncode == 4
    assert "not a GraphQL schema" in done.stderr
    assert shellac(stack, "schema", "push", "nowhere.graphql").returncode == 2
    assert shellac(stack, "schema", "show", "--token", "wrong").returncode == 4
