"""Running nodes of each direct profile, before an origin whose answers a test chooses."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
from graphql import graphql_sync, print_schema

from controller.cli.explain_direct import explain_direct
from controller.cli.explain_input import read_headers, read_question
from controller.cli.explained import to_json
from tests.direct.shop import SCHEMA
from tests.support.http_server import QuietHandler, running_server
from tests.support.stack import Stack, running_stack
from vclgen.config import Config, load_config

PUBLIC: Final = "Cache-Control: public, max-age=600"
TAGS: Final = {"magento": "X-Magento-Tags", "wpgraphql": "X-GraphQL-Keys", "tagged": "Cache-Tags"}
_AT_THE_EDGE: Final[dict[str, Any]] = {
    "cors": {"origins": ["https://shop.example"]},
    "clientBypass": True,
    "varnish": {"trustedProxies": ["127.0.0.1"]},
}
CONFIGS: Final[dict[str, dict[str, Any]]] = {
    "magento": {
        "profile": "magento",
        "direct": {"designExceptions": [{"userAgent": "iPhone", "value": "mobile"}]},
        "tagTemplates": {"ProductInterface": ["cat_p_{id}", "cat_p"], "Cart": ["cart_{id}"]},
    },
    "magento at the edge": {
        "profile": "magento",
        "direct": {"varyCookies": ["theme"], "tlsHeader": "ssl-offloaded"},
        **_AT_THE_EDGE,
    },
    "wpgraphql": {
        "profile": "wpgraphql",
        "varyHeaders": ["Accept-Language"],
        "ignoreCookies": ["seen_*"],
    },
    "wpgraphql at the edge": {"profile": "wpgraphql", **_AT_THE_EDGE},
    "tagged": {
        "profile": "tagged",
        "varyHeaders": ["Store"],
        "ignoreHeaders": ["x-api-key"],
        "direct": {
            "tags": {"header": "Cache-Tags"},
            "serve": "site",
            "static": "cache",
            "varyCookies": ["theme"],
            "passPaths": ["/account"],
        },
        "mutationPolicy": "None",
    },
}


class Origin:
    """Answers a GET with the header lines that its ``Test-Answer`` parameter lists in JSON, and a
    POST as a shop does."""

    def __init__(self) -> None:
        self.url = ""

    def post(self, body: bytes) -> bytes:
        asked = json.loads(body)

        def product(_: Any, id: int, name: str = "a") -> dict[str, Any]:
            return {"id": id, "sku": "s", "name": name}

        found = graphql_sync(
            SCHEMA,
            asked["query"],
            root_value={"renameProduct": product, "addToCart": {"id": "c1", "total": 3}},
            variable_values=asked.get("variables"),
            operation_name=asked.get("operationName"),
        )
        return json.dumps(found.formatted).encode()


@contextlib.contextmanager
def running_origin() -> Iterator[Origin]:
    origin = Origin()

    class Handler(QuietHandler):
        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            text = origin.post(body) if self.command == "POST" else b'{"data":{}}'
            self.send_response_only(200)
            for line in answer_lines(self.path):
                name, _, value = line.partition(": ")
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_HEAD = do_POST = respond

    with running_server(Handler) as url:
        origin.url = f"{url}/graphql"
        yield origin


def answer_lines(target: str) -> list[str]:
    asked = parse_qs(urlsplit(target).query).get("Test-Answer")
    return json.loads(asked[0]) if asked else [PUBLIC]


@dataclass(frozen=True)
class Node:
    """A running pair of one profile, and its folder with the config."""

    profile: str
    stack: Stack
    folder: Path
    config: Config

    def url(self, target: str) -> str:
        return self.stack.url.removesuffix("/graphql") + target

    def get(self, target: str, *headers: str) -> httpx.Response:
        """As a client that sends nothing of its own."""
        with httpx.Client(timeout=60, verify=False) as client:  # no certificates to load
            client.headers.clear()
            lines = [header.partition(": ")[::2] for header in headers]
            return client.get(self.url(target), headers=lines)

    def explained(self, target: str, *headers: str, answer: Sequence[str] = ()) -> Any:
        """As the command does it, but that the config is read once."""
        question = read_question(self.url(target), None, None, headers, any_url=True)
        found = explain_direct(self.config, question, read_headers(answer))
        return to_json(asyncio.run(found))


@contextlib.contextmanager
def running_node(name: str, folder: Path) -> Iterator[Node]:
    """A pair with this config and its origin; its state and its config stand in ``folder``."""
    (folder / "schema.graphql").write_text(print_schema(SCHEMA))
    with running_origin() as origin:
        config = {
            "originUrl": origin.url,
            "schema": str(folder / "schema.graphql"),
            "bypassCacheHeaders": [{"name": "x-preview"}],
            "debug": True,
            **CONFIGS[name],
        }
        with running_stack(config, directory=folder) as stack:
            profile = CONFIGS[name]["profile"]
            yield Node(profile, stack, folder, load_config(folder / "shellac.yaml").config)
