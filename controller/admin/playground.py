"""``/playground`` of the admin listener: GraphiQL for the Purging API.

No token is needed for the files; the page asks for one, and sends it with each GraphQL request.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from html import escape
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from controller.graphiql import FILES, is_complete

_PAGE: Final = Path(__file__).with_name("page")
_OURS: Final = ("page.js", "page.css")
_MEDIA: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}
_CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "connect-src 'self'",
        # The editor writes its colours and positions as style elements and attributes.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}
_GZIP: Final = re.compile(r"(?:^|,)\s*(?:x-)?gzip\s*(?:$|,|;\s*q=(?!0(?:\.0*)?\s*(?:$|,)))", re.I)
_MISSING: Final = """\
The playground is not installed here: GraphiQL, which it consists of, was not fetched.

On the machine of this controller run one of

    make playground                  in a clone of the repository; installs npm where it is missing
    shellac playground               where npm is installed
    shellac playground --tarball F   with a tarball that npm made on another machine

and load this page again. Until then `shellac purge` does the same from a shell, and so does
POST /{service} with a GraphQL mutation.
"""


def playground_router(service: str, directory: Path) -> APIRouter:
    """The routes of the page of ``service``; ``directory`` is where GraphiQL is, or will be."""
    router = APIRouter(prefix="/playground", include_in_schema=False)

    @router.get("")
    async def page(request: Request) -> Response:
        """The page, or what to do where GraphiQL was not fetched."""
        if not is_complete(directory):
            headers = {"Cache-Control": "no-store"}
            return PlainTextResponse(_MISSING.format(service=service), 503, headers)
        text = (_PAGE / "page.html").read_text().replace("SERVICE", escape(service))
        return _respond(request, gzip.compress(text.encode(), mtime=0), ".html")

    @router.get("/{name}")
    async def file(name: str, request: Request) -> Response:
        """One of the files that the page loads."""
        if name in _OURS:
            content = gzip.compress((_PAGE / name).read_bytes(), mtime=0)
        elif name in FILES.values() and is_complete(directory):
            content = await asyncio.to_thread((directory / f"{name}.gz").read_bytes)
        else:
            return PlainTextResponse("The playground has no such file\n", 404)
        return await asyncio.to_thread(_respond, request, content, Path(name).suffix)

    return router


def _respond(request: Request, gzipped: bytes, suffix: str) -> Response:
    """The content, gzipped for who takes that, or 304 for who has it (RFC 9110, section 13.1.2)."""
    digest = hashlib.sha256(gzipped).hexdigest()[:32]
    zipped = _GZIP.search(request.headers.get("accept-encoding", "")) is not None
    # Each encoding is a representation of its own, with an ETag of its own.
    etag = f'"{digest}-gzip"' if zipped else f'"{digest}"'
    headers = {**_HEADERS, "ETag": etag}
    known = {
        tag.strip().removeprefix("W/")
        for tag in request.headers.get("if-none-match", "").split(",")
    }
    if etag in known:
        return Response(status_code=304, headers=headers)
    headers["Content-Type"] = _MEDIA[suffix]
    if zipped:
        return Response(gzipped, headers={**headers, "Content-Encoding": "gzip"})
    return Response(gzip.decompress(gzipped), headers=headers)
