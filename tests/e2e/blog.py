"""A blog as the page on automatic invalidation has it, with todos: a real server whose data a test
writes. It takes batches, answers in parts where a client asks for them, and can be told to fail."""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo, build_schema, graphql_sync, parse
from graphql.execution import (
    ExperimentalIncrementalExecutionResults,
    experimental_execute_incrementally,
)

from tests.support.http_server import QuietHandler, running_server

# The page leaves out closing braces, and the ids that its sentences speak of.
SDL = """
interface Node { id: ID! }
type Query {
  post(id: ID!): Post  posts: [Post!]!  feed: PostConnection!  user(id: ID!): User
  comment(id: ID!): Comment  todo(id: ID!): Todo  todos: [Todo!]!  search: [Found!]!
  node(id: ID!): Node
}
type Post implements Node { id: ID!  title: String!  author: User!  comments: [Comment!]! }
type User implements Node { id: ID!  name: String!  mood: String! }
type Comment implements Node { id: ID!  text: String! }
type Todo implements Node { id: ID!  text: String! }
union Found = Post | User
type PostConnection { edges: [PostEdge!]! }
type PostEdge { node: Post! }
input Drop { ids: [ID!]!  reason: String = "none" }
type Mutation {
  updatePost: Post!
  editPost(id: ID!): Post
  editPosts(ids: [ID!]!): PostConnection!
  editAny(id: ID!): Node
  editFound: Found
  addTodo(text: String = "new"): Todo!
  editTodo(id: ID!): Todo!
  deletePost(id: ID!): Boolean!
  dropPosts(input: Drop!): Int!
  removeComment(id: ID!): ID
  rebuild: Boolean
  fail(id: ID!): Post
}
"""
INCREMENTAL = """
directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @stream(if: Boolean! = true, label: String, initialCount: Int = 0) on FIELD
"""
COMMENTS = {"1": ["1", "2"], "2": ["3"], "3": []}


@dataclass
class Blog:
    """Three posts by two users. An answer in parts goes on after its first one when ``let_go`` is
    set: then ``written_later`` is written. With ``breaks_off`` it ends there.
    """

    url: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    operations: list[str] = field(default_factory=list)
    written_later: tuple[str, str] = ("User", "1")
    let_go: threading.Event = field(default_factory=threading.Event)
    breaks_off: bool = False

    def post(self, id: str) -> dict[str, Any]:
        return {
            "__typename": "Post",
            "id": id,
            "title": self.texts.get(f"Post:{id}", "first"),
            "author": self.user("1" if id in ("1", "2") else "2"),
            "comments": [self.comment(c) for c in COMMENTS.get(id, [])],
        }

    def user(self, id: str) -> dict[str, Any]:
        return {
            "__typename": "User",
            "id": id,
            "name": self.texts.get(f"User:{id}", "first"),
            "mood": self.mood,
        }

    def mood(self, _info: GraphQLResolveInfo) -> str:
        raise GraphQLError("nobody knows")

    def comment(self, id: str) -> dict[str, Any]:
        return {"__typename": "Comment", "id": id, "text": self.texts.get(f"Comment:{id}", "a")}

    def todo(self, id: str) -> dict[str, Any]:
        return {"__typename": "Todo", "id": id, "text": self.texts.get(f"Todo:{id}", "first")}

    def todos(self) -> list[dict[str, Any]]:
        return [self.todo(id) for id in ("1", "2", *sorted(self.texts.get("new", "")))]

    def changed(self, type_: str, id: str) -> None:
        key = f"{type_}:{id}"
        self.texts[key] = f"changed {len(self.texts)}"

    def root(self) -> dict[str, Any]:
        def edit(id: str) -> dict[str, Any]:
            self.changed("Post", id)
            return self.post(id)

        def edge(post: dict[str, Any]) -> dict[str, Any]:
            return {"node": post}

        def add_todo() -> dict[str, Any]:
            self.texts["new"] = self.texts.get("new", "") + str(3 + len(self.texts.get("new", "")))
            return self.todo(self.texts["new"][-1])

        def edit_todo(id: str) -> dict[str, Any]:
            self.changed("Todo", id)
            return self.todo(id)

        def fail(id: str) -> None:
            self.changed("Post", id)
            raise GraphQLError("written, and then failed")

        everything = [self.post("1"), self.post("2"), self.post("3")]
        return {
            "post": lambda _, id: self.post(id),
            "posts": everything,
            "feed": {"edges": [edge(post) for post in everything]},
            "user": lambda _, id: self.user(id),
            "comment": lambda _, id: self.comment(id),
            "todo": lambda _, id: self.todo(id),
            "todos": lambda _: self.todos(),
            "search": [self.post("1"), self.user("2")],
            "node": lambda _, id: self.post(id),
            "updatePost": lambda _: edit("1"),
            "editPost": lambda _, id: edit(id),
            "editPosts": lambda _, ids: {"edges": [edge(edit(id)) for id in ids]},
            "editAny": lambda _, id: edit(id),
            "editFound": lambda _: self.user("2"),
            "addTodo": lambda _, **__: add_todo(),
            "editTodo": lambda _, id: edit_todo(id),
            "deletePost": lambda _, id: bool(edit(id)),
            "dropPosts": lambda _, input: len([edit(id) for id in input["ids"]]),
            "removeComment": lambda _, id: self.changed("Comment", id) or id,
            "rebuild": lambda _: True,
            "fail": lambda _, id: fail(id),
        }


@contextmanager
def running_blog() -> Iterator[Blog]:
    """The server on a free port, for as long as the context lasts."""
    schema = build_schema(SDL)
    incremental = build_schema(SDL + INCREMENTAL)
    blog = Blog()

    def executed(asked: dict[str, Any]) -> dict[str, Any]:
        blog.operations.append(asked["query"])
        result = graphql_sync(
            schema,
            asked["query"],
            blog.root(),
            variable_values=asked.get("variables"),
            operation_name=asked.get("operationName"),
        )
        found: dict[str, Any] = result.formatted
        return found

    async def results(asked: dict[str, Any]) -> AsyncIterator[Any]:
        blog.operations.append(asked["query"])
        result = experimental_execute_incrementally(incremental, parse(asked["query"]), blog.root())
        if inspect.isawaitable(result):
            result = await result
        assert isinstance(result, ExperimentalIncrementalExecutionResults)
        yield result.initial_result.formatted
        async for more in result.subsequent_results:
            yield more.formatted

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if "@defer" in str(asked) or "@stream" in str(asked):
                asyncio.run(self.in_parts(asked))
                return
            if isinstance(asked, list):
                answer: Any = [executed(one) for one in asked]
            else:
                answer = executed(asked)
            body = json.dumps(answer).encode()
            media = "application/json"
            if "text/event-stream" in self.headers.get("accept", ""):
                media = "text/event-stream"
                body = b"event: next\ndata: " + body + b"\n\nevent: complete\ndata:\n\n"
            self.send_response(200)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        async def in_parts(self, asked: dict[str, Any]) -> None:
            """As "Incremental Delivery over HTTP" has it, or as events."""
            events = "text/event-stream" in self.headers["accept"]
            media = "text/event-stream" if events else 'multipart/mixed; boundary="-"'
            self.send_response(200)
            self.send_header("Content-Type", media)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            first = True
            async for part in results(asked):
                text = json.dumps(part).encode()
                if events:
                    self.chunk(b"event: next\ndata: %b\n\n" % text)
                else:
                    start = b"\r\n---" if first else b""
                    self.chunk(
                        start + b"\r\nContent-Type: application/json\r\n\r\n%b\r\n---" % text
                    )
                if first:
                    assert await asyncio.to_thread(blog.let_go.wait, 60)
                    blog.changed(*blog.written_later)
                if blog.breaks_off:
                    self.close_connection = True
                    return
                first = False
            self.chunk(b"event: complete\ndata:\n\n" if events else b"--\r\n")
            self.chunk(b"")

        def chunk(self, data: bytes) -> None:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
            self.wfile.flush()

    with running_server(Handler) as url:
        blog.url = f"{url}/graphql"
        try:
            yield blog
        finally:
            blog.let_go.set()
