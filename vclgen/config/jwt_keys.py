"""What verifies the signature of a token: the algorithms and the keys that fit them.

The rules for keys are those of RFC 7518; a key never serves an algorithm of another kind, so that
a public key cannot be taken for a shared secret.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey

SECRET_BYTES: Final = {"HS256": 32, "HS384": 48, "HS512": 64}
"""The shortest secret: RFC 7518, section 3.2, "a key of the same size as the hash output"."""
_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES: Final = {
    "secp256r1": "ES256",
    "secp384r1": "ES384",
    "secp521r1": "ES512",
    "secp256k1": "ES256K",
}
ALGORITHMS: Final = frozenset({*SECRET_BYTES, *_RSA, *_CURVES.values(), "EdDSA"})
_RSA_BITS: Final = 2_048
"""RFC 7518, sections 3.3 and 3.5."""


class BadKey(Exception):
    """A key cannot be used: ``what`` is wrong, ``fix`` is what to do. Neither holds the key."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what}; {fix}")
        self.what = what
        self.fix = fix


def key_of(text: str, algorithms: Collection[str]) -> bytes | PublicKey:
    """The key that a text means under these algorithms: a shared secret, or a public key in PEM.

    Raises:
        BadKey: it is too short, no key, or not for one of the algorithms.
    """
    lengths = [SECRET_BYTES[name] for name in algorithms if name in SECRET_BYTES]
    if not lengths:
        return _public_key(text, algorithms)
    secret = text.encode()
    if b"-----BEGIN " in secret:
        raise BadKey(
            "is a key in PEM, which HS algorithms do not have",
            "give the shared secret, or name the algorithm that the tokens are signed with",
        )
    if len(secret) < max(lengths):
        raise BadKey(
            f"has {len(secret)} bytes, and {'/'.join(sorted(algorithms))} needs {max(lengths)} "
            "(RFC 7518, 3.2)",
            "use a longer secret where tokens are made and here: `openssl rand -hex 64`",
        )
    return secret


def algorithms_of(key: PublicKey) -> frozenset[str]:
    """The algorithms that a public key can verify; none if it is too weak for any."""
    if isinstance(key, RSAPublicKey):
        return _RSA if key.key_size >= _RSA_BITS else frozenset()
    if isinstance(key, EllipticCurvePublicKey):
        name = _CURVES.get(key.curve.name)
        return frozenset(() if name is None else (name,))
    return frozenset({"EdDSA"})


def _public_key(text: str, algorithms: Collection[str]) -> PublicKey:
    if "PRIVATE KEY-----" in text:
        raise BadKey("is a private key", "give the public one: `openssl pkey -pubout`")
    if "BEGIN CERTIFICATE" in text:
        raise BadKey("is a certificate", "give its key: `openssl x509 -pubkey -noout`")
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadKey("is no public key in PEM", "write -----BEGIN PUBLIC KEY----- …") from error
    if not isinstance(key, PublicKey):
        raise BadKey("is a key of a kind that signs no tokens", "use RSA, EC or Ed25519")
    unfit = set(algorithms) - algorithms_of(key)
    if unfit:
        fitting = ", ".join(sorted(algorithms_of(key))) or "none: it is too short or of a rare kind"
        raise BadKey(
            f"is a key that {', '.join(sorted(unfit))} cannot use",
            f"name an algorithm that it fits ({fitting}), or give another key",
        )
    return key
