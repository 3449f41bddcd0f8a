"""An origin that fails, is slow, compresses or sets cookies, as a test tells it."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import brotli  # type: ignore[import-untyped]
from graphql import build_schema, execute_sync, parse

from tests.support.http_server import QuietHandler, running_server

SDL = (
    "type Query { post(id: ID!): Post  note(id: ID!): Post }  type Post { id: ID!  text: String! }"
)
PACKED = {"": bytes, "gzip": gzip.compress, "br": brotli.compress}


@dataclass
class Unsteady:
    """``status`` is that of its answers; 0 breaks the connection instead. ``errors``: 200, without
    data. ``seconds`` is how long it takes, ``most`` how many requests were with it at once. Nobody
    but the first, for whom the others may wait, is answered before ``together`` were.
    """

    url: str = ""
    text: str = "first"
    status: int = 200
    errors: bool = False
    encoding: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    together: int = 0
    requests: int = 0
    most: int = 0
    _now: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def reset(self) -> None:
        """As it was at first."""
        new = Unsteady()
        for name in ("text", "status", "errors", "encoding", "headers", "seconds", "together"):
            setattr(self, name, getattr(new, name))
        self.requests = self.most = 0

    def post(self, id: str) -> dict[str, str]:
        return {"id": id, "text": self.text}

    @contextmanager
    def counted(self) -> Iterator[None]:
        with self._changed:
            self.requests += 1
            self._now += 1
            self.most = max(self.most, self._now)
            self._changed.notify_all()
            if self.requests > 1:
                self._changed.wait_for(lambda: self.most >= self.together, timeout=30)
        try:
            yield
        finally:
            with self._changed:
                self._now -= 1


@contextmanager
def running_unsteady() -> Iterator[Unsteady]:
    """The server on a free port, for as long as the context lasts."""
    schema = build_schema(SDL)
    origin = Unsteady()
    root = {name: lambda _, id: origin.post(id) for name in ("post", "note")}
    parsed = cache(parse)  # of a crowd's time little is to be its own

    def answered(asked: dict[str, Any]) -> bytes:
        if origin.errors:
            return b'{"errors":[{"message":"not now"}],"data":null}'
        result = execute_sync(schema, parsed(asked["query"]), root)
        return json.dumps(result.formatted).encode()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with origin.counted():
                time.sleep(origin.seconds)
                if origin.status == 0:
                    self.close_connection = True
                    return
                body = PACKED[origin.encoding](answered(asked))
                self.send_response(origin.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                if origin.encoding:
                    self.send_header("Content-Encoding", origin.encoding)
                for name, value in origin.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

    with running_server(Handler) as url:
        origin.url = f"{url}/graphql"
        yield origin
