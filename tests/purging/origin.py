"""The GraphQL server of the examples: users, posts, todos and packages. It counts its requests."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import GraphQLSchema, build_schema, graphql_sync

from demo.tagging import Answer, Request, serving

SDL: Final = """
type Query {
  user(id: ID!): User
  users: [User!]!
  post(id: ID!): Post
  posts(limit: Int! = 10): [Post!]!
  todo(id: ID!): Todo
  todos: [Todo!]!
  package(name: String): Package
  found: [Found!]!
  me: User
}
interface Node { id: ID! }
type User implements Node { id: ID! name: String! }
type Post implements Node { id: ID! title: String! }
type Todo implements Node { id: ID! text: String! }
type Package { name: String! }
union Found = User | Package
"""


@dataclass
class Origin:
    """Every entity exists; names and titles say which. ``asked`` are the documents it was sent.

    ``schema`` may be replaced while it runs.
    """

    url: str = ""
    schema: GraphQLSchema = field(default_factory=lambda: build_schema(SDL))
    asked: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        sent = request.graphql()
        self.asked.append(sent)
        names = {"operation_name": sent.get("operationName")}
        result = graphql_sync(
            self.schema, sent["query"], self, None, sent.get("variables"), **names
        )
        return Answer(json.dumps(result.formatted), {"Content-Type": "application/json"})

    # What the fields of the schema resolve to.

    def user(self, _: object, id: str) -> dict[str, str]:
        return {"__typename": "User", "id": id, "name": f"user {id}"}

    def me(self, _: object) -> dict[str, str]:
        return self.user(_, "77")

    def users(self, _: object) -> list[dict[str, str]]:
        return [self.user(_, id) for id in ("1", "2", "5", "7")]

    def post(self, _: object, id: str) -> dict[str, str]:
        return {"__typename": "Post", "id": id, "title": f"post {id}"}

    def posts(self, _: object, limit: int) -> list[dict[str, str]]:
        return [self.post(_, str(number)) for number in range(1, limit + 1)]

    def todo(self, _: object, id: str) -> dict[str, str]:
        return {"__typename": "Todo", "id": id, "text": f"todo {id}"}

    def todos(self, _: object) -> list[dict[str, str]]:
        return [self.todo(_, id) for id in ("41", "42")]

    def package(self, _: object, name: str = "none") -> dict[str, str]:
        return {"__typename": "Package", "name": name}

    def found(self, _: object) -> list[dict[str, str]]:
        return [self.user(_, "5"), self.package(_, "@urql/core")]


@contextlib.contextmanager
def running_origin() -> Iterator[Origin]:
    """The server on a free port."""
    origin = Origin()
    with serving(origin.answer) as url:
        origin.url = f"{url}/graphql"
        yield origin
