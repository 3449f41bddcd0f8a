"""Which tokens name a user, and which do not. Every algorithm with real keys."""

import base64
import hashlib
import hmac
import json

import jwt
import pytest

from controller.core.claims import (
    CLAIMLESS,
    EXPIRED,
    MARGIN,
    UNVERIFIED,
    Claim,
    ClaimRule,
    Unverified,
    VerifyKey,
    key_named,
    read_claim,
)
from tests.support.jwts import pem, private_key, token, verifier
from vclgen.config.jwt_keys import ALGORITHMS, key_of

NOW = 1_800_000_000.0
SUB = ClaimRule("sub")


def key(algorithm: str, name: str = "first", kid: str | None = None) -> VerifyKey:
    material = key_of(verifier(algorithm, name), [algorithm])
    return VerifyKey(material, frozenset({algorithm}), kid)


def read(text, rule=SUB, keys=None, now=NOW):
    return read_claim(text, rule, keys if keys is not None else [key("HS256")], now)


def claim_of(claims, path="sub"):
    found = read(token(claims), ClaimRule(path))
    assert isinstance(found, Claim), found
    return found.text


def detail(found):
    assert isinstance(found, Unverified), found
    return found.detail


def part(data) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_every_algorithm_is_tried():
    assert len(ALGORITHMS) == 14


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_token_signed_by_the_key_of_the_config_names_its_user(algorithm):
    found = read(token({"sub": "alice"}, algorithm), keys=[key(algorithm)])
    assert found == Claim('"alice"', float("inf"))


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_another_key_of_the_same_kind_does_not_verify_it(algorithm):
    found = read(token({"sub": "alice"}, algorithm), keys=[key(algorithm, "other")])
    assert detail(found) == UNVERIFIED


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_changed_claim_breaks_the_signature(algorithm):
    header, _, signature = token({"sub": "alice"}, algorithm).split(".")
    forged = f"{header}.{part({'sub': 'bob'})}.{signature}"
    assert detail(read(forged, keys=[key(algorithm)])) == UNVERIFIED


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "None"}, {"alg": "HS256"}, {}])
def test_an_unsigned_token_is_no_token(header):
    for end in ("", ".", f".{part(b'x')}"):
        assert detail(read(f"{part(header)}.{part({'sub': 'alice'})}{end}")) == UNVERIFIED


def test_a_public_key_is_never_taken_for_a_shared_secret():
    text = pem(private_key("RS256"))
    signing = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part({'sub': 'alice'})}"
    mac = hmac.new(text.encode(), signing.encode(), hashlib.sha256).digest()
    forged = f"{signing}.{part(mac)}"
    assert detail(read(forged, keys=[key("RS256")])) == UNVERIFIED


def test_the_token_does_not_choose_among_algorithms_of_one_key():
    signed = token({"sub": "alice"}, "RS512")
    assert detail(read(signed, keys=[key("RS256")])) == UNVERIFIED


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "=",
        lambda text: text + "!",
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text + ".x",
        lambda text: text.replace(".", ".."),
        lambda text: text[:-1],
        lambda _: "",
        lambda text: "é" + text,
        lambda text: text.rpartition(".")[0],
    ],
)
def test_a_token_has_one_spelling(change):
    assert detail(read(change(token({"sub": "alice"})))) == UNVERIFIED


def test_spare_bits_at_the_end_make_another_token():
    """43 characters hold 258 bits, the signature has 256: four texts would be one signature."""
    text = token({"sub": "alice"})
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]
    assert base64.urlsafe_b64decode(text.split(".")[2] + "=") == base64.urlsafe_b64decode(
        twin.split(".")[2] + "="
    )
    assert isinstance(read(text), Claim)
    assert detail(read(twin)) == UNVERIFIED


def test_a_critical_extension_is_not_ignored():
    signed = token({"sub": "alice"}, crit=["exp"], exp=1)
    assert detail(read(signed)) == UNVERIFIED


@pytest.mark.parametrize("payload", [b"[]", b"5", b'"alice"', b"{", b"\xff", b'{"sub":NaN}'])
def test_what_is_signed_has_to_be_an_object(payload):
    assert detail(read(token(payload))) == UNVERIFIED


def test_a_claim_that_stands_there_twice_is_nobodys():
    assert detail(read(token(b'{"sub":"alice","sub":"bob"}'))) == UNVERIFIED


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"exp": NOW + MARGIN + 1}, NOW + 1),
        ({"exp": NOW + MARGIN}, EXPIRED),
        ({"exp": NOW}, EXPIRED),
        ({"exp": NOW - 1}, EXPIRED),
        ({"exp": 0}, EXPIRED),
        ({"nbf": NOW}, float("inf")),
        ({"nbf": NOW + 1}, EXPIRED),
        ({"iat": NOW + 100}, float("inf")),
        ({"exp": str(NOW + 100)}, UNVERIFIED),
        ({"exp": None}, UNVERIFIED),
        ({"nbf": True}, UNVERIFIED),
    ],
)
def test_a_token_counts_in_its_time(claims, expected):
    found = read(token({"sub": "alice", **claims}))
    assert (found.until if isinstance(found, Claim) else found.detail) == expected


@pytest.mark.parametrize("written", [b"1e999", b"-1e999"])
def test_a_time_beyond_all_numbers_is_none(written):
    assert detail(read(token(b'{"sub":"alice","exp":%b}' % written))) == UNVERIFIED


@pytest.mark.parametrize(
    ("claims", "counts"),
    [
        ({"iss": "https://issuer.example", "aud": "shop"}, True),
        ({"iss": "https://issuer.example", "aud": ["other", "app"]}, True),
        ({"iss": "https://issuer.example", "aud": ["other"]}, False),
        ({"iss": "https://issuer.example", "aud": {"shop": 1}}, False),
        ({"iss": "https://issuer.example"}, False),
        ({"iss": "https://issuer.example/", "aud": "shop"}, False),
        ({"aud": "shop"}, False),
    ],
)
def test_issuer_and_audience_count_where_the_config_names_them(claims, counts):
    rule = ClaimRule("sub", "https://issuer.example", frozenset({"shop", "app"}))
    found = read(token({"sub": "alice", **claims}), rule)
    assert isinstance(found, Claim) is counts
    assert isinstance(read(token({"sub": "alice", **claims})), Claim)


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b'{"sub":"alice"}', '"alice"'),
        (b'{"sub":"al\\u0069ce"}', '"alice"'),
        (b'{"sub":"5"}', '"5"'),
        (b'{"sub":5}', "5"),
        (b'{"sub":5.0}', "5.0"),
        (b'{"sub":12345678901234567890123}', "12345678901234567890123"),
        (b'{"sub":true}', "true"),
        (b'{"sub":"true"}', '"true"'),
        (b'{"sub":""}', '""'),
        ('{"sub":"é"}'.encode(), '"\\u00e9"'),
    ],
)
def test_a_claim_is_its_canonical_json(payload, text):
    assert read(token(payload)) == Claim(text, float("inf"))


@pytest.mark.parametrize("value", [None, [], ["alice"], {}, {"id": "alice"}])
def test_a_claim_that_is_no_plain_value_is_none(value):
    assert detail(read(token({"sub": value}))) == CLAIMLESS


def test_a_token_without_the_claim_names_nobody():
    assert detail(read(token({"id": "alice"}))) == CLAIMLESS


@pytest.mark.parametrize(
    ("claims", "path"),
    [
        ({"https://hasura.io/jwt/claims": {"x-hasura-user-id": "7"}}, None),
        ({"https://hasura.io/jwt/claims.x-hasura-user-id": "7"}, None),
        ({"https://hasura": {"io/jwt/claims": {"x-hasura-user-id": "7"}}}, None),
        ({"user": {"id": "7"}}, "user.id"),
        ({"user.id": "7", "user": {"id": "8"}}, "user.id"),
        ({"a.b": {"c": "7"}, "a": {"b.c": "8", "b": {"c": "9"}}}, "a.b.c"),
        ({"a.b": {"x": 1}, "a": {"b.c": "7", "b": {"c": "9"}}}, "a.b.c"),
    ],
)
def test_dots_are_names_first_and_paths_second(claims, path):
    assert claim_of(claims, path or "https://hasura.io/jwt/claims.x-hasura-user-id") == '"7"'


@pytest.mark.parametrize("path", ["user.", ".id", "user.id.x", "user..id"])
def test_a_path_that_leads_nowhere(path):
    assert detail(read(token({"user": {"id": "7"}}), ClaimRule(path))) == CLAIMLESS


def test_a_named_key_is_the_only_one_that_counts():
    keys = [key("RS256", "first", "k1"), key("RS256", "other", "k2")]
    assert isinstance(read(token({"sub": "a"}, "RS256", kid="k1"), keys=keys), Claim)
    assert isinstance(read(token({"sub": "a"}, "RS256", "other", kid="k2"), keys=keys), Claim)
    assert isinstance(read(token({"sub": "a"}, "RS256", "other"), keys=keys), Claim)
    assert detail(read(token({"sub": "a"}, "RS256", kid="k2"), keys=keys)) == UNVERIFIED
    assert detail(read(token({"sub": "a"}, "RS256", kid="k3"), keys=keys)) == UNVERIFIED


def test_a_key_without_a_name_takes_tokens_with_one():
    assert isinstance(read(token({"sub": "a"}, kid="whatever")), Claim)


def test_the_name_of_a_key():
    assert key_named(token({}, kid="k1")) == "k1"
    assert key_named(token({})) is None
    assert key_named("no token") is None
    assert key_named(f"{part(b'[]')}.{part(b'{}')}.{part(b'x')}") is None
    assert key_named(f"{part({'alg': 'HS256', 'kid': 5})}.{part(b'{}')}.{part(b'x')}") is None


def test_no_keys_no_claims():
    assert detail(read(token({"sub": "alice"}), keys=[])) == UNVERIFIED


def test_an_encrypted_token_is_no_signed_one():
    assert detail(read("a.b.c.d.e")) == UNVERIFIED


def test_the_library_has_every_algorithm():
    for name in ALGORITHMS:
        jwt.get_algorithm_by_name(name)
