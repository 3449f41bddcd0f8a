"""``POST /purge``: the Purging API for scripts, as JSON. The same batch as a GraphQL document."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from graphql import GraphQLError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from controller.admin.auth import Doorkeeper
from controller.admin.batch import Batch, Carried, How, carry_out
from controller.admin.graphql_http import MAX_BODY_BYTES, refusal, respond
from controller.admin.state import AdminState
from controller.admin.wishes import Wish, Wishes, place, subject, wished
from controller.errors import LogUnavailable, RequestRefused
from controller.tokens.token import Scope

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def purge_router(state: AdminState, doorkeeper: Doorkeeper) -> APIRouter:
    """The route, for whom ``doorkeeper`` lets purge."""

    class Guarded(APIRoute):
        """Asks who it is before the body is read, and answers in this API's own form."""

        def get_route_handler(self) -> _Handler:
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                try:
                    request.state.by = await doorkeeper.admit(request, Scope.PURGE)
                    _check_size(request)
                    return await handle(request)
                except (RequestRefused, LogUnavailable) as error:
                    return refusal(request, error)
                except RequestValidationError as error:
                    return _invalid(request, error)
                except HTTPException as error:
                    refused = RequestRefused(error.status_code, str(error.detail), "BAD_REQUEST")
                    return refusal(request, refused)

            return guarded

    router = APIRouter(route_class=Guarded)

    @router.post(
        "/purge",
        operation_id="purge_by_rest",
        response_model=Carried,
        responses={
            400: {"description": "The schema has no such type or field; nothing was purged."},
            401: {"description": "No valid token."},
            422: {"description": "The body is not as it has to be; nothing was purged."},
            503: {"description": "The purge log cannot be written; nothing was purged."},
        },
    )
    async def purge(request: Request, wishes: Annotated[Wishes, Body()]) -> Response:
        """Purge one thing or a list of things. All of it is one batch; a wish that cannot be
        understood leaves all others undone.
        """
        batch, errors = _collected(wishes if isinstance(wishes, list) else [wishes], state)
        if errors:
            return respond(request, 400, {"errors": errors})
        batch.by = request.state.by
        carried = await carry_out(batch, state.purger, state.refetcher)
        return respond(request, 200, carried.as_json())

    return router


def _collected(wishes: list[Wish], state: AdminState) -> tuple[Batch, list[dict[str, Any]]]:
    batch = Batch()
    errors = []
    for number, wish in enumerate(wishes):
        name = subject(wish)
        how = How(wish.soft, wish.dryRun, wish.refresh)
        try:
            batch.add(f"rest {name}", str(number), wished(wish, state.purging_api.targets), how)
        except GraphQLError as error:
            field = f"[{number}].{name}" if len(wishes) > 1 else name
            errors.append(_error(error.message, (error.extensions or {}).get("code", ""), field))
    return batch, errors


def _check_size(request: Request) -> None:
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise RequestRefused(411, "Send Content-Length", "BAD_REQUEST")
    if int(length) > MAX_BODY_BYTES:
        raise RequestRefused(413, "The body is over 10 MB: send several", "BAD_REQUEST")


def _invalid(request: Request, error: RequestValidationError) -> Response:
    """422 with the place of each problem."""
    errors = [
        _error(found["msg"], "BAD_USER_INPUT", place(found["loc"])) for found in error.errors()
    ]
    return respond(request, 422, {"errors": errors})


def _error(message: str, code: str, field: str) -> dict[str, Any]:
    where = f"{field}: " if field else ""
    return {"message": f"{where}{message}", "extensions": {"code": code, "field": field}}
