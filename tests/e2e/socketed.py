"""A server that takes WebSockets too, by both subprotocols: notes that are written and counted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import strawberry
import uvicorn
from strawberry.asgi import GraphQL

from tests.support.net import free_port, listens, wait_for


@dataclass
class Notes:
    """``written`` are the ids of mutations; each says ``begun`` and ends once ``released``."""

    url: str = ""
    texts: dict[str, str] = field(default_factory=lambda: {"1": "first", "2": "first"})
    written: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


NOTES = Notes()


@strawberry.type
class Note:
    id: strawberry.ID
    text: str


def note(id: str) -> Note:
    return Note(id=strawberry.ID(id), text=NOTES.texts[id])


@strawberry.type
class Query:
    @strawberry.field
    def note(self, id: strawberry.ID) -> Note | None:
        return note(id)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def write(self, info: strawberry.Info, id: strawberry.ID, text: str) -> Note:
        NOTES.headers.append(dict(info.context["request"].headers))
        NOTES.texts[id] = text
        NOTES.written.append(id)
        NOTES.begun.set()
        await asyncio.to_thread(NOTES.released.wait)
        return note(id)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncGenerator[int, None]:
        for number in range(to):
            yield number


@contextmanager
def running_notes() -> Iterator[Notes]:
    """The server on a free port."""
    NOTES.released.set()
    port = free_port()
    schema = strawberry.Schema(Query, Mutation, Subscription)
    app = GraphQL(schema, allowed_origins=["http://shop.example"])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for(lambda: listens(port), what="the server of the notes")
    NOTES.url = f"http://127.0.0.1:{port}"
    try:
        yield NOTES
    finally:
        NOTES.released.set()
        server.should_exit = True
        thread.join()
