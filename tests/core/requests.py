"""What the tests of reading a request share: requests, and what is read of them."""

from __future__ import annotations

import json

from controller.core.details import DETAILS
from controller.core.request import HttpRequest, Single, Unread, read_request

Q = "query Q { a }"
M = "mutation M { b }"
MEMBERS = {"query": Q, "variables": {"x": 1}, "operationName": "Q"}


def get(query_string: str | bytes, method: str = "GET", body: bytes = b"") -> HttpRequest:
    text = query_string if isinstance(query_string, bytes) else query_string.encode()
    return HttpRequest(method, text, None, body)


def post(
    body: object,
    content_type: str | None = "application/json",
    query_string: bytes = b"",
    *,
    method: str = "POST",
    encoding: str | None = None,
) -> HttpRequest:
    """A body as JSON, or as it is if it is text or bytes already."""
    if isinstance(body, str):
        body = body.encode()
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpRequest(method, query_string, content_type, sent, encoding)


def single(http: HttpRequest) -> Single:
    found = read_request(http)
    assert isinstance(found, Single), found
    return found


def unread(http: HttpRequest, detail: str) -> Unread:
    found = read_request(http)
    assert isinstance(found, Unread), found
    assert found.detail == detail, found
    assert found.detail in DETAILS
    return found


def documents(found: Unread) -> list[tuple[str, str | None]]:
    return [(item.document, item.operation_name) for item in found.items]


MULTIPART = "multipart/form-data; boundary=xYz"


def multipart(*fields: tuple[str, str], headers: str = "", end: str = "--xYz--\r\n") -> str:
    parts = [
        f'--xYz\r\nContent-Disposition: form-data; name="{name}"\r\n{headers}\r\n{text}\r\n'
        for name, text in fields
    ]
    return "".join([*parts, end])
