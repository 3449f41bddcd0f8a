"""The gateway's part of the edge: Origin and storing, sizes, media types of errors."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from controller.core.rules import Decision
from controller.gateway.asgi import DRAINED, BodyTooLarge, read_request
from controller.gateway.headers import Header
from controller.gateway.media import error_media
from controller.gateway.origin import OriginAnswer
from controller.gateway.queries import keyed_headers
from controller.gateway.rules import GatewayRules, gateway_rules
from controller.gateway.storing import not_storable
from vclgen.config import load_config_text

JSON, RESPONSE = "application/json", "application/graphql-response+json"
SHARED = Decision(60, 0, frozenset(), frozenset(), ())
CHUNK = bytes(64 * 1024)


def rules(more: str = "") -> GatewayRules:
    return gateway_rules(load_config_text(f"originUrl: https://a.example/\n{more}").config)


@pytest.mark.parametrize("cors", [False, True])
def test_an_answer_that_varies_on_origin_may_be_stored(cors: bool) -> None:
    """Keyed by it, or asked for without one and with CORS written at the edge."""
    given = rules("cors: {origins: ['https://shop.example']}" if cors else "")
    answer = OriginAnswer(200, ((b"Vary", b"Origin, Accept-Encoding"),), b"{}")
    assert not_storable(answer, SHARED, given) is None
    others = OriginAnswer(200, ((b"Vary", b"Origin, User-Agent"),), b"{}")
    assert not_storable(others, SHARED, given) == "vary"
    sent: list[Header] = [(b"origin", b"https://shop.example"), (b"accept", b"*/*")]
    forwarded = dict(keyed_headers(sent, given, frozenset()))
    assert ("origin" in forwarded) is not cors


def test_origin_can_still_be_keyed_by_name() -> None:
    given = rules("cors: {origins: ['*']}\nvaryHeaders: [Origin]")
    assert "origin" in given.keyed_headers


def reading(chunks: int, limit: int) -> int:
    """How many of ``chunks`` parts of a body were read before it was refused."""
    left = chunks

    async def receive() -> MutableMapping[str, Any]:
        nonlocal left
        left -= 1
        return {"type": "http.request", "body": CHUNK, "more_body": left > 0}

    with pytest.raises(BodyTooLarge) as refused:
        asyncio.run(read_request({}, receive, limit))
    assert refused.value.limit == limit
    return chunks - left


def test_a_body_over_the_limit_is_read_to_its_end() -> None:
    assert reading(10, limit=len(CHUNK)) == 10


def test_an_endless_body_is_not() -> None:
    assert reading(1_000_000, limit=len(CHUNK)) == DRAINED // len(CHUNK) + 2


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("text/event-stream", JSON),
        (f"{JSON}, {RESPONSE}", RESPONSE),
        (f"{RESPONSE.upper()}; charset=utf-8", RESPONSE),
        (f"{RESPONSE};q=0, */*", JSON),
        (f"{RESPONSE}; charset=utf-8; Q=0.000, {JSON};q=0.1", JSON),
        (f"{RESPONSE};q=0.8, {JSON};q=0.9", JSON),
        (f"{RESPONSE};q=0.8, {JSON}", JSON),
        (f"{RESPONSE};q=0.5,{JSON};q=0.5", RESPONSE),
        (f"{RESPONSE}x, text/html", JSON),
        (f"{RESPONSE};q=9, {JSON}", RESPONSE),
    ],
)
def test_an_error_has_the_media_type_that_the_client_prefers(
    accept: str | None, media: str
) -> None:
    assert error_media(accept) == media
