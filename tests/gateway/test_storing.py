"""What may be stored, what goes to the origin, and what comes back: the gateway's own decisions."""

import pytest

from controller.core.rules import Decision
from controller.core.tags import WIRE_LENGTH, wire
from controller.gateway.asgi import Response
from controller.gateway.headers import from_origin, to_origin
from controller.gateway.origin_answer import OriginAnswer
from controller.gateway.queries import keyed_headers
from controller.gateway.rules import GatewayRules, gateway_rules
from controller.gateway.storing import (
    XKEY_LINE,
    decision_to_store,
    not_storable,
    stored,
    xkey_lines,
)
from controller.purge.freshness import Freshness
from vclgen.config import load_config_text

CONFIG = """
originUrl: https://api.example/graphql
scopes: {AUTH: "header:authorization", SESSION: "cookie:session|header:x-session"}
varyHeaders: [Store]
removeCookies: [tracking]
maxBodySize: 100
"""


@pytest.fixture
def rules() -> GatewayRules:
    return gateway_rules(load_config_text(CONFIG).config)


def decision(*scopes: str) -> Decision:
    return Decision(60, 0, frozenset(scopes), frozenset(), ())


def answer(*headers: tuple[bytes, bytes], status: int = 200, body: bytes = b"{}") -> OriginAnswer:
    return OriginAnswer(status, headers, body)


def kept(found: OriginAnswer, *, debug: bool) -> Response:
    tags = ["type:Post", "key:Post:id:é"]
    return stored(found, b"{}", tags, decision(), service="shop", own_key="own", debug=debug)


def test_a_plain_answer_may_be_stored(rules: GatewayRules) -> None:
    assert not_storable(answer((b"Cache-Control", b"no-store")), decision(), rules) is None


@pytest.mark.parametrize(
    ("found", "detail"),
    [
        (answer(status=201), "origin-status"),
        (answer(body=b"x" * 101), "max-body-size"),
        (answer((b"Set-Cookie", b"login=1; HttpOnly")), "set-cookie"),
        (answer((b"set-cookie", b"tracking=1"), (b"Set-Cookie", b"login=1")), "set-cookie"),
        (answer((b"Vary", b"*")), "vary"),
        (answer((b"Vary", b"Accept-Language")), "vary"),
        (answer((b"Vary", b"Accept"), (b"vary", b"X-Device")), "vary"),
        (answer((b"Vary", b"Authorization")), "vary"),
        (answer((b"Vary", b"Cookie")), "vary"),
        (answer((b"Vary", b"X-Session")), "vary"),
    ],
)
def test_what_forbids_storing_a_public_answer(
    rules: GatewayRules, found: OriginAnswer, detail: str
) -> None:
    assert not_storable(found, decision(), rules) == detail


def test_an_answer_may_vary_on_what_its_own_scopes_key(rules: GatewayRules) -> None:
    varied = answer((b"Vary", b"accept, Accept-Encoding, origin, STORE"))
    assert not_storable(varied, decision(), rules) is None
    by_login = answer((b"Vary", b"Authorization"))
    assert not_storable(by_login, decision("AUTH"), rules) is None
    assert not_storable(by_login, decision("SESSION"), rules) == "vary"
    assert not_storable(answer((b"Vary", b"Cookie, X-Session")), decision("SESSION"), rules) is None


def test_an_anonymous_answer_may_vary_on_credentials(rules: GatewayRules) -> None:
    varied = answer((b"Vary", b"Authorization, Cookie"))
    assert not_storable(varied, decision("ANONYMOUS"), rules) is None


def test_removable_cookies_do_not_forbid_and_are_not_kept(rules: GatewayRules) -> None:
    found = answer((b"Set-Cookie", b"tracking=1"), (b"Content-Type", b"application/json"))
    assert not_storable(found, decision(), rules) is None
    response = stored(
        found, b"{}", ["type:Post"], decision(), service="shop", own_key="own", debug=False
    )
    names = {name.lower() for name, _ in response.headers}
    assert b"set-cookie" not in names
    assert {b"content-type", b"etag", b"xkey", b"x-shellac-max-age"} <= names


@pytest.fixture
def obedient() -> GatewayRules:
    text = CONFIG + "ignoreOriginCacheControl: false\n"
    return gateway_rules(load_config_text(text).config)


def test_the_origins_cache_control_is_ignored_by_default(rules: GatewayRules) -> None:
    found = answer((b"Cache-Control", b"private, max-age=0, no-store"))
    assert decision_to_store(found, decision(), rules) == decision()


def test_the_origins_cache_control_counts_as_a_rule(obedient: GatewayRules) -> None:
    found = answer((b"cache-control", b"max-age=50"), (b"AGE", b"20"))
    shortened = decision_to_store(found, decision("AUTH"), obedient)
    assert isinstance(shortened, Decision)
    assert (shortened.max_age, shortened.scopes) == (30, {"AUTH"})
    longer = answer((b"Cache-Control", b"max-age=500"))
    assert decision_to_store(longer, decision(), obedient) == decision()
    assert decision_to_store(answer(), decision(), obedient) == decision()
    lines = answer((b"Cache-Control", b"max-age=50"), (b"Cache-Control", b"no-store"))
    assert decision_to_store(lines, decision(), obedient) == "origin-no-store"


def test_varnish_is_told_what_must_never_be_served_stale(obedient: GatewayRules) -> None:
    for said, told in ((b"max-age=50", False), (b"max-age=50, must-revalidate", True)):
        found = answer((b"Cache-Control", said))
        decided = decision_to_store(found, decision(), obedient)
        assert isinstance(decided, Decision)
        response = stored(
            found, b"{}", ["type:Post"], decided, service="s", own_key="own", debug=False
        )
        assert ((b"x-shellac-never-stale", b"1") in response.headers) is told


def test_other_reasons_come_before_the_origins_cache_control(obedient: GatewayRules) -> None:
    found = answer((b"Cache-Control", b"no-store"), (b"Vary", b"*"))
    assert decision_to_store(found, decision(), obedient) == "vary"


def test_readable_tags_are_there_with_debug_alone() -> None:
    for debug in (True, False):
        response = stored(
            answer(), b"{}", ["key:Post:id:é"], decision(), service="s", own_key="own", debug=debug
        )
        assert any(name == b"x-shellac-tags" for name, _ in response.headers) is debug


def test_tags_stand_in_lines_that_varnish_takes() -> None:
    tags = [f"key:Post:id:{number}" for number in range(2_000)]
    freshness = Freshness()
    own_key = freshness.admit(tags, freshness.begin(), node="boot", max_age=60) or ""
    lines = xkey_lines("shop", own_key, tags)
    assert all(len(line) <= XKEY_LINE for line in lines)
    keys = [own_key, *(wire("shop", tag) for tag in tags)]
    assert b" ".join(lines).decode().split(" ") == keys
    assert {len(key) for key in keys} == {WIRE_LENGTH}


def test_a_fetch_carries_the_keys_of_its_scopes_and_nothing_else(rules: GatewayRules) -> None:
    sent = [
        (b"accept", b"application/json"),
        (b"Store", b"de"),
        (b"Authorization", b"Bearer a"),
        (b"X-Session", b"s"),
        (b"Cookie", b"session=1; login=2"),
        (b"X-Forwarded-Host", b"evil"),
        (b"X-Shellac-Key", b"k"),
        (b"User-Agent", b"me"),
    ]
    kept = [("accept", "application/json"), ("store", "de")]
    assert keyed_headers(sent, rules, frozenset()) == kept
    assert keyed_headers(sent, rules, frozenset({"AUTH"})) == [
        *kept,
        ("authorization", "Bearer a"),
    ]
    assert keyed_headers(sent, rules, frozenset({"SESSION"})) == [
        *kept,
        ("x-session", "s"),
        ("cookie", "session=1"),
    ]


def test_internal_and_hop_by_hop_headers_cross_in_neither_direction() -> None:
    asked = [
        (b"connection", b"close"),
        (b"x-shellac-round", b"pass"),
        (b"shellac-secret", b"s"),
        (b"host", b"cache"),
        (b"x-custom", b"1"),
    ]
    assert to_origin(asked) == [("x-custom", "1")]
    answered = [
        (b"Transfer-Encoding", b"chunked"),
        (b"X-Shellac-Max-Age", b"900"),
        (b"XKey", b"a"),
        (b"X-Custom", b"1"),
    ]
    assert from_origin(answered) == [(b"X-Custom", b"1")]
