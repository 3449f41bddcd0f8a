"""A GraphQL origin whose data has a version, and whose answers a test can hold back."""

from __future__ import annotations

import json
from typing import Any, Final

from graphql import GraphQLSchema, build_schema, graphql_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.support.barrier import Barrier

POSTS: Final = 1_900
"""In ``everything``: a little less than the tags that one answer may have."""
_VERSION: Final = "987654321"
_SDL: Final = """
type Query { post(id: ID!): Post, other: Other, brief: Post, everything: [Post!]! }
type Mutation { edit(id: ID!): Post }
type Post { id: ID!, version: Int! }
type Other { id: ID!, version: Int! }
"""


def make_schema() -> GraphQLSchema:
    """The schema, as a controller gets it."""
    return build_schema(_SDL)


class VersionedOrigin:
    """An ASGI application. ``version`` is that of all data; a mutation makes a new one.

    ``fetches`` counts the requests that were no mutations.
    """

    def __init__(self) -> None:
        self.version = 1
        self.fetches = 0
        self._schema = make_schema()
        self._answers: dict[str, str] = {}
        self._holds: list[tuple[Barrier, int]] = []

    def change(self) -> None:
        """As somebody does who tells nobody."""
        self.version += 1

    def hold(self, requests: int = 1) -> Barrier:
        """Hold the answers of so many requests from now on; those under way are held already.

        An answer is complete before it waits: it never sees a later version.
        """
        barrier = Barrier()
        self._holds.append((barrier, requests))
        return barrier

    def release(self) -> None:
        """Let everything go."""
        for barrier, _ in self._holds:
            barrier.release()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = await Request(scope, receive).json()
        mutates = sent["query"].lstrip().startswith("mutation")
        if mutates:
            self.change()
        else:
            self.fetches += 1
        answer = Response(self._answer(sent), media_type="application/json")
        if not mutates:
            await self._held()
        await answer(scope, receive, send)

    async def _held(self) -> None:
        for place, (barrier, left) in enumerate(self._holds):
            if left > 0:
                self._holds[place] = (barrier, left - 1)
                await barrier.wait()
                return

    def _answer(self, sent: dict[str, Any]) -> bytes:
        """Executed once for each document: of later answers only the version is another."""
        text = sent["query"]
        if text not in self._answers:
            result = graphql_sync(self._schema, text, self)
            self._answers[text] = json.dumps(result.formatted)
        return self._answers[text].replace(_VERSION, str(self.version)).encode()

    # What the fields of the schema resolve to.

    def post(self, _: object, id: str) -> dict[str, object]:
        return {"id": id, "version": int(_VERSION)}

    def other(self, _: object) -> dict[str, object]:
        return self.post(_, "1")

    def brief(self, _: object) -> dict[str, object]:
        return self.post(_, "5")

    def everything(self, _: object) -> list[dict[str, object]]:
        return [self.post(_, str(number)) for number in range(POSTS)]

    edit = post
