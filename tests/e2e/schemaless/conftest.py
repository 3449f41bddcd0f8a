"""A pair that runs without a schema, and a GraphQL server that says who asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

import pytest
from graphql import build_schema, graphql_sync

from demo.tagging import Answer, Request, serving
from tests.support.stack import Stack, running_stack

SDL = """
type Query {
  post(id: ID): Post  posts(tag: String): [Post!]!  me: User  ruled: Int  feed: Feed
  thing: Thing  owned: Owned  vault: Vault  gadget: Gadget  about: [Owned!]!
}
interface Owned { id: ID! label: String }
union Thing = Post | User | Vault
type Post implements Owned { id: ID! label: String title: String author: Author }
type Author { id: ID! name: String }
type User implements Owned { id: ID! label: String name: String }
type Draft implements Owned { id: ID! label: String }
type Vault { id: ID! word: String }
type Gadget implements Owned { id: ID! label: String }
type Feed { nodes: [Post!]! }
type Mutation {
  renamePost(id: ID, title: String): Post
  createPost(title: String): Created
  deletePost(id: ID): Boolean
  dropGadget: Boolean
  ping: Boolean
}
type Created { post: Post }
"""
CONFIG = {
    "name": "schemaless",
    "schema": False,
    "debug": True,
    "scopes": {"USER": "header:x-user", "SESSION": "cookie:session"},
    "rules": [
        {"types": ["Post"], "maxAge": 900, "scope": "PUBLIC"},
        {"types": ["Author"], "maxAge": 300, "scope": "PUBLIC"},
        {"types": ["User"], "maxAge": 60, "scope": "USER"},
        {"types": {"Draft": ["label"]}, "maxAge": 600, "scope": "SESSION"},
        {"types": {"Query": ["ruled"]}, "maxAge": 120, "scope": "PUBLIC"},
    ],
    "nonCacheable": ["Vault.word"],
}


@dataclass
class Origin:
    """A GraphQL server with posts in memory that refuses introspection. ``thing`` is the type that
    ``Query.thing``, ``owned`` and ``about`` give; a User is whoever asks, a Draft's label is the
    session's.
    """

    url: str = ""
    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    thing: str = "Post"
    documents: list[str] = field(default_factory=list)

    def reset(self) -> None:
        self.posts = {n: {"id": n, "title": f"post {n}"} for n in ("1", "2")}
        self.thing = "Post"
        self.documents.clear()

    def root(self, user: str | None, session: str | None) -> dict[str, Any]:
        return {
            "post": lambda _, id: self._post(id),
            "posts": lambda _, tag=None: [] if tag else [self._post(n) for n in self.posts],
            "feed": lambda _: {"nodes": [self._post(n) for n in self.posts]},
            "me": lambda _: {"id": user, "name": user} if user else None,
            "thing": lambda _: {"__typename": self.thing, "id": "1", "word": "hush"},
            "owned": lambda _: self._owned(user, session),
            "about": lambda _: [self._owned(user, session)],
            "gadget": lambda _: {"id": "g"},
            "dropGadget": True,
            "vault": lambda _: {"id": "1", "word": "hush"},
            "ruled": 1,
            "renamePost": lambda _, id, title: self._rename(id, title),
            "createPost": lambda _, title: {"post": self._rename(str(len(self.posts) + 1), title)},
            "deletePost": lambda _, id: self.posts.pop(id, None) is not None,
            "ping": True,
        }

    def _owned(self, user: str | None, session: str | None) -> dict[str, Any]:
        label = f"of {session}" if self.thing == "Draft" else "label"
        number = user or "nobody" if self.thing == "User" else "1"
        return {"__typename": self.thing, "id": number, "label": label}

    def _post(self, number: str) -> dict[str, Any] | None:
        post = self.posts.get(number)
        return {**post, "author": {"id": "a", "name": "anna"}} if post else None

    def _rename(self, number: str, title: str) -> dict[str, Any] | None:
        self.posts[number] = {"id": number, "title": title}
        return self._post(number)


def session_of(headers: Mapping[str, str]) -> str | None:
    """The value of the cookie."""
    found = SimpleCookie(headers.get("cookie")).get("session")
    return found.value if found else None


@pytest.fixture(scope="package")
def server() -> Iterator[Origin]:
    schema = build_schema(SDL)
    origin = Origin()

    def answer(request: Request) -> Answer:
        asked = request.graphql()
        origin.documents.append(asked["query"])
        if "__schema" in asked["query"]:
            found: Mapping[str, Any] = {"errors": [{"message": "no introspection"}]}
        else:
            found = graphql_sync(
                schema,
                asked["query"],
                origin.root(request.headers.get("x-user"), session_of(request.headers)),
                variable_values=asked.get("variables"),
                operation_name=asked.get("operationName"),
            ).formatted
        return Answer(json.dumps(found), {"Content-Type": "application/json"})

    with serving(answer) as url:
        origin.url = f"{url}/graphql"
        yield origin


@pytest.fixture(scope="package")
def running(server: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("schemaless")
    server.reset()
    with running_stack({**CONFIG, "originUrl": server.url}, directory=folder) as stack:
        yield stack


@pytest.fixture
def origin(server: Origin) -> Origin:
    server.reset()
    return server


@pytest.fixture
def stack(running: Stack, origin: Origin) -> Stack:
    running.purge("mutation { _purgeAll }")
    origin.documents.clear()
    return running
