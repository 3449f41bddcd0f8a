"""The gateway listener: what Varnish asks, answered. A plain ASGI application.

It stays a readable sequence: read the request, let the core decide, carry it out. Every failure
ends here, as a GraphQL error.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from controller.brain import Brain
from controller.errors import (
    BadHeader,
    LogUnavailable,
    NoEventStream,
    OriginTimeout,
    OriginUnreachable,
    OriginUnreadable,
)
from controller.gateway.asgi import (
    BodyTooLarge,
    Receive,
    Request,
    Response,
    Scope,
    Send,
    graphql_error,
    read_request,
    send_response,
)
from controller.gateway.event_streams import EventStreams
from controller.gateway.forgetting import Forgetting
from controller.gateway.headers import lookup
from controller.gateway.identity import identity_response
from controller.gateway.mutation_purges import MutationPurger
from controller.gateway.origin import Origin
from controller.gateway.passes import answer_pass
from controller.gateway.purges import answer_purge
from controller.gateway.queries import answer_query
from controller.gateway.rules import GatewayRules
from controller.gateway.verdicts import verdict_response
from controller.gateway.websocket import relay
from controller.mutation_metrics import MutationMetrics
from controller.purge.freshness import Freshness
from controller.purge.purger import Purger

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Gateway:
    """``brain`` is replaced when the schema changes; ``origin`` and ``rules``, too, when the config
    is reloaded. Each request reads them once, all of one config."""

    brain: Brain
    origin: Origin
    purger: Purger
    freshness: Freshness
    rules: GatewayRules
    metrics: MutationMetrics = field(default_factory=MutationMetrics)
    streams: EventStreams = field(default_factory=EventStreams)
    forgetting: Forgetting = field(init=False)

    def __post_init__(self) -> None:
        self.forgetting = Forgetting(self.purger)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            purger = MutationPurger(self.purger, self.metrics)
            await relay(scope, receive, send, lambda: self.brain, self.origin, purger)
            return
        assert scope["type"] == "http"
        try:
            request = await read_request(scope, receive, self.rules.max_request_size)
        except BodyTooLarge as error:
            response = graphql_error(
                413,
                f"The request body is larger than maxRequestSize ({error.limit} bytes)",
                "REQUEST_TOO_LARGE",
                accept=lookup(scope["headers"], b"accept"),
            )
            response.headers.append((b"connection", b"close"))
        except ConnectionResetError:
            return
        else:
            response = await self._answer(request)
        await send_response(response, receive, send)

    async def _answer(self, request: Request) -> Response:
        accept = request.header(b"accept")
        try:
            return await self._round(request)
        except BadHeader as error:
            return graphql_error(400, str(error), "BAD_HEADER", accept=accept)
        except OriginTimeout as error:
            return graphql_error(504, str(error), "ORIGIN_TIMEOUT", accept=accept)
        except OriginUnreachable as error:
            return graphql_error(502, str(error), "ORIGIN_UNREACHABLE", accept=accept)
        except OriginUnreadable as error:
            return graphql_error(502, str(error), "ORIGIN_UNREADABLE", accept=accept)
        except NoEventStream as error:
            return graphql_error(409, str(error), "NO_EVENT_STREAM", accept=accept)
        except LogUnavailable as error:
            message = f"The mutation was not sent, for its purge could not be recorded: {error}"
            return graphql_error(503, message, "PURGE_LOG_UNAVAILABLE", accept=accept)

    async def _round(self, request: Request) -> Response:
        if request.header(b"x-shellac-round") == "pipe":
            answer = graphql_error(
                400, "This is no WebSocket handshake", "NO_HANDSHAKE", accept=None
            )
            # Varnish hands on whatever follows on this connection: headers in it are not its own.
            answer.headers.append((b"connection", b"close"))
            return answer
        if request.header(b"x-shellac-round") == "purge":
            return await answer_purge(request, self.brain.policy.direct, self.purger)
        if request.path == "/verdict":
            return verdict_response(self.brain, request)
        if request.path == "/identity":
            if request.header(b"x-shellac-digest") != self.brain.policy.digest:
                # Varnish would keep it under the key of other scopes than these.
                return Response(200, [(b"x-shellac-detail", b"plan-changed")])
            return await identity_response(request, self.rules.claims)
        if request.path != "/graphql":
            return graphql_error(404, "The gateway has no such path", "NOT_FOUND", accept=None)
        if request.header(b"x-shellac-round") == "data":
            async with self.origin.in_time():
                return await answer_query(
                    request,
                    self.brain,
                    self.origin,
                    self.freshness,
                    self.rules,
                    forgetting=self.forgetting,
                )
        purger = MutationPurger(self.purger, self.metrics)
        return await answer_pass(
            request, self.brain, self.origin, purger, self.rules.retries, streams=self.streams
        )
