"""What the tests of keys share: a shop that caches everything, and the key of a request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from controller.core.documents import Documents
from controller.core.policy import PUBLIC, Rule
from controller.core.request import HttpRequest
from controller.core.schema import SchemaIndex
from controller.core.verdict import CacheableQuery, decide
from tests.core.world import POLICY, SCHEMA

RULES = (Rule(0, {"Query": None}, 900, 0, PUBLIC),)
SHOP = Documents(SchemaIndex(SCHEMA, replace(POLICY, rules=RULES)), size=500)


def key(
    text: str,
    variables: Mapping[str, Any] | str,
    name: str | None = None,
    *,
    get: bool = False,
    shop: Documents = SHOP,
) -> str:
    """The key of a request; it must be cacheable. ``variables`` may be JSON text."""
    written = variables if isinstance(variables, str) else json.dumps(variables)
    if get:
        members = {"query": text, "variables": written, **({"operationName": name} if name else {})}
        http = HttpRequest("GET", urlencode(members).encode(), None, b"")
    else:
        query, called = json.dumps(text), json.dumps(name)
        body = f'{{"query":{query},"variables":{written},"operationName":{called}}}'
        http = HttpRequest("POST", b"", "application/json", body.encode())
    found = decide(http, shop)
    assert isinstance(found, CacheableQuery), found
    return found.key
