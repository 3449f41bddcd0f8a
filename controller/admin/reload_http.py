"""``POST /reload`` of the admin listener: the config of the file, from now on."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from controller.admin.graphql_http import read_body
from controller.errors import ReloadRefused, RequestRefused, SchemaUnavailable
from vclgen.errors import ConfigError

if TYPE_CHECKING:
    from controller.reloading import Reloader


class _Wanted(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    digest: str | None = None


async def answer_reload(request: Request, reloader: Reloader | None) -> Response:
    """Reload; the body is empty or ``{"digest": "…"}``.

    Raises:
        RequestRefused: 400 the config or the body is wrong; 409 it needs a restart, or has another
            digest; 503 the schema that it wants cannot be had. Nothing was changed.
    """
    if reloader is None:
        raise RequestRefused(503, "The controller is not up yet", "NOT_READY")
    try:
        wanted = _Wanted.model_validate_json(await read_body(request) or b"{}")
    except ValidationError as error:
        raise RequestRefused(400, 'The body is not {"digest": "…"}', "BAD_REQUEST") from error
    try:
        reloaded = await reloader.reload(wanted.digest)
    except ConfigError as error:
        raise RequestRefused(400, str(error), "BAD_CONFIG") from error
    except ReloadRefused as error:
        raise RequestRefused(409, str(error), "NOT_RELOADED") from error
    except SchemaUnavailable as error:
        raise RequestRefused(503, str(error), "NO_SCHEMA") from error
    return JSONResponse(asdict(reloaded), headers={"Cache-Control": "no-store"})
