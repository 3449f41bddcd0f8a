"""Whether an origin's answer may be stored, and the response that says so to Varnish."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Final

from controller.core.cache_control import is_private, limited, origin_lifetime
from controller.core.rules import Decision
from controller.core.tags import WIRE_LENGTH, Tag, wire_of_ours
from controller.gateway.asgi import Response
from controller.gateway.headers import lookup_all, of_the_whole, storable
from controller.gateway.origin_answer import OriginAnswer
from controller.gateway.rules import GatewayRules

XKEY_LINE: Final = 7_500
XKEY_LINES: Final = 16
DEBUG_BYTES: Final = 4_000
"""Bytes of readable tags kept with an object under ``debug: true``."""


def decision_to_store(
    answer: OriginAnswer, decision: Decision, rules: GatewayRules
) -> Decision | str:
    """The decision under which an answer may be stored, or the detail that says why it may not.

    The origin's Cache-Control shortens it only with ``ignoreOriginCacheControl: false``. By default
    it does not count, as in Stellate: the fetch was built from the key, so the answer cannot be
    personal beyond it.
    """
    detail = not_storable(answer, decision, rules)
    if detail is not None or not rules.origin_cache_control:
        return detail or decision
    cache_control = lookup_all(answer.headers, b"cache-control")
    return limited(decision, origin_lifetime(cache_control, lookup_all(answer.headers, b"age")))


def not_storable(answer: OriginAnswer, decision: Decision, rules: GatewayRules) -> str | None:
    """Why status, size, ``Vary`` or ``Set-Cookie`` of an answer forbid storing, as a detail; None
    if they do not. These always count. So does ``private`` under a claim scope: there the origin
    knows best what depends on more than the claim.
    """
    if answer.status != 200:
        return "origin-status"
    if len(answer.body) > rules.max_body_size:
        return "max-body-size"
    set_cookies = lookup_all(answer.headers, b"set-cookie")
    names = {value.split("=")[0].strip() for value in set_cookies}
    if not names <= rules.remove_cookies:
        return "set-cookie"
    varied = {
        name.strip().lower()
        for value in lookup_all(answer.headers, b"vary")
        for name in value.split(",")
    }
    if not varied - {""} <= rules.may_vary_on(decision.scopes):
        return "vary"
    claimed = decision.scopes & rules.claims.keys()
    if claimed and is_private(lookup_all(answer.headers, b"cache-control")):
        return "origin-private"
    return None


def unstored(answer: OriginAnswer, body: bytes, detail: str) -> Response:
    """The answer as the origin gave it, with the reason why Varnish must not keep it."""
    return Response(
        answer.status, [*of_the_whole(answer.headers), (b"x-shellac-detail", detail.encode())], body
    )


def stored(
    answer: OriginAnswer,
    body: bytes,
    tags: Collection[Tag],
    decision: Decision,
    *,
    service: str,
    own_key: str,
    debug: bool,
) -> Response:
    """The answer for Varnish to keep, with its lifetime and its tags.

    ``own_key`` comes first, and makes sure that Varnish has indexed the rest (core/recent.py).
    """
    lines = xkey_lines(service, own_key, tags)
    if len(lines) > XKEY_LINES:
        return unstored(answer, body, "too-many-tags")
    etag = hashlib.sha256(body).hexdigest()[:32]
    headers = [
        *storable(answer.headers),
        (b"etag", f'W/"{etag}"'.encode()),
        (b"x-shellac-max-age", str(decision.max_age).encode()),
        (b"x-shellac-swr", str(decision.swr).encode()),
        *((b"xkey", line) for line in lines),
    ]
    if decision.never_stale:
        headers.append((b"x-shellac-never-stale", b"1"))
    if debug:
        readable = " ".join(tags).encode("ascii", "backslashreplace")
        headers.append((b"x-shellac-tags", readable[:DEBUG_BYTES]))
    return Response(200, headers, body)


def xkey_lines(service: str, own_key: str, tags: Collection[Tag]) -> list[bytes]:
    """The keys on the wire, joined into lines of at most ``XKEY_LINE`` bytes."""
    keys = [own_key.encode(), *(wire_of_ours(service, tag).encode() for tag in tags)]
    per_line = (XKEY_LINE + 1) // (WIRE_LENGTH + 1)
    return [b" ".join(keys[i : i + per_line]) for i in range(0, len(keys), per_line)]
