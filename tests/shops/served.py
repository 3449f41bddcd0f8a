"""A random shop behind HTTP, in the test's own process."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import OperationType, get_operation_ast, parse

from tests.shops.origin import Origin, Trace
from tests.support.http_server import QuietHandler, running_server


@dataclass
class Served:
    """``lose_next``: the next mutation is executed, and its answer never comes.

    ``mutations`` are the responses to the mutations that were executed, and what was read for them.
    """

    origin: Origin
    url: str = ""
    lose_next: bool = False
    mutations: list[tuple[dict[str, Any], Trace]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        """The response to a GraphQL-over-HTTP body; None: break the connection."""
        operation = get_operation_ast(parse(asked["query"]), asked.get("operationName"))
        with self.lock:
            response, trace = self.origin.run(
                asked["query"], asked.get("variables") or {}, asked.get("operationName")
            )
            if operation is not None and operation.operation is OperationType.MUTATION:
                self.mutations.append((response, trace))
                if self.lose_next:
                    self.lose_next = False
                    return None
            return response


@contextlib.contextmanager
def served(origin: Origin) -> Iterator[Served]:
    """The shop on a free port."""
    server = Served(origin)

    class Handler(QuietHandler):
        wbufsize = -1  # head and body in one packet

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            response = server.answer(asked)
            if response is None:
                self.close_connection = True
                return
            body = json.dumps(response).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with running_server(Handler) as url:
        server.url = f"{url}/graphql"
        yield server
