"""``shellac explain --header``: what the headers of a request do, and no credential printed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.explaining import CONFIG, explained, run, shop
from tests.support.jwts import jwk, key_server, token

POSTS = "{ posts { title } }"
CART = "{ cart { total } }"
ME = "{ me { name } }"
CREDENTIAL = "verysecretcredential"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shop(tmp_path)


def effects(found: Any) -> dict[str, str]:
    return {header["name"]: header["effect"] for header in found["headers"]}


@pytest.mark.parametrize(
    ("headers", "detail", "words"),
    [
        (["X-Tenant: a"], "unkeyed-header", "x-tenant is known to change answers (chooses the"),
        (["X-Hasura-Role: a"], "unkeyed-header", "Hasura: role, user and every session variable"),
        (["Authorization: a"], "credentials", "authorization, which no scope of this query reads"),
        (["Cookie: _ga=1; basket=2"], "credentials", "cookie basket, which no scope"),
        (["Cookie: session=2"], "credentials", "cookie session, which no scope"),
        (["X-Preview: 1"], "bypass-header", "x-preview is one of bypassCacheHeaders"),
        (["Accept: text/html"], "accept", "text/html"),
        (["Accept: text/event-stream"], "accept", "it wants events"),
        (["Store: a", "Store: b"], "repeated-header", "store stands there twice"),
        (["Cookie: session=1", "Cookie: session=2"], "repeated-cookie", "session stands there"),
        (["Cookie: loggedin"], "odd-cookie", "without `=`"),
        (["Content-Encoding: gzip"], "content-encoding", "compressed"),
        (["Transfer-Encoding: chunked"], "chunked-body", "without a length"),
        (["Content-Type: application/graphql"], "graphql-body", "application/graphql"),
    ],
)
def test_a_header_makes_the_request_pass(
    folder: Path, headers: list[str], detail: str, words: str
) -> None:
    found = explained(folder, POSTS, *headers)
    assert (found["outcome"], found["reason"]["detail"]) == ("passed", detail)
    assert words in found["reason"]["message"]


def test_the_first_reason_is_the_one_that_the_node_meets_first(folder: Path) -> None:
    every = ["Cookie: a=b", "X-Tenant: a", "Accept: text/html", "X-Preview: 1"]
    for detail in ("bypass-header", "accept", "unkeyed-header", "credentials"):
        assert explained(folder, POSTS, *every)["reason"]["detail"] == detail
        every.pop()
    assert explained(folder, "{ secret }", "X-Tenant: a")["reason"]["detail"] == "non-cacheable"


def test_what_the_document_comes_to_is_said_though_a_header_makes_it_pass(folder: Path) -> None:
    found = explained(folder, POSTS, "X-Tenant: a")
    assert (found["maxAge"], len(found["key"])) == (300, 64)
    assert found["tags"]["rootFields"] == ["query:posts"]


def test_headers_that_leave_it_cached_say_what_they_do(folder: Path) -> None:
    found = explained(
        folder,
        CART,
        "Store: de",
        "Cookie: session=5; _ga=1",
        "Accept: application/json",
        "Accept-Language: *",
        "User-Agent: x",
        "Traceparent: 00-1",
        "X-Api-Key: k",
        "Shellac-Key: k",
    )
    assert found["outcome"] == "cached"
    assert effects(found) == {
        "store": "keyed",
        "cookie session": "scope",
        "cookie _ga": "dropped",
        "accept": "negotiated",
        "accept-language": "dropped",
        "user-agent": "dropped",
        "traceparent": "forwarded",
        "x-api-key": "dropped",
        "shellac-key": "dropped",
    }


@pytest.mark.parametrize("document", ["{ shop { name } }", "{ shop { name } cart { total } }"])
def test_credentials_that_nobody_reads_are_dropped_where_answers_are_shared(
    folder: Path, document: str
) -> None:
    found = explained(folder, document.replace("cart { total }", ""), "Authorization: a")
    assert found["outcome"] == "cached"
    assert effects(found) == {"authorization": "dropped"}
    assert "authorization is dropped" in found["notes"][1]


def test_a_scope_shows_its_source_and_not_its_value(folder: Path) -> None:
    first, second, again = (
        next(s for s in explained(folder, CART, cookie)["scopes"] if s["name"] == "SESSION")
        for cookie in (
            f"Cookie: session={CREDENTIAL}",
            "Cookie: session=another",
            f"Cookie: session={CREDENTIAL}; _ga=1",
        )
    )
    assert (first["sources"], first["source"]) == (["cookie:session"], "cookie:session")
    assert first["value"].startswith("sha256:")
    assert first["value"] == again["value"]
    assert first["value"] != second["value"]


def test_a_scope_without_a_value_says_so(folder: Path) -> None:
    (scope,) = (s for s in explained(folder, CART)["scopes"] if s["name"] == "SESSION")
    assert (scope["source"], scope["value"]) == (None, None)
    assert "these headers hold none" in scope["words"]


@pytest.mark.parametrize("document", [POSTS, CART, ME, "{ viewer { name } }", "{ secret }"])
def test_no_credential_is_printed(folder: Path, document: str) -> None:
    headers = [
        f"Authorization: Bearer {CREDENTIAL}",
        f"Cookie: session={CREDENTIAL}; token={CREDENTIAL}; other={CREDENTIAL}",
        f"X-Auth-Token: {CREDENTIAL}",
        f"Store: {CREDENTIAL}",
    ]
    options = [option for header in headers for option in ("--header", header)]
    done = run(folder, document, *options)
    assert done.returncode == 0
    assert CREDENTIAL not in done.stdout + done.stderr
    assert CREDENTIAL not in str(explained(folder, document, *headers))


def test_a_header_without_a_colon_is_not_printed_whole(folder: Path) -> None:
    done = run(folder, POSTS, "--header", f"Authorization Bearer {CREDENTIAL}")
    assert done.returncode == 2
    assert CREDENTIAL not in done.stdout + done.stderr


def user(found: Any) -> Any:
    return next(scope for scope in found["scopes"] if scope["name"] == "USER")


@pytest.mark.parametrize("header", ["Authorization: Bearer {}", "Cookie: token={}"])
def test_a_claim_scope_shows_the_claim(folder: Path, header: str) -> None:
    found = explained(folder, ME, header.format(token({"sub": "alice"})))
    assert found["outcome"] == "cached"
    assert user(found)["claim"] == '"alice"'
    assert user(found)["value"] is None


@pytest.mark.parametrize(
    ("text", "detail", "words"),
    [
        ("garbage", "unverified-token", "signature is not valid"),
        (token({"sub": "alice"}, name="other"), "unverified-token", "signature is not valid"),
        (token({"sub": "a", "exp": int(time.time()) - 9}), "expired-token", "has expired"),
        (token({"name": "alice"}), "claimless-token", "no claim sub"),
    ],
)
def test_a_refused_token_says_why(folder: Path, text: str, detail: str, words: str) -> None:
    found = explained(folder, ME, f"Cookie: token={text}")
    assert (found["outcome"], found["reason"]["detail"]) == ("passed", detail)
    assert words in found["reason"]["message"]
    assert (user(found)["refused"], user(found)["claim"]) == (detail, None)


def test_without_a_token_nobodys_answer_is_cached(folder: Path) -> None:
    assert explained(folder, ME)["outcome"] == "cached"


def test_the_keys_of_an_issuer_are_fetched(folder: Path) -> None:
    signed = token({"sub": "alice"}, "RS256", kid="first")
    with key_server([jwk("RS256", "first")]) as issuer:
        before, _, after = CONFIG.partition("jwt: {")
        jwt = f"jwt: {{claim: sub, algorithm: RS256, jwksUrl: '{issuer.url}'}}"
        (folder / "shellac.yaml").write_text(before + jwt + after.partition("}")[2])
        assert user(explained(folder, ME, f"Cookie: token={signed}"))["claim"] == '"alice"'
        issuer.answer = 500
        found = explained(folder, ME, f"Cookie: token={signed}")
    assert found["reason"]["detail"] == "unverified-token"
    assert "answers with status 500" in found["reason"]["message"]


def test_a_key_file_that_is_not_there_is_an_error_of_the_config(folder: Path) -> None:
    before, _, after = CONFIG.partition("secret:")
    (folder / "shellac.yaml").write_text(f"{before}secretFile: missing{after[after.index('}') :]}")
    done = run(folder, ME, "--header", "Authorization: Bearer x")
    assert done.returncode == 2
    assert "scopes.USER.jwt.secretFile" in done.stderr
    assert run(folder, ME).returncode == 0


def test_a_large_body_passes(folder: Path) -> None:
    (folder / "shellac.yaml").write_text(f"{CONFIG}lookupBodySize: 1kb\nmaxRequestSize: 4kb\n")
    padded = f"{{ posts {{ title }} }} # {'x' * 2000}"
    assert explained(folder, padded)["reason"]["detail"] == "large-body"
    found = explained(folder, padded + "x" * 4000)
    assert (found["outcome"], found["reason"]["detail"]) == ("refused", "413")


def test_introspection_that_is_blocked_is_refused(folder: Path) -> None:
    (folder / "shellac.yaml").write_text(f"{CONFIG}blockIntrospection: true\n")
    found = explained(folder, "{ __schema { types { name } } }")
    assert (found["outcome"], found["reason"]["detail"]) == ("refused", "introspection-blocked")
    by_bypass = explained(folder, "{ __schema { types { name } } }", "X-Preview: 1")
    assert by_bypass["outcome"] == "refused"
    assert explained(folder, "{ posts { __typename } }")["outcome"] == "cached"


def test_origin_is_dropped_where_the_edge_answers_cors(folder: Path) -> None:
    origin = "Origin: https://shop.example"
    (keyed,) = explained(folder, "{ posts { title } }", origin)["headers"]
    assert keyed["effect"] == "keyed"
    (folder / "shellac.yaml").write_text(f"{CONFIG}cors: {{origins: ['*']}}\n")
    (dropped,) = explained(folder, "{ posts { title } }", origin)["headers"]
    assert (dropped["effect"], dropped["words"]) == ("dropped", "Varnish answers CORS itself")
