"""Keys and tokens for tests: real ones, made anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from demo.tagging import Answer, Request, serving

SECRET = "a secret of the tests, as long as the longest hash wants: 64 bytes"
CURVES = {
    "ES256": ec.SECP256R1(),
    "ES256K": ec.SECP256K1(),
    "ES384": ec.SECP384R1(),
    "ES512": ec.SECP521R1(),
}


@cache
def private_key(algorithm: str, name: str = "first") -> Any:
    """What signs tokens by an algorithm; other names give other keys. Kept for the whole run."""
    if algorithm.startswith("HS"):
        return SECRET if name == "first" else f"{name}: {SECRET}"
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm])
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == "Ed448":
        return ed448.Ed448PrivateKey.generate()
    if algorithm.startswith("RS") and algorithm != "RS256":
        return private_key("RS256", name)
    if algorithm.startswith("PS"):
        return private_key("RS256", name)
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: Any) -> str:
    """The public half of a private key."""
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def verifier(algorithm: str, name: str = "first") -> str:
    """What the config has to verify the tokens with."""
    key = private_key(algorithm, name)
    return key if isinstance(key, str) else pem(key)


def token(
    claims: dict[str, Any] | bytes,
    algorithm: str = "HS256",
    name: str = "first",
    **header: Any,
) -> str:
    """A signed token; ``claims`` as bytes stand in it as they are."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return jwt.PyJWS().encode(payload, private_key(algorithm, name), algorithm, headers=header)


def jwk(algorithm: str, name: str, **members: Any) -> dict[str, Any]:
    """A public key as a key set publishes it, with the name as its ``kid``."""
    maker = jwt.get_algorithm_by_name(algorithm)
    return {
        **maker.to_jwk(private_key(algorithm, name).public_key(), as_dict=True),
        "kid": name,
        **members,
    }


class KeyServer:
    """An issuer's key set over real HTTP. ``answer`` is a list of keys, or text, or a status."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.requests = 0
        self.url = ""

    def respond(self, _: Request) -> Answer:
        self.requests += 1
        if isinstance(self.answer, int):
            return Answer("", status=self.answer)
        if isinstance(self.answer, str):
            return Answer(self.answer)
        return Answer(json.dumps({"keys": self.answer}))


@contextmanager
def key_server(answer: Any) -> Iterator[KeyServer]:
    """A running key server on a free port."""
    keys = KeyServer(answer)
    with serving(keys.respond) as url:
        keys.url = f"{url}/.well-known/jwks.json"
        yield keys
