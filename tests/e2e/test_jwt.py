"""Scopes by claim, as clients see them: shared by all tokens of a user, by nobody else.

The demo's cart shows the session cookie it was asked with: an answer tells whose token fetched it.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import jwt
import pytest

from tests.demo.origin import Demo, running_demo
from tests.support.jwts import KeyServer, jwk, key_server, pem, private_key, token
from tests.support.stack import (
    Stack,
    assert_hit,
    assert_miss,
    assert_pass,
    describe,
    running_stack,
)

CART = "{ cart { session } }"
SHOP = "{ shop { name } }"


@dataclass(frozen=True)
class Site:
    stack: Stack
    demo: Demo
    issuer: KeyServer

    def cart(self, text: str | None, **headers: str) -> httpx.Response:
        """The cart of whoever has this token in a cookie."""
        sent = headers if text is None else {"Cookie": f"theme=dark; session={text}", **headers}
        return self.stack.query(CART, headers=sent)


@pytest.fixture(scope="module")
def running_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("jwt")
    with (
        key_server([jwk("RS256", "k1"), jwk("ES256K", "k2")]) as issuer,
        running_demo(folder, "--control") as demo,
    ):
        verified = {"algorithm": ["RS256", "ES256K"], "jwksUrl": issuer.url, "audience": "shop"}
        definition = "cookie:session|header:authorization"
        config = {
            "originUrl": demo.url,
            "scopes": {"USER": {"definition": definition, "jwt": {"claim": "sub", **verified}}},
            "ignoreCookies": ["theme"],
            "schemaPolling": {"enabled": False},
            "rules": [
                {"types": {"Query": ["cart"]}, "maxAge": 60, "scope": "USER"},
                {"types": {"Query": ["shop"]}, "maxAge": 60},
            ],
        }
        with running_stack(config, directory=folder) as stack:
            yield Site(stack, demo, issuer)


@pytest.fixture
def site(running_site: Site) -> Site:
    """The site with an empty cache and nothing counted."""
    running_site.stack.purge("mutation { _purgeAll }")
    running_site.demo.reset()
    return running_site


def of(sub: str, *, key: str = "k1", seconds: float = 600, **claims: object) -> str:
    """A token of a user; every one is another text."""
    algorithm = "RS256" if key.startswith("k1") else "ES256K"
    payload = {"sub": sub, "aud": "shop", "exp": time.time() + seconds, **claims}
    return token(payload, algorithm, key, kid=key)


def session(response: httpx.Response) -> str:
    cart = response.json()["data"]["cart"]
    return "" if cart is None else str(cart["session"])


def test_all_tokens_of_a_user_share_answers_and_those_of_others_do_not(site: Site) -> None:
    first, second, bobs = of("alice"), of("alice", key="k2", seconds=900), of("bob")
    assert session(assert_miss(site.cart(first))) == first
    assert session(assert_hit(site.cart(second))) == first
    assert session(assert_miss(site.cart(bobs))) == bobs
    assert session(assert_hit(site.cart(first))) == first
    assert session(assert_hit(site.cart(bobs))) == bobs
    assert site.demo.requests(last=0)["count"] == 2


def test_a_request_without_a_token_is_nobodys(site: Site) -> None:
    alices = of("alice")
    assert_miss(site.cart(alices))
    assert session(assert_miss(site.cart(None))) == ""
    assert session(assert_hit(site.cart(None))) == ""


def test_what_is_in_the_cookie_and_what_is_in_the_header_are_apart(site: Site) -> None:
    alices = of("alice")
    assert session(assert_miss(site.cart(alices))) == alices
    assert session(assert_miss(site.cart(None, Authorization=f"Bearer {alices}"))) == ""
    assert session(assert_hit(site.cart(None, Authorization=f"bearer  {of('alice')}"))) == ""
    assert session(assert_miss(site.cart(None, Authorization=alices))) == ""
    bobs = of("bob")
    assert session(assert_miss(site.cart(bobs, Authorization=f"Bearer {alices}"))) == bobs


@pytest.mark.parametrize(
    ("made", "detail"),
    [
        (lambda: of("alice", seconds=-1), "expired-token"),
        (lambda: of("alice", nbf=time.time() + 600), "expired-token"),
        (lambda: of("alice", aud="other"), "unverified-token"),
        (lambda: of("alice").rpartition(".")[0] + ".forged", "unverified-token"),
        (
            lambda: token({"sub": "alice", "aud": "shop"}, "RS256", "forged", kid="k1"),
            "unverified-token",
        ),
        (lambda: token({"sub": "alice", "aud": "shop"}, "RS256", kid="k9"), "unverified-token"),
        (lambda: token({"aud": "shop"}, "RS256", "k1", kid="k1"), "claimless-token"),
        (
            lambda: token({"sub": ["alice"], "aud": "shop"}, "RS256", "k1", kid="k1"),
            "claimless-token",
        ),
        (lambda: jwt.encode({"sub": "alice", "aud": "shop"}, None, "none"), "unverified-token"),
        (lambda: "garbage", "unverified-token"),
    ],
)
def test_a_token_that_does_not_count_passes_and_gets_nobodys_answer(
    site: Site, made: Callable[[], str], detail: str
) -> None:
    alices, text = of("alice"), made()
    assert_miss(site.cart(alices))
    for _ in range(2):
        passed = assert_pass(site.cart(text))
        assert session(passed) == text
        assert passed.headers["Cache-Status"] == f"shellac; fwd=bypass; detail={detail}"
    assert session(assert_hit(site.cart(alices))) == alices


def test_the_public_key_is_no_secret(site: Site) -> None:
    """RS256 → HS256: a token "signed" with what everybody can read."""
    claims = {"sub": "alice", "aud": "shop"}
    hmac = jwt.PyJWS(algorithms=["HS256"])
    forger = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    header, payload, _ = jwt.encode(claims, "x" * 32, "HS256", headers={"kid": "k1"}).split(".")
    signature = forger.sign(
        f"{header}.{payload}".encode(), pem(private_key("RS256", "k1")).encode()
    )
    forged = f"{header}.{payload}.{jwt.utils.base64url_encode(signature).decode()}"
    assert hmac.get_unverified_header(forged)["alg"] == "HS256"
    assert_miss(site.cart(of("alice")))
    assert session(assert_pass(site.cart(forged))) == forged


def test_a_token_that_ends_is_no_longer_a_hit(site: Site) -> None:
    """7 seconds, 5 of which do not count any more."""
    brief = of("alice", seconds=7)
    assert session(assert_miss(site.cart(brief))) == brief
    alices = of("alice")
    deadline = time.monotonic() + 15
    while (response := site.cart(brief)).headers["gcdn-cache"] == "HIT":
        assert time.monotonic() < deadline, describe(response)
    assert_pass(response)
    assert session(assert_hit(site.cart(alices))) == brief


def test_a_credential_that_a_claim_scope_reads_is_one_elsewhere(site: Site) -> None:
    assert_miss(site.stack.query(SHOP))
    passed = assert_pass(site.stack.query(SHOP, headers={"Cookie": f"session={of('alice')}"}))
    assert "detail=credentials" in passed.headers["Cache-Status"]
    both = "{ cart { session } shop { name } }"
    alices = {"Cookie": f"session={of('alice')}"}
    assert_miss(site.stack.query(both, headers=alices))
    assert_hit(site.stack.query(both, headers=alices))
    more = {"Cookie": f"{alices['Cookie']}; login=1"}
    assert_pass(site.stack.query(both, headers=more))


def test_the_keys_are_shown_with_the_state(site: Site) -> None:
    found = site.stack.http.get(f"{site.stack.admin_url}/readyz").json()
    assert found["keys"] == [{"url": site.issuer.url, "error": None}]


def test_a_key_file_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    config = {
        "originUrl": "http://127.0.0.1:9/graphql",
        "scopes": {
            "USER": {
                "definition": "header:authorization",
                "jwt": {"claim": "sub", "algorithm": "HS256", "secretFile": "missing"},
            }
        },
    }
    with (
        pytest.raises(RuntimeError, match="the key cannot be read"),
        running_stack(config, directory=tmp_path),
    ):
        pytest.fail("it started")
