"""``python -m demo.wordpress``: a small blog behind WPGraphQL with WPGraphQL Smart Cache.

Queries by GET of nobody in particular carry ``X-GraphQL-Keys``: the hash of the query, its kind and
name, ``list:<type>`` for lists, and the Relay id of each node; ``skipped:<type>`` in the place of
ids where the header would get too long. A request with the login cookie and its nonce is its
user's, sees drafts, and is told ``no-store``. An edit sends PURGE_GRAPHQL for each key that
changed, as a site does that hooks ``graphql_purge``.

    POST /wp-json/wp/v2/posts/1   {"title": "..."}
    POST /wp-json/wp/v2/posts     {"title": "..."}   a new one
    POST /demo/flush              the button "Purge Cache Now"
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from graphql import build_schema, graphql_sync

from demo.tagging import NOT_FOUND, Answer, Cache, Request, arguments, purge, run

LONGEST_KEYS = 4_000
"""Bytes of X-GraphQL-Keys: WPGraphQL's default."""
PUBLIC = "max-age=600, s-maxage=600, must-revalidate"
LOGIN = "wordpress_logged_in_0a1b=ada"
NONCE = "9c6e1f"
SCHEMA = build_schema("""
type Query {
  posts(first: Int = 10): PostConnection!
  post(id: ID!): Post
  viewer: User
}
type Mutation { updatePost(input: UpdatePostInput!): UpdatePostPayload }
input UpdatePostInput { id: ID! title: String! }
type UpdatePostPayload { post: Post }
type PostConnection { nodes: [Post!]! }
type Post { id: ID! databaseId: Int! title: String! author: User! }
type User { id: ID! name: String! }
""")


def relay_id(kind: str, number: int) -> str:
    return b64encode(f"{kind}:{number}".encode()).decode()


@dataclass
class Context:
    """Who asks; collects what the answer is made of."""

    user: str | None
    lists: list[str] = field(default_factory=list)
    nodes: list[tuple[str, str]] = field(default_factory=list)


class Blog:
    """Posts, what was asked, and the Varnishes that are purged (host, port).

    ``site`` is the endpoint's URL, as it is told in purges; answers tell it without a scheme.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.titles = {n: f"Post {n}" for n in range(1, 201)}
        self.requests: list[tuple[str, str]] = []
        self.varnishes: list[Cache] = []
        self.site = "https://blog.example/graphql"
        self.url = ""

    def posts(self, info: Any, first: int) -> dict[str, Any]:
        info.context.lists.append("list:post")
        return {"nodes": [self._post(info.context, n) for n in sorted(self.titles)[:first]]}

    def post(self, info: Any, id: str) -> dict[str, Any] | None:
        numbers = {relay_id("post", number): number for number in self.titles}
        return self._post(info.context, numbers[id]) if id in numbers else None

    def viewer(self, info: Any) -> dict[str, Any] | None:
        name = info.context.user
        return {"id": relay_id("user", 7), "name": name} if name else None

    def updatePost(self, info: Any, input: Mapping[str, str]) -> dict[str, Any]:
        changed = self.post(info, input["id"])
        if changed is None:
            return {"post": None}
        self.titles[changed["databaseId"]] = input["title"]
        return {"post": {**changed, "title": input["title"]}}

    def _post(self, context: Context, number: int) -> dict[str, Any]:
        author = {"id": relay_id("user", 1), "name": "Grace"}
        context.nodes += [("post", relay_id("post", number)), ("user", author["id"])]
        title = self.titles[number] + (" (edit)" if context.user else "")
        post = {"id": relay_id("post", number), "databaseId": number, "title": title}
        return {**post, "author": author}

    def save(self, number: int, title: str) -> list[int]:
        """An edit: the node, and answers that had to leave out nodes of its type."""
        self.titles[number] = title
        return self.clean(relay_id("post", number)) + self.clean("skipped:post")

    def publish(self, title: str) -> list[int]:
        """A new post: it stands in lists."""
        self.titles[max(self.titles) + 1] = title
        return self.clean("list:post")

    def flush(self) -> list[int]:
        """Everything: each answer is one to a query."""
        return self.clean("graphql:Query")

    def clean(self, key: str) -> list[int]:
        headers = {"GraphQL-Purge-Keys": key, "GraphQL-URL": self.site}
        return purge(self.varnishes, "PURGE_GRAPHQL", headers)

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append((request.method, request.target))
        match request.method, request.path.strip("/").split("/"):
            case _, ["graphql"]:
                return self._graphql(request)
            case "POST", ["wp-json", "wp", "v2", "posts", number]:
                self.save(int(number), request.json()["title"])
                return Answer("saved\n")
            case "POST", ["wp-json", "wp", "v2", "posts"]:
                self.publish(request.json()["title"])
                return Answer("published\n")
            case "POST", ["demo", "flush"]:
                self.flush()
                return Answer("flushed\n")
            case _:
                return NOT_FOUND

    def _graphql(self, request: Request) -> Answer:
        given = request.graphql()
        logged_in = LOGIN in request.headers.get("cookie", "")
        nonce = request.headers.get("x-wp-nonce")
        context = Context("ada" if logged_in and nonce == NONCE else None)
        name = given.get("operationName")
        result = graphql_sync(SCHEMA, given["query"], self, context, given.get("variables"), name)
        found = {"Content-Type": "application/json; charset=UTF-8"}
        if request.method == "POST" or result.errors or context.user:
            found["Cache-Control"] = "no-store"
        else:
            found["Cache-Control"] = PUBLIC
            found["X-GraphQL-URL"] = self.site.partition("://")[2]
            found["X-GraphQL-Keys"] = keys(given["query"], name, context)
        return Answer(json.dumps(result.formatted), found)


def keys(document: str, name: str | None, context: Context) -> str:
    """The X-GraphQL-Keys of an answer, with blanks between them."""
    found = [hashlib.sha256(document.encode()).hexdigest(), "graphql:Query"]
    found += [f"operation:{name}"] if name else []
    found += dict.fromkeys(context.lists)
    size = sum(len(key) + 1 for key in found)
    skipped: dict[str, None] = {}
    for kind, node in dict.fromkeys(context.nodes):
        size += len(node) + 1
        if size > LONGEST_KEYS:
            skipped[f"skipped:{kind}"] = None
        else:
            found.append(node)
    return " ".join([*found, *skipped])


def main() -> None:
    options = arguments(
        "A small blog that tags and purges as WPGraphQL Smart Cache does.", port=8000
    )
    given = options.parse_args()
    blog = Blog()
    blog.varnishes = given.purges
    run(blog.answer, given.listen)


if __name__ == "__main__":
    main()
