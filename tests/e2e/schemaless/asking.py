"""What tests ask of a pair without a schema, and what answers say of themselves."""

from __future__ import annotations

from typing import Any

import httpx

from tests.support.stack import Stack, assert_hit, assert_pass, describe

ALICE, BOB = {"x-user": "alice"}, {"x-user": "bob"}


def detail(response: httpx.Response) -> str:
    """Why it was passed or not stored."""
    return response.headers["cache-status"].partition("detail=")[2]


def ttl(response: httpx.Response) -> int:
    """Seconds for which a hit is fresh still."""
    return int(response.headers["cache-status"].partition("ttl=")[2].split(";")[0])


def mutate(stack: Stack, document: str) -> httpx.Response:
    """A mutation that succeeds, with its purge acknowledged."""
    answer = assert_pass(stack.query(document))
    assert "errors" not in answer.json(), describe(answer)
    assert "shellac-purge" not in answer.headers, describe(answer)
    return answer


def settled(stack: Stack, document: str, **asked: Any) -> None:
    """Ask until the scopes of a document are learned and its answer is stored."""
    for _ in range(3):
        stack.query(document, **asked)
    assert_hit(stack.query(document, **asked))
