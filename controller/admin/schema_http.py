"""``/schema`` of the admin listener: what schema is used, and pushing another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from controller.admin.graphql_http import read_body
from controller.errors import RequestRefused, SchemaUnavailable
from vclgen.config import NoSchema

if TYPE_CHECKING:
    from controller.schema_keeper import SchemaKeeper


async def answer_schema(request: Request, keeper: SchemaKeeper | None) -> Response:
    """GET: the SDL in use. POST: the body is SDL, used from now on and after a restart.

    Raises:
        RequestRefused: there is no schema yet, or the body is none; the old one stays.
    """
    if keeper is None:
        raise RequestRefused(503, "The controller is not up yet", "NOT_READY")
    if request.method == "POST":
        return await _push(request, keeper)
    text = keeper.text
    if text is None:
        why = "There is no schema yet: see /readyz"
        if isinstance(keeper.config.schema_source, NoSchema):
            why = "There is no schema, as `schema: false` wants it"
        raise RequestRefused(404, why, "NOT_FOUND")
    return PlainTextResponse(text, headers={"Cache-Control": "no-store"})


async def _push(request: Request, keeper: SchemaKeeper) -> Response:
    try:
        text = (await read_body(request)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestRefused(400, "The schema is not UTF-8", "BAD_REQUEST") from error
    try:
        changed = await keeper.push(text)
    except SchemaUnavailable as error:
        raise RequestRefused(400, str(error), "BAD_USER_INPUT") from error
    except OSError as error:
        raise RequestRefused(503, f"The schema cannot be kept: {error}", "NOT_KEPT") from error
    return JSONResponse({"changed": changed}, headers={"Cache-Control": "no-store"})
