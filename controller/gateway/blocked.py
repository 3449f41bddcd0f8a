"""What a client is told whose request is not handed on."""

from __future__ import annotations

from typing import Final

from controller.gateway.asgi import Response, graphql_error
from controller.gateway.media import JSON, error_media

CODE: Final = "INTROSPECTION_BLOCKED"
MESSAGE: Final = "Introspection is not allowed here: __schema and __type cannot be selected"


def introspection_blocked(accept: str | None) -> Response:
    """A request error of GraphQL. By GraphQL over HTTP, section 6.4, its status is 200 in
    ``application/json`` and 400 in ``application/graphql-response+json``.
    """
    status = 200 if error_media(accept) == JSON else 400
    return graphql_error(status, MESSAGE, CODE, accept=accept)
