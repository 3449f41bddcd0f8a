"""One running pair before the examples' origin, emptied for each test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.purging.origin import Origin, running_origin
from tests.support.stack import Stack, assert_hit, assert_miss, describe, send, stack_before

CONFIG = {
    "name": "little-frog",
    "debug": True,
    "keyFields": {"types": {"Package": ["name"]}},
    # A request that would be counted.
    "schemaPolling": {"enabled": False},
    "scopes": {"USER": "header:x-user"},
    "rules": [
        {"types": ["Query"], "maxAge": 900, "swr": 60},
        {"types": {"Query": ["me"]}, "maxAge": 900, "scope": "USER"},
    ],
}

QUERIES = {
    "user 1": "query user1 { user(id: 1) { name } }",
    "user 5": "query user5 { user(id: 5) { name } }",
    "user 6": "query user6 { user(id: 6) { name } }",
    "users": "query listUsers { users { name } }",
    "post 5": "query post5 { post(id: 5) { title } }",
    "post 12": "query post12 { post(id: 12) { title } }",
    "posts": "query listPosts { posts { title } }",
    "two posts": "query twoPosts { posts(limit: 2) { title } }",
    "todo 42": "query todo42 { todo(id: 42) { text } }",
    "todo 43": "query todo43 { todo(id: 43) { text } }",
    "todos": "query listTodos { todos { text } }",
    "package": '{ package(name: "@urql/core") { __typename name } }',
    "other package": '{ package(name: "graphql") { __typename name } }',
    "no package": "{ package { __typename name } }",
    "found": "query found { found { ... on User { name } ... on Package { name } } }",
}
"""What is cached before each purge, by a name for it."""


@dataclass(frozen=True)
class Site:
    """Shellac with an origin behind it."""

    stack: Stack
    origin: Origin

    @property
    def api(self) -> str:
        return f"{self.stack.admin_url}/{self.stack.name}"

    def fill(self) -> None:
        """Have every query of ``QUERIES`` in the cache."""
        for document in QUERIES.values():
            self.read(document)
            assert_hit(self.read(document))

    def read(self, document: str) -> httpx.Response:
        return self.stack.query(document, method="GET")

    def ask(
        self, document: str, variables: Mapping[str, Any] | None = None, **headers: str
    ) -> dict[str, Any]:
        """Ask the Purging API; the whole answer, which has no errors."""
        token = headers or {"stellate-token": self.stack.token}
        response = send(self.stack.http, self.api, document, variables, headers=token)
        assert response.status_code == 200, describe(response)
        answer: dict[str, Any] = response.json()
        assert "errors" not in answer, describe(response)
        return answer

    def assert_gone(self, *names: str) -> None:
        """These, and no others, are not in the cache any more."""
        for name, document in QUERIES.items():
            check = assert_miss if name in names else assert_hit
            answer = self.read(document)
            try:
                check(answer)
            except AssertionError as error:
                error.add_note(f"the query {name!r}")
                raise


@pytest.fixture(scope="package")
def running_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("purging")
    with stack_before(running_origin(), CONFIG, folder) as (stack, origin):
        yield Site(stack, origin)


@pytest.fixture
def site(running_site: Site) -> Site:
    """With every query of ``QUERIES`` cached, and nothing else."""
    running_site.stack.purge("mutation { _purgeAll }")
    running_site.fill()
    running_site.origin.asked.clear()
    return running_site


@pytest.fixture(scope="package")
def changing_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Another service: it follows its origin's schema, and ids identify without their type."""
    config = {**CONFIG, "globalIds": True, "schemaPolling": {"interval": "100ms"}}
    folder = tmp_path_factory.mktemp("changing")
    with stack_before(running_origin(), config, folder) as (stack, origin):
        yield Site(stack, origin)
