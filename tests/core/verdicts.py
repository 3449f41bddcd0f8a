"""What the tests of verdicts share: a shop with one rule, requests to it, and kinds of verdicts."""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

from controller.core.policy import PUBLIC, Policy, Rule
from controller.core.request import HttpRequest
from controller.core.schema import SchemaIndex
from controller.core.verdict import CacheableQuery, Documents, Mutation, Pass, Verdict, decide
from tests.core.world import SCHEMA

POLICY = Policy("shop", "digest", rules=(Rule(0, {"Query": None}, 60, 10, PUBLIC),))
INDEX = SchemaIndex(SCHEMA, POLICY)
SHOP = Documents(INDEX, size=500)
NO_SCHEMA = Documents(None, size=500)

Q = "query Q($id: ID, $order: Order = NEW) { post(id: $id, order: $order) { title } }"
M = "mutation M($id: ID) { updatePost(id: $id) { post { id } } }"


def post(
    document: object = Q,
    variables: str | None = None,
    name: str | None = None,
    shop: Documents = SHOP,
    **more: object,
) -> Verdict:
    """The verdict on a JSON POST; variables are JSON text."""
    members = {"query": json.dumps(document)}
    if variables is not None:
        members["variables"] = variables
    if name is not None:
        members["operationName"] = json.dumps(name)
    members |= {key: json.dumps(value) for key, value in more.items()}
    body = "{" + ",".join(f'"{key}":{value}' for key, value in members.items()) + "}"
    return decide(HttpRequest("POST", b"", "application/json", body.encode()), shop)


def get(document: str, variables: str | None = None, name: str | None = None) -> Verdict:
    """The verdict on a GET."""
    members = {"query": document, "variables": variables, "operationName": name}
    text = urlencode({key: value for key, value in members.items() if value is not None})
    return decide(HttpRequest("GET", text.encode(), None, b""), SHOP)


def batch(*bodies: object, shop: Documents = SHOP) -> Pass:
    """The verdict on a JSON array."""
    text = json.dumps(list(bodies)).encode()
    return passed(decide(HttpRequest("POST", b"", "application/json", text), shop), "batch")


def cacheable(verdict: Verdict) -> CacheableQuery:
    assert isinstance(verdict, CacheableQuery), verdict
    assert re.fullmatch("[0-9a-f]{64}", verdict.key)
    return verdict


def mutation(verdict: Verdict) -> Mutation:
    assert isinstance(verdict, Mutation), verdict
    return verdict


def passed(verdict: Verdict, detail: str) -> Pass:
    assert isinstance(verdict, Pass), verdict
    assert verdict.detail == detail, verdict
    return verdict


def written(verdict: Pass) -> list[str | None]:
    """The names of the mutations inside."""
    return [write.operation.name for write in verdict.writes]
