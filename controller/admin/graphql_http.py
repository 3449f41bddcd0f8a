"""GraphQL over HTTP for the Purging API (https://graphql.github.io/graphql-over-http/draft/)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    ExecutionResult,
    GraphQLError,
    OperationType,
    get_operation_ast,
)
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from controller.admin.batch import Batch, carry_out
from controller.admin.purging_api import PurgingApi
from controller.core.lexemes import Lexeme
from controller.errors import LogUnavailable, RequestRefused
from controller.purge.purger import Purger
from controller.purge.refetch import Refetcher

MAX_BODY_BYTES: Final = 10 * 1024 * 1024
AT_ONCE: Final = 2_000
"""Bytes of a request that is executed without a thread: about a millisecond when it is new."""
_RESPONSE_JSON: Final = "application/graphql-response+json"


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a GraphQL request; ``size`` is that of its text, in bytes."""

    query: str
    variables: Mapping[str, Any] | None
    operation_name: str | None
    by_get: bool
    size: int


async def read_asked(request: Request) -> Asked:
    """The parameters of a GET or POST.

    Raises:
        RequestRefused: it is no GraphQL request; the status says why.
    """
    if request.method == "GET":
        found: dict[str, Any] = dict(request.query_params)
        if "variables" in found:
            found["variables"] = _json(found["variables"].encode(), "variables")
        return _asked(found, by_get=True, size=len(request.url.query))
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise RequestRefused(
            415, "Send the request as Content-Type: application/json", "BAD_REQUEST"
        )
    body = await read_body(request)
    return _asked(_json(body, "the body"), by_get=False, size=len(body))


async def answer(
    asked: Asked,
    api: PurgingApi,
    purger: Purger,
    refetcher: Refetcher | None = None,
    *,
    by: str | None = None,
) -> tuple[int, dict[str, Any]]:
    """Execute a request, purge what it asked for, wait for the nodes: HTTP status and body.

    ``by`` is the name of who asks, for the log.

    Raises:
        RequestRefused: nothing was executed.
        LogUnavailable: the purge is not recorded.
    """
    # A document can name thousands of entities; the gateway's requests share this event loop.
    if asked.size <= AT_ONCE:
        executed = _execute(asked, api)
    else:
        executed = await asyncio.to_thread(_execute, asked, api)
    if isinstance(executed, list):
        return 400, {"errors": executed}
    result, batch = executed
    if result.data is None:
        return 400, {"errors": _errors(result.errors or (), "BAD_USER_INPUT")}
    batch.by = by
    said = (await carry_out(batch, purger, refetcher)).as_json()
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = _errors(result.errors, "BAD_USER_INPUT")
    if said:
        body["extensions"] = {"shellac": said}
    return 200, body


def respond(
    request: Request, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    """A response in the media type the client asked for."""
    wanted = request.headers.get("accept", "")
    media = _RESPONSE_JSON if _RESPONSE_JSON in wanted else "application/json"
    # ASCII escapes: a message can quote a lone surrogate of the request, which is not UTF-8.
    return Response(
        json.dumps(body),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        media_type=f"{media}; charset=utf-8",
    )


def refusal(request: Request, error: RequestRefused | LogUnavailable) -> Response:
    """The response that carries an error of this package."""
    status, code, headers = 503, "PURGE_LOG_UNAVAILABLE", {}
    if isinstance(error, RequestRefused):
        status, code = error.status, error.code
        if error.retry_after is not None:
            headers["Retry-After"] = str(error.retry_after)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 405:
        headers["Allow"] = "POST"
    body = {"errors": [{"message": str(error), "extensions": {"code": code}}]}
    return respond(request, status, body, headers)


def _execute(asked: Asked, api: PurgingApi) -> tuple[ExecutionResult, Batch] | list[dict[str, Any]]:
    try:
        document, invalid = api.checked(asked.query)
    except GraphQLError as error:
        return _errors([error], "GRAPHQL_PARSE_FAILED")
    except RecursionError:
        return _errors([GraphQLError("The document is nested too deeply")], "GRAPHQL_PARSE_FAILED")
    if invalid:
        return _errors(invalid, "GRAPHQL_VALIDATION_FAILED")
    operation = get_operation_ast(document, asked.operation_name)
    if asked.by_get and operation is not None and operation.operation is not OperationType.QUERY:
        raise RequestRefused(405, "A mutation has to be sent by POST", "METHOD_NOT_ALLOWED")
    return api.execute(document, asked.variables, asked.operation_name)


def _errors(errors: Sequence[GraphQLError], code: str) -> list[dict[str, Any]]:
    """Errors as the response has them, each with a code."""
    return [
        {**error.formatted, "extensions": {"code": code, **(error.extensions or {})}}
        for error in errors
    ]


def _asked(found: object, *, by_get: bool, size: int) -> Asked:
    match found:
        case {"query": str(query), **others}:
            variables = others.get("variables")
            name = others.get("operationName")
            if variables is not None and not isinstance(variables, dict):
                raise RequestRefused(400, "variables must be an object", "BAD_REQUEST")
            if name is not None and not isinstance(name, str):
                raise RequestRefused(400, "operationName must be a string", "BAD_REQUEST")
            return Asked(query, variables, name, by_get, size)
        case _:
            raise RequestRefused(400, 'Send an object with "query", a string', "BAD_REQUEST")


async def read_body(request: Request) -> bytes:
    """The whole body.

    Raises:
        RequestRefused: it is over ``MAX_BODY_BYTES``, or the client went away.
    """
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > MAX_BODY_BYTES:
                raise RequestRefused(413, "The body is over 10 MB: send several", "BAD_REQUEST")
            parts.append(part)
    except ClientDisconnect as error:
        raise RequestRefused(400, "The body is not whole", "BAD_REQUEST") from error
    return b"".join(parts)


def _json(text: bytes, what: str) -> object:
    try:
        # A key value like 1.0 keeps its lexeme: that is what tags are made of.
        return json.loads(text, parse_float=Lexeme)
    except (ValueError, RecursionError) as error:
        raise RequestRefused(400, f"{what} is not JSON: {error}", "BAD_REQUEST") from error
