"""The Starlette application: one request to ``/graphql``, one execution."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from weakref import WeakSet

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationType,
    execute_sync,
    get_operation_ast,
    parse,
    subscribe,
    validate,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from demo import protocol
from demo.control import Control
from demo.database import open_database
from demo.protocol import EVENTS, GRAPHQL_RESPONSE, JSON, Parameters, Refused
from demo.queries import Context
from demo.schema import make_schema

TOKEN_LIMIT = 10_000
CACHED_LENGTH = 8_000
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
"""All, so that those not allowed are seen and refused like other bad requests."""


def create_app(
    database: str = ":memory:", *, latency: float = 0.0, control: bool = False
) -> Starlette:
    """The demo origin at ``/graphql``, with ``/_demo/…`` too if `control`.

    `database` is the path of an SQLite file, made and filled if new, or `:memory:`.
    `latency` is in seconds and delays each answer.
    """
    origin = Origin(make_schema(), open_database(database))
    watched = Control(latency)

    async def endpoint(request: Request) -> Response:
        gate = await watched.arrived(request)
        answer = await origin.answer(request)
        await watched.delay(gate)
        return answer

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        origin.database.close()

    routes = [Route("/graphql", endpoint, methods=METHODS)]
    return Starlette(routes=routes + watched.routes() * control, lifespan=lifespan)


@dataclass(frozen=True)
class Origin:
    """The schema, its data, and who waits for changes of it."""

    schema: GraphQLSchema
    database: sqlite3.Connection
    watchers: WeakSet[asyncio.Queue[int]] = field(default_factory=WeakSet)

    async def answer(self, request: Request) -> Response:
        media_type = JSON
        try:
            media_type = protocol.negotiate(",".join(request.headers.getlist("accept")))
            parameters = await read(request)
            result = self.run(request, parameters, media_type)
        except Refused as refused:
            # An event stream is for results: a refusal is plain JSON.
            plain = JSON if media_type == EVENTS else media_type
            body = {"errors": [{"message": str(refused)}]}
            return reply(body, plain, refused.status, refused.headers)
        if media_type == EVENTS:
            return StreamingResponse(events(result), media_type=EVENTS)
        assert isinstance(result, ExecutionResult)
        body = response(result)
        # Only graphql-response+json has status codes of its own: under application/json a
        # 400 could come from anything on the way.
        bad = "data" not in body and media_type == GRAPHQL_RESPONSE
        return reply(body, media_type, 400 if bad else 200)

    def run(
        self, request: Request, parameters: Parameters, media_type: str
    ) -> ExecutionResult | AsyncIterator[ExecutionResult]:
        small = len(parameters.query) <= CACHED_LENGTH
        document = (cached_document if small else valid_document)(self.schema, parameters.query)
        if isinstance(document, ExecutionResult):
            return document
        operation = get_operation_ast(document, parameters.operation_name)
        kind = operation.operation if operation else OperationType.QUERY
        if kind is OperationType.MUTATION and request.method != "POST":
            raise Refused(405, "A mutation needs POST.", {"Allow": "POST"})
        context = Context(self.database, self.watchers, request.headers, request.cookies)
        variables, name = parameters.variables, parameters.operation_name
        if kind is not OperationType.SUBSCRIPTION:
            return execute_sync(self.schema, document, None, context, variables, name)
        if media_type != EVENTS:
            raise Refused(406, f"A subscription needs Accept: {EVENTS}.")
        source = subscribe(self.schema, document, None, context, variables, name)
        assert isinstance(source, ExecutionResult | AsyncIterator)
        return source


def valid_document(schema: GraphQLSchema, text: str) -> DocumentNode | ExecutionResult:
    """The document, or the errors that keep it from being run."""
    try:
        document = parse(text, max_tokens=TOKEN_LIMIT)
    except GraphQLError as problem:
        return ExecutionResult(errors=[problem])
    problems = validate(schema, document)
    return ExecutionResult(errors=problems) if problems else document


# Validation is most of the time of a small request.
cached_document = lru_cache(maxsize=256)(valid_document)


async def read(request: Request) -> Parameters:
    match request.method:
        case "GET" | "HEAD":
            return protocol.from_url(request.query_params)
        case "POST":
            content_type = request.headers.get("content-type", "")
            return protocol.from_body(content_type, await request.body())
        case method:
            raise Refused(405, f"{method} is not allowed.", {"Allow": "GET, POST"})


def response(result: ExecutionResult) -> dict[str, Any]:
    """The response map; without `data` if nothing ran, which only an error's path tells."""
    ran = result.data is not None or any(error.path for error in result.errors or ())
    body = dict(result.formatted)
    return body if ran else {"errors": body["errors"]}


async def events(
    source: ExecutionResult | AsyncIterator[ExecutionResult],
) -> AsyncIterator[bytes]:
    """graphql-sse, "distinct connections": ``next`` for each result, then ``complete``."""
    # Says that the subscription stands, also to proxies that wait for a body.
    yield b":\n\n"
    if isinstance(source, ExecutionResult):
        yield next_event(source)
    else:
        async for result in source:
            yield next_event(result)
    yield b"event: complete\ndata:\n\n"


def next_event(result: ExecutionResult) -> bytes:
    return b"event: next\ndata: " + encode(response(result)) + b"\n\n"


def reply(
    body: Mapping[str, Any],
    media_type: str,
    status: int,
    headers: Mapping[str, str] | None = None,
) -> Response:
    content_type = f"{media_type}; charset=utf-8"
    return Response(encode(body), status, headers, media_type=content_type)


def encode(body: Mapping[str, Any]) -> bytes:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    # UTF-8 cannot hold a lone surrogate, JSON can: as the escape that Python writes too.
    return text.encode(errors="backslashreplace")
