"""Scopes by claim: what the config takes, what it refuses, and what it never says aloud."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.config.support import config, only_problem
from tests.support.jwts import CURVES, SECRET, pem, private_key
from vclgen.config import ScopeSource
from vclgen.config.jwt_keys import ALGORITHMS, BadKey, key_of


def scope(jwt: str, definition: str = "header:authorization") -> str:
    return f"scopes: {{U: {{definition: '{definition}', jwt: {jwt}}}}}"


def shared(secret: str, algorithm: str = "HS256") -> str:
    return f"{{claim: sub, algorithm: {algorithm}, secret: '{secret}'}}"


def test_a_scope_by_claim_as_stellate_writes_it():
    found = config(scope(shared(SECRET), "cookie:s|header:X")).scopes["U"]
    assert found.sources == (ScopeSource("cookie", "s"), ScopeSource("header", "x"))
    assert found.jwt is not None
    assert (found.jwt.claim, found.jwt.algorithm) == ("sub", ("HS256",))
    assert str(found) == "cookie:s|header:x (sub)"


def test_algorithms_and_audiences_may_be_several():
    jwt = "{claim: a, algorithm: [RS256, PS256, RS256], jwksUrl: i.example/k, audience: [x, y]}"
    found = config(scope(jwt)).scopes["U"].jwt
    assert found is not None
    assert found.algorithm == ("RS256", "PS256")
    assert found.audience == ("x", "y")
    assert found.jwks_url == "https://i.example/k"
    single = config(scope("{claim: a, algorithm: ES256, jwksUrl: i.example/k, audience: x}"))
    assert single.scopes["U"].jwt.audience == ("x",)


BAD = [
    # jwt, below scopes.U.jwt, part of what is wrong, part of the way out
    ("{algorithm: HS256, secret: S}", ".claim", "is missing", "add it"),
    ("{claim: '', algorithm: HS256, secret: S}", ".claim", "names no claim", "claim: sub"),
    ("{claim: 5, algorithm: HS256, secret: S}", ".claim", "not text", "in quotes"),
    ("{claim: a, secret: S}", ".algorithm", "is missing", "add it"),
    ("{claim: a, algorithm: none, secret: S}", ".algorithm", "unsigned", "HS256"),
    ("{claim: a, algorithm: [RS256, none], secret: S}", ".algorithm", "unsigned", "HS256"),
    ("{claim: a, algorithm: RS257, secret: S}", ".algorithm", "no algorithm", "RS256"),
    ("{claim: a, algorithm: {a: b}, secret: S}", ".algorithm", "no algorithm", "RS256"),
    ("{claim: a, algorithm: [], secret: S}", ".algorithm", "is empty", "RS256"),
    ("{claim: a, algorithm: [HS256, RS256], secret: S}", ".algorithm", "mixes", "one kind"),
    ("{claim: a, algorithm: HS256}", "", "exactly one key", "secretFile"),
    ("{claim: a, algorithm: HS256, secret: S, secretFile: f}", "", "exactly one", "secretFile"),
    ("{claim: a, algorithm: RS256, publicKey: S, jwksUrl: x.io}", "", "exactly one", "jwksUrl"),
    ("{claim: a, algorithm: HS256, publicKey: S}", "", "a shared secret", "secret or secretFile"),
    ("{claim: a, algorithm: HS256, jwksUrl: x.io}", "", "a shared secret", "secretFile"),
    ("{claim: a, algorithm: HS256, secret: 'SSSS'}", "", "has 4 bytes", "openssl rand"),
    ("{claim: a, algorithm: RS256, secret: 'SSSS'}", "", "no public key", "BEGIN PUBLIC KEY"),
    ("{claim: a, algorithm: RS256, publicKey: 5555}", ".publicKey", "not text", "in quotes"),
    ("{claim: a, algorithm: RS256, jwksUrl: /keys}", ".jwksUrl", "no URL", "https://"),
    ("{claim: a, algorithm: RS256, secrett: SSSS}", ".secrett", "not a key", "mean secret?"),
    ("{claim: a, algorithm: RS256, jwksUrl: x.io, audience: 5}", ".audience", "not a list", ""),
]


@pytest.mark.parametrize(("jwt", "path", "what", "fix"), BAD)
def test_what_cannot_verify_tokens_is_refused(jwt, path, what, fix):
    problem = only_problem(scope(jwt))
    assert problem.path == f"scopes.U.jwt{path}"
    assert what in problem.what
    assert fix in problem.fix


@pytest.mark.parametrize(
    "jwt",
    [
        shared("hush hush hush", "HS512"),
        shared("hush hush hush", "RS256"),
        "{claim: a, algorithm: RS256, publicKey: {hush: hush}}",
        "{claim: a, algorithm: HS256, jwksUrl: x.io, secret: hush hush hush}",
    ],
)
def test_no_message_says_a_secret(jwt):
    assert "hush" not in str(only_problem(scope(jwt)))


def test_a_misplaced_secret_is_not_said_either():
    text = "scopes: {U: {definition: 'header:a', secret: hush}}"
    assert "hush" not in str(only_problem(text))


def test_a_config_shows_no_secret_but_its_digest_knows_it():
    found = config(scope(shared(SECRET)))
    other = config(scope(shared(f"{SECRET}!")))
    assert SECRET not in repr(found)
    assert SECRET not in str(found.model_dump(mode="json"))
    assert found.digest != other.digest


def test_nodes_may_have_the_secret_in_different_places():
    here, there = (
        config(scope(f"{{claim: a, algorithm: HS256, secretFile: {place}}}"))
        for place in ("/run/secrets/jwt", "/etc/shellac/jwt")
    )
    assert here != there
    assert here.digest == there.digest


@pytest.mark.parametrize(("algorithm", "size"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_a_secret_is_as_long_as_the_hash(algorithm, size):
    assert key_of("é" * (size // 2), [algorithm]) == ("é" * (size // 2)).encode()
    with pytest.raises(BadKey, match=f"needs {size}"):
        key_of("x" * (size - 1), [algorithm])
    with pytest.raises(BadKey, match="HS256/HS512 needs 64"):
        key_of("x" * 63, ["HS512", "HS256"])


def test_a_public_key_is_no_shared_secret():
    with pytest.raises(BadKey, match="PEM"):
        key_of(pem(private_key("RS256")), ["HS256"])


@pytest.mark.parametrize("algorithm", sorted(name for name in ALGORITHMS if name[:2] != "HS"))
def test_a_key_fits_the_algorithms_of_its_kind_alone(algorithm):
    kinds = {"RS256": {name for name in ALGORITHMS if name[:2] in ("RS", "PS")}}
    kinds |= {name: {name} for name in CURVES} | {"EdDSA": {"EdDSA"}, "Ed448": {"EdDSA"}}
    for kind, fitting in kinds.items():
        text = pem(private_key(kind))
        if algorithm in fitting:
            assert key_of(text, [algorithm])
        else:
            with pytest.raises(BadKey, match=f"that {algorithm} cannot use"):
                key_of(text, [algorithm])


@pytest.mark.parametrize("kind", ["RSA PRIVATE KEY", "PRIVATE KEY", "CERTIFICATE", "PUBLIC KEY"])
def test_other_pem_is_refused_with_advice(kind):
    with pytest.raises(BadKey, match=r"openssl|BEGIN PUBLIC KEY"):
        key_of(f"-----BEGIN {kind}-----\nabcd\n-----END {kind}-----\n", ["RS256"])


def test_a_short_rsa_key_is_refused():
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    with pytest.raises(BadKey, match="too short"):
        key_of(pem(short), ["RS256"])


def test_a_public_key_may_stand_in_the_config():
    text = pem(private_key("ES256")).replace("\n", "\\n")
    for key in ("publicKey", "secret"):
        assert config(scope(f'{{claim: a, algorithm: ES256, {key}: "{text}"}}'))
