"""``scopes``: what separates users. A header, a cookie, or a claim of the token in one of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from vclgen.config.jwt_keys import ALGORITHMS, SECRET_BYTES, BadKey, key_of
from vclgen.config.refusal import refusal, shown
from vclgen.config.sections import Section
from vclgen.config.tokens import Text, cookie_name, scope_header
from vclgen.config.values import LABEL, LocalPath, Url


@dataclass(frozen=True, slots=True)
class ScopeSource:
    """Where a scope's value is read. Header names are lowercase, cookie names as written."""

    kind: Literal["header", "cookie"]
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


def _algorithms(value: Any) -> tuple[str, ...]:
    names = tuple(value) if isinstance(value, list | tuple) else (value,)
    for name in names:
        if name == "none":
            raise refusal("none leaves tokens unsigned: anybody could be anybody", _ALGORITHM_HINT)
        if not isinstance(name, str) or name not in ALGORITHMS:
            raise refusal(f"{shown(name)} is no algorithm for signatures", _ALGORITHM_HINT)
    if not names:
        raise refusal("is empty", _ALGORITHM_HINT)
    if set(names) & set(SECRET_BYTES) and set(names) - set(SECRET_BYTES):
        raise refusal(
            "mixes algorithms with a shared secret and algorithms with a public key",
            "name one kind: a public key is known to all, and must never count as a secret",
        )
    return tuple(dict.fromkeys(names))


_ALGORITHM_HINT: Final = f"use one of {', '.join(sorted(ALGORITHMS))}, or a list of them"


def _key(value: Any) -> str:
    """Never in a message."""
    if not isinstance(value, str) or not value.strip():
        raise refusal("the value is not text", "write it in quotes")
    return value


def _claim(value: str) -> str:
    if not value.strip():
        raise refusal("names no claim", "write claim: sub")
    return value


def _audience(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


_TEXTS: Final = {"type": "array", "items": {"type": "string"}}
_STRING: Final = WithJsonSchema({"type": "string"})
_ONE_OR_MORE: Final = WithJsonSchema({"anyOf": [{"type": "string"}, _TEXTS], LABEL: "text or list"})

KeyText = Annotated[
    str,
    BeforeValidator(_key),
    # The config's digest changes with the key and does not hold it.
    PlainSerializer(lambda key: hashlib.sha256(key.encode()).hexdigest()),
    _STRING,
]


class Jwt(Section):
    """The token in a scope's header or cookie: its value is then one claim of the token, so that
    all tokens of one user share answers. One of `secret`, `publicKey`, `secretFile` and `jwksUrl`
    verifies the signature. [jwt.md](jwt.md) says what becomes of requests without a valid token."""

    claim: Annotated[Text, AfterValidator(_claim)]
    """The claim, a text, a number or a flag. Dots lead into objects: `user.id`. A claim whose name
    holds the dots counts first: `https://hasura.io/jwt/claims.x-hasura-user-id` is found either
    way."""

    algorithm: Annotated[tuple[str, ...], BeforeValidator(_algorithms), _ONE_OR_MORE]
    """The algorithm tokens are signed with, or a list: HS256, HS384, HS512, RS256, RS384, RS512,
    PS256, PS384, PS512, ES256, ES256K, ES384, ES512, EdDSA. Tokens with another are invalid."""

    secret: KeyText | None = Field(default=None, repr=False)
    """The shared secret of HS algorithms, at least as long as their hash: 32, 48 or 64 bytes. For
    the others, as Stellate has it, the public key."""

    public_key: KeyText | None = Field(default=None, repr=False)
    """The public key in PEM."""

    # Not in the digest: the nodes of one service may have it in different places.
    secret_file: LocalPath | None = Field(default=None, exclude=True)
    """A file with the secret or the public key, to keep it out of this one. Read when the
    controller starts; line ends at its end do not count."""

    jwks_url: Url | None = None
    """Where the issuer publishes its keys (a JSON Web Key Set). Fetched every 5 minutes, and for a
    token with an unknown `kid`, at most every 30 seconds."""

    issuer: Text | None = None
    """What `iss` must be. Default: it is not looked at."""

    audience: Annotated[tuple[Text, ...], BeforeValidator(_audience), _ONE_OR_MORE] = ()
    """What `aud` must hold one of. Default: it is not looked at."""

    @model_validator(mode="after")
    def _one_key(self) -> Jwt:
        given = [self.secret, self.public_key, self.secret_file, self.jwks_url]
        if sum(key is not None for key in given) != 1:
            raise refusal(
                "needs exactly one key", "give one of secret, publicKey, secretFile and jwksUrl"
            )
        shared = self.algorithm[0] in SECRET_BYTES
        if shared and (self.public_key or self.jwks_url):
            raise refusal(
                f"{self.algorithm[0]} has a shared secret, no public key",
                "give secret or secretFile, or name the algorithm that the tokens are signed with",
            )
        key = self.secret or self.public_key
        if key is not None:
            try:
                key_of(key, self.algorithm)
            except BadKey as error:
                raise refusal(f"the key {error.what}", error.fix) from error
        return self


def _sources(value: Any) -> tuple[ScopeSource, ...]:
    if not isinstance(value, str) or not value.strip():
        raise refusal(f"{shown(value)} is no scope", _SCOPE_HINT)
    return tuple(dict.fromkeys(_source(part.strip()) for part in value.split("|")))


_SCOPE_HINT: Final = "write header:NAME, cookie:NAME, or several joined by |"


def _source(part: str) -> ScopeSource:
    kind, _, name = part.partition(":")
    if kind == "header":
        if name.lower() == "cookie":
            raise refusal("header:cookie would split by every cookie", "write cookie:NAME")
        return ScopeSource("header", scope_header(name))
    if kind == "cookie":
        return ScopeSource("cookie", cookie_name(name))
    raise refusal(f"{shown(part)} is no source of a scope", _SCOPE_HINT)


def _text(sources: tuple[ScopeSource, ...]) -> str:
    return "|".join(map(str, sources))


class Scope(Section):
    """What separates users. The first source that a request carries gives the value. Written
    `NAME: header:x`, or with these keys."""

    model_config = ConfigDict(json_schema_extra={"type": ["string", "object"]})

    sources: Annotated[tuple[ScopeSource, ...], PlainSerializer(_text), _STRING] = Field(
        alias="definition"
    )
    """`header:x`, `cookie:y`, or several joined by `|`."""

    jwt: Jwt | None = None
    """The value is a claim of the JSON Web Token that stands there."""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        written = value if isinstance(value, Mapping) else {"definition": value}
        unknown = sorted(map(str, set(written) - {"definition", "jwt"}))
        if unknown:
            # Without the values: one may be a secret.
            fix = "give it `definition` alone, or `jwt` beside it"
            raise refusal(f"{', '.join(unknown)} makes no scope", fix)
        return {**written, "definition": _sources(written.get("definition"))}

    def __str__(self) -> str:
        return _text(self.sources) + (f" ({self.jwt.claim})" if self.jwt else "")
