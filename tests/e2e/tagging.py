"""A running Shellac in a direct profile, before one of the demo's origins that tag."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from demo.tagging import Answer, Request, serving
from tests.support.ages import OLD_ENOUGH, wait_until_old
from tests.support.stack import Stack, describe, running_stack


class Tagging(Protocol):
    """``demo.magento.Shop``, ``demo.wordpress.Blog``, ``demo.tagged.Library``."""

    url: str
    varnishes: list[tuple[str, int]]

    def answer(self, request: Request) -> Answer: ...


@contextlib.contextmanager
def before(origin: Tagging, config: Mapping[str, Any], directory: Path) -> Iterator[Stack]:
    """The origin is served and purges the Varnish before it."""
    with serving(origin.answer) as url:
        origin.url = f"{url}/graphql"
        whole = {"schemaPolling": {"enabled": False}, **config, "originUrl": origin.url}
        with running_stack(whole, directory=directory) as stack:
            parts = urlsplit(stack.url)
            assert parts.hostname is not None
            assert parts.port is not None
            origin.varnishes = [(parts.hostname, parts.port)]
            yield stack


def ask(stack: Stack, document: str, **headers: str) -> httpx.Response:
    """A query by GET; ``X_WP_Nonce`` stands for ``X-WP-Nonce``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return stack.query(document, method="GET", headers=named)


def status(response: httpx.Response) -> str:
    """What Cache-Status says, without the time."""
    value: str = response.headers["cache-status"]
    return value.removeprefix("shellac; ").partition("; ttl")[0]


def stored(response: httpx.Response) -> httpx.Response:
    assert status(response) == "fwd=miss; stored", describe(response)
    return response


def hit(response: httpx.Response) -> httpx.Response:
    assert status(response) == "hit", describe(response)
    return response


def passed(response: httpx.Response, detail: str) -> httpx.Response:
    assert status(response) == f"fwd=bypass; detail={detail}", describe(response)
    return response


def grown_old(stack: Stack, document: str, age: int = OLD_ENOUGH) -> None:
    """See ``wait_until_old``."""
    wait_until_old(lambda: ask(stack, document), age)
