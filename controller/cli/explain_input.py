"""From the arguments of ``shellac explain`` to the request that a client would send."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer

from controller.core.lexemes import read_json
from controller.core.request import HttpRequest, Unread, read_request

_URL: Final = re.compile(
    r"(?P<scheme>(?i:https?))://(?P<authority>[^/?#]+)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?"
)
_HEADER: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*")
"""A field line of RFC 9112, section 5; obs-fold is none."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request. ``target`` is path and query string, None for a document that is sent by POST to
    wherever it belongs; ``scheme`` and ``host`` are those of the URL. ``headers`` are pairs of
    lower-case name and value, in order.
    """

    request: HttpRequest
    target: str | None
    headers: tuple[tuple[str, str], ...]
    scheme: str | None = None
    host: str | None = None

    def values(self, name: str) -> list[str]:
        """The lines of one header."""
        return [value for found, value in self.headers if found == name]


def read_question(
    document: str,
    variables: str | None,
    operation: str | None,
    headers: Sequence[str],
    *,
    any_url: bool = False,
) -> Question:
    """What is asked about. ``document`` is its text, a file, ``-`` for standard input, or the URL
    of a GET, with ``any_url`` also of one that is no query; ``variables`` is a JSON object; each of
    ``headers`` is ``NAME: VALUE``.

    Raises:
        typer.BadParameter: something is not what it should be.
    """
    given = read_headers(headers)
    if re.match("(?i:https?)://", document):
        if variables is not None or operation is not None:
            raise typer.BadParameter(
                "a URL says its variables and operationName itself", param_hint="DOCUMENT"
            )
        return _from_url(document, given, any_url=any_url)
    name = "" if operation is None else f',"operationName":{json.dumps(operation)}'
    text = json.dumps(_text(document))
    body = f'{{"query":{text},"variables":{_checked(variables or "{}")}{name}}}'
    types = [value for found, value in given if found == "content-type"]
    media = types[0] if types else "application/json"
    return Question(HttpRequest("POST", b"", media, body.encode()), None, given)


def read_headers(lines: Sequence[str], option: str = "--header") -> tuple[tuple[str, str], ...]:
    """Pairs of lower-case name and value.

    Raises:
        typer.BadParameter: one is no ``NAME: VALUE``.
    """
    return tuple(_header(line, option) for line in lines)


def _from_url(url: str, headers: tuple[tuple[str, str], ...], *, any_url: bool) -> Question:
    parts = _URL.fullmatch(url)
    if parts is None:
        raise typer.BadParameter(f"{url!r} is no URL", param_hint="DOCUMENT")
    query = parts["query"] or ""
    request = HttpRequest("GET", query.encode("utf-8", "surrogateescape"), None, b"")
    asked = read_request(request)
    if isinstance(asked, Unread) and asked.detail == "no-query" and not any_url:
        raise typer.BadParameter(
            "the URL has no `query` parameter: write it as clients send a query by GET, "
            "https://…/graphql?query=…, or give the document itself",
            param_hint="DOCUMENT",
        )
    target = (parts["path"] or "/") + ("" if parts["query"] is None else f"?{query}")
    host = parts["authority"].rpartition("@")[2]
    return Question(request, target, headers, parts["scheme"].lower(), host)


def _text(document: str) -> str:
    if document == "-":
        return _decoded(sys.stdin.buffer.read(), "standard input")
    if "{" in document:
        return _decoded(document.encode("utf-8", "surrogateescape"), "the document")
    try:
        return _decoded(Path(document).read_bytes(), document)
    except OSError as error:
        raise typer.BadParameter(
            f"{document!r} is no document (it selects nothing), and no file that can be read: "
            f"{error.strerror}",
            param_hint="DOCUMENT",
        ) from error


def _decoded(data: bytes, what: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{what} is not UTF-8: {error}", param_hint="DOCUMENT") from error


def _checked(variables: str) -> str:
    """The text itself: numbers keep their lexemes."""
    try:
        found = read_json(variables).value
    except ValueError as error:
        raise typer.BadParameter(f"it is no JSON: {error}", param_hint="--variables") from error
    if not isinstance(found, dict):
        raise typer.BadParameter("it is not a JSON object", param_hint="--variables")
    return variables


def _header(line: str, option: str) -> tuple[str, str]:
    found = _HEADER.fullmatch(line)
    if found is None:
        name = re.split(r"[:\s]", line)[0]  # not the rest: it may be a secret
        raise typer.BadParameter(f"{name!r} is no header: write NAME: VALUE", param_hint=option)
    return found[1].lower(), found[2]
