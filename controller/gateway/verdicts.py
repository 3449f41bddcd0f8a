"""``/verdict``: what the controller decided, in the headers that Varnish remembers."""

from __future__ import annotations

from typing import Final, assert_never

from controller.brain import Brain
from controller.core.policy import PUBLIC
from controller.core.request import HttpRequest
from controller.core.tags import wire
from controller.core.verdict import CacheableQuery, Mutation, Pass
from controller.gateway.asgi import Request, Response
from controller.gateway.headers import Header, lookup_all

REMEMBERED: Final = 7 * 24 * 3600
"""Seconds for which Varnish keeps a verdict: it depends on request, config and schema alone."""
REMEMBERED_BRIEFLY: Final = 1
"""Mutations hardly repeat; not 0, or equal ones would queue on the lookup."""
NAME_LENGTH: Final = 128


def verdict_response(brain: Brain, request: Request) -> Response:
    """The verdict on a request as Varnish stores it (docs/protocol.md)."""
    verdict = brain.decide(http_request(request))
    headers: list[Header] = []
    match verdict:
        case CacheableQuery(operation=operation, key=key, decision=decision):
            scopes = sorted(decision.scopes - {PUBLIC})
            headers = [
                (b"x-shellac-kind", b"query"),
                (b"x-shellac-key", key.encode()),
                (b"x-shellac-scopes", ",".join(["", *scopes, ""]).encode() if scopes else b","),
                (b"x-shellac-max-age", str(REMEMBERED).encode()),
            ]
            tags = brain.verdict_tags(verdict)
            if tags:
                wired = " ".join(wire(brain.policy.service, tag) for tag in tags)
                headers.append((b"xkey", wired.encode()))
            name = operation.name
        case Mutation(operation=operation):
            headers = [
                (b"x-shellac-kind", b"mutation"),
                (b"x-shellac-detail", b"mutation"),
                (b"x-shellac-max-age", str(REMEMBERED_BRIEFLY).encode()),
            ]
            name = operation.name
        case Pass(detail=detail):
            brief = verdict.may_write or verdict.writes or detail == "internal-error"
            seconds = REMEMBERED_BRIEFLY if brief else REMEMBERED
            headers = [
                (b"x-shellac-kind", b"pass"),
                (b"x-shellac-detail", detail.encode()),
                (b"x-shellac-max-age", str(seconds).encode()),
            ]
            name = None
        case _:
            assert_never(verdict)
    headers.append((b"x-shellac-plan", brain.digest.encode()))
    if name:
        headers.append((b"x-shellac-operation", name[:NAME_LENGTH].encode()))
    return Response(200, headers)


def http_request(request: Request) -> HttpRequest:
    """The request as the core reads it. Two lines of a header are one list to servers, of which
    each may take another member.
    """
    types = lookup_all(request.headers, b"content-type")
    encodings = lookup_all(request.headers, b"content-encoding")
    return HttpRequest(
        method=request.method,
        query_string=request.query_string,
        content_type=", ".join(types) if types else None,
        body=request.body,
        content_encoding=", ".join(encodings) if encodings else None,
    )
