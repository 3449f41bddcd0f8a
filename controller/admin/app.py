"""The admin listener: Purging API and its playground, schema, health, readiness, metrics."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from controller.admin.auth import Doorkeeper, environment_token
from controller.admin.docs import docs_page
from controller.admin.events import answer_events
from controller.admin.graphql_http import answer, read_asked, refusal, respond
from controller.admin.metrics import exposition, purge_registry
from controller.admin.playground import playground_router
from controller.admin.readiness import origins, own_nodes, peers, readiness
from controller.admin.reload_http import answer_reload
from controller.admin.rest import purge_router
from controller.admin.schema_http import answer_schema
from controller.admin.state import AdminState
from controller.errors import LogUnavailable, RequestRefused
from controller.graphiql import home
from controller.tokens.token import Scope
from vclgen import __version__


def create_admin_app(state: AdminState) -> FastAPI:
    """The app for ``controller.adminListen``.

    ``SHELLAC_ADMIN_TOKEN`` is read here, once.
    """
    app = FastAPI(title="Shellac", version=__version__, docs_url=None, redoc_url=None)
    registry = purge_registry(state.purger)
    for collector in state.collectors:
        registry.register(collector)
    doorkeeper = Doorkeeper(state, environment_token())

    @app.get("/healthz", response_class=PlainTextResponse)
    async def healthz() -> str:
        """The process is alive."""
        return "ok"

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        """200 when schema, log and every node are as they should be, else 503."""
        ready, found = await readiness(state)
        return JSONResponse(found, 200 if ready else 503, {"Cache-Control": "no-store"})

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Prometheus' text format."""
        return Response(exposition(registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/nodes")
    async def nodes(request: Request) -> Response:
        """Each Varnish of this controller; with ``purge.wait: all`` those of the others too."""
        try:
            await doorkeeper.admit(request, Scope.ADMIN)
            return JSONResponse({"nodes": own_nodes(state), "peers": await peers(state)})
        except (RequestRefused, LogUnavailable) as error:
            return refusal(request, error)

    @app.get("/origins", operation_id="show_origins")
    async def show_origins(request: Request) -> Response:
        """Each server of the origin, and whether it is healthy."""
        try:
            await doorkeeper.admit(request, Scope.ADMIN)
            return JSONResponse({"origins": origins(state)})
        except RequestRefused as error:
            return refusal(request, error)

    @app.get("/schema", operation_id="show_schema")
    @app.post("/schema", operation_id="push_schema")
    async def schema(request: Request) -> Response:
        """The SDL in use; POST another to use it from now on, and after a restart."""
        try:
            await doorkeeper.admit(request, Scope.ADMIN)
            return await answer_schema(request, state.keeper)
        except RequestRefused as error:
            return refusal(request, error)

    @app.post("/reload")
    async def reload(request: Request) -> Response:
        """Serve by what the config file says now. `digest`, if given, is what it has to be."""
        try:
            await doorkeeper.admit(request, Scope.ADMIN)
            return await answer_reload(request, state.reloader)
        except RequestRefused as error:
            return refusal(request, error)

    @app.post("/events")
    async def events(request: Request) -> Response:
        """What changed at the origin without a mutation through here: purged."""
        try:
            by = await doorkeeper.admit(request, Scope.PURGE)
            return await answer_events(request, state, by)
        except (RequestRefused, LogUnavailable) as error:
            return refusal(request, error)

    app.include_router(purge_router(state, doorkeeper))

    @app.get("/docs", response_class=HTMLResponse, include_in_schema=False)
    async def docs() -> str:
        """This API, described."""
        return docs_page(app.openapi())

    app.include_router(playground_router(state.policy.service, home()))

    @app.get("/{service}", operation_id="introspect")
    @app.post("/{service}", operation_id="purge")
    async def purging_api(service: str, request: Request) -> Response:
        """The Purging API of a service: GraphQL over HTTP; GET for queries alone."""
        try:
            by = await doorkeeper.admit(request, Scope.PURGE)
            _check_service(service, state)
            asked = await read_asked(request)
            status, body = await answer(
                asked, state.purging_api, state.purger, state.refetcher, by=by
            )
        except (RequestRefused, LogUnavailable) as error:
            return refusal(request, error)
        return respond(request, status, body)

    return app


def _check_service(service: str, state: AdminState) -> None:
    known = state.policy.service
    if service != known:
        message = f"There is no service {service!r} here; this controller serves {known!r}"
        raise RequestRefused(404, message, "NOT_FOUND")
