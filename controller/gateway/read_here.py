"""A request that goes on as it was sent, and whose answer is read here before it goes back."""

from __future__ import annotations

from collections.abc import Iterable

from controller.gateway.asgi import Request, Response
from controller.gateway.headers import Header, from_origin, to_origin, without
from controller.gateway.origin import Origin
from controller.gateway.origin_answer import OriginAnswer


async def answered(
    request: Request, headers: list[tuple[str, str]], origin: Origin
) -> OriginAnswer:
    """The whole answer; ``headers`` are those of ``readable``.

    Raises:
        OriginUnreachable, OriginTimeout: there is none.
    """
    async with (
        origin.in_time(),
        origin.forward(request.method, request.query_string, headers, request.body) as stream,
    ):
        return OriginAnswer(stream.status, stream.headers, await stream.whole())


def readable(request: Request) -> list[tuple[str, str]]:
    """The client's headers, less the encodings that it takes.

    Raises:
        BadHeader: they cannot be sent. So this comes before what is recorded of a write.
    """
    return [h for h in to_origin(request.headers) if h[0].lower() != "accept-encoding"]


def handed_back(answer: OriginAnswer, headers: Iterable[Header]) -> Response:
    """The answer for the client, with ``headers`` of ours."""
    kept = without(from_origin(answer.headers), b"content-length")
    return Response(answer.status, [*kept, *headers], answer.body)
