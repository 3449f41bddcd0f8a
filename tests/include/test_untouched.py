"""Paths that are not GraphQL: byte for byte what the host does without the include."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.include.hosted import varnish_before
from tests.include.recorder import recording

pytestmark = pytest.mark.varnish

NAMES = (
    b"hOst: Shop.Test\r\nuser-agent: u\r\nCookie: a=b; X-Magento-Vary=1\r\ncookie: c=d\r\n"
    b"Proxy: p\r\nShellac-Secret: s\r\nshellac-debug: 1\r\nxkey: x\r\nX-HashTwo: x\r\n"
    b"Store: de\r\nAuthorization: Bearer b\r\nAuthorization: Basic b\r\n"
    b"X-Forwarded-For: 1.2.3.4\r\n"
)
PLAIN = b"Host: shop.test\r\n"
REQUESTS: Sequence[bytes] = (
    b"GET /page?utm_source=x&b=2&a=1 HTTP/1.1\r\n" + NAMES,
    b"GET /page?utm_source=x&b=2&a=1 HTTP/1.1\r\n" + NAMES,
    b"GET /page HTTP/1.0\r\n",
    b"HEAD /page HTTP/1.1\r\n" + PLAIN,
    b"GET /composed HTTP/1.1\r\n" + PLAIN,
    b"GET /private HTTP/1.1\r\n" + PLAIN,
    b"GET /private HTTP/1.1\r\n" + PLAIN,
    b"GET /missing HTTP/1.1\r\n" + PLAIN,
    b"GET /cached HTTP/1.1\r\nAccept-Language: de\r\nAccept-Encoding: gzip\r\n" + PLAIN,
    b'GET /cached HTTP/1.1\r\nAccept-Language: de\r\nIf-None-Match: "1"\r\n' + PLAIN,
    b"GET /cached HTTP/1.1\r\nAccept-Language: de\r\nRange: bytes=0-2\r\n" + PLAIN,
    b"GET /pub/static/a.css HTTP/1.1\r\n" + PLAIN,
    b"GET /graphql/ HTTP/1.1\r\n" + NAMES,
    b"GET /x/graphql?query=a HTTP/1.1\r\n" + PLAIN,
    b"GET /page%23?a#b HTTP/1.1\r\n" + PLAIN,
    b"POST /page HTTP/1.1\r\nContent-Length: 4\r\n" + PLAIN + b"\r\nbody",
    b"PUT /page HTTP/1.1\r\nContent-Length: 0\r\n" + NAMES,
    b"OPTIONS /page HTTP/1.1\r\n" + PLAIN,
    b"PURGE / HTTP/1.1\r\n" + NAMES,
    b"PURGE /page HTTP/1.1\r\nX-Magento-Tags-Pattern: ((^|,)cat_p_1(,|$))\r\n" + PLAIN,
    b"BAN /page HTTP/1.1\r\n" + PLAIN,
    b"GET /page HTTP/1.1\r\n" + PLAIN,
    b"GET /moved HTTP/1.1\r\n" + PLAIN,
)
"""Each without its last empty line, unless a body follows."""

MAGENTO = {"originUrl": "http://127.0.0.1:9/graphql", "profile": "magento"}
CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "magento alone": MAGENTO | {"direct": {"controller": False}},
    "magento": MAGENTO,
    "gateway": {
        "originUrl": "http://127.0.0.1:9/graphql",
        "rateLimits": [{"name": "all", "groupBy": "ip", "limit": {"budget": 1, "window": "1h"}}],
    },
}
VARIES = re.compile(
    rb"(?im)^(X-Varnish|Age|Date): .*\r$|XID: \d+|Content-Length: \d+(?=\r\n(?s:.*)XID: )"
)
"""Times, numbers of transactions, and how long a text is that holds one."""


def conversation(folder: Path, host: str, config: Mapping[str, Any] | None) -> list[bytes]:
    """What the client got for each of the requests, and what the server behind it got."""
    with recording() as server, varnish_before(server.port, folder, host=host, config=config) as it:
        answers = [ask(it.port, request) for request in REQUESTS]
    return [VARIES.sub(rb"\1", text) for text in (*answers, *server.requests)]


def ask(port: int, request: bytes) -> bytes:
    whole = request if b"\r\n\r\n" in request else request + b"\r\n"
    whole = whole.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(whole)
        found = b""
        while more := connection.recv(65536):
            found += more
    return found


@pytest.mark.parametrize("host", ["shop", "custom"])
def test_what_is_not_graphql_is_byte_for_byte_as_without_the_include(
    tmp_path: Path, host: str
) -> None:
    bare = conversation(tmp_path / "bare", host, None)
    assert len(bare) > len(REQUESTS) + 5
    for name, config in CONFIGS.items():
        assert conversation(tmp_path / name.replace(" ", "-"), host, config) == bare, name


def test_forged_headers_are_all_that_is_cut(tmp_path: Path) -> None:
    request = b"GET /private HTTP/1.1\r\nA: 1\r\nX-Shellac-Own: x\r\nx-shellac-round: y\r\nB: 2\r\n"
    folder = tmp_path / "host"
    config = CONFIGS["magento alone"]
    with (
        recording() as server,
        varnish_before(server.port, folder, host="shop", config=config) as it,
    ):
        assert ask(it.port, request + PLAIN).startswith(b"HTTP/1.1 200")
    (sent,) = server.requests
    assert b"shellac" not in sent.lower()
    assert b"\r\nA: 1\r\nB: 2\r\nHost: shop.test\r\n" in sent
