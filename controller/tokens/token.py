"""What a token looks like and what is kept of it.

``shellac_<id>_<secret>``: a prefix that people and secret scanners recognise, 8 hex digits by which
lists and logs name it, and 256 random bits as hex. Kept is the SHA-256 of the whole text. A slow
hash (bcrypt, argon2) would gain nothing: it makes guessing what people thought of expensive, and
nobody guesses 256 random bits, while every purge would wait for it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Literal

ID_BYTES: Final = 4
SECRET_BYTES: Final = 32
MAX_NAME: Final = 64
_FORM: Final = re.compile(r"shellac_([0-9a-f]{8})_[0-9a-f]{64}")


class Scope(StrEnum):
    """What the holder of a token may do."""

    PURGE = "purge"
    """Use the Purging API, and nothing else."""
    ADMIN = "admin"
    """Everything."""

    def allows(self, needed: Scope) -> bool:
        """Whether this is enough for what needs ``needed``."""
        return self in (Scope.ADMIN, needed)


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token. Times are seconds since 1970; None: never, or not yet."""

    id: str
    name: str
    scope: Scope
    sha256: bytes
    created: float
    expires: float | None = None
    used: float | None = None
    revoked: float | None = None

    def status(self, at: float) -> Literal["valid", "expired", "revoked"]:
        """Whether it is accepted, and if not, why."""
        if self.revoked is not None:
            return "revoked"
        if self.expires is not None and self.expires <= at:
            return "expired"
        return "valid"


def new_text() -> str:
    """A token nobody has seen yet."""
    return f"shellac_{secrets.token_hex(ID_BYTES)}_{secrets.token_hex(SECRET_BYTES)}"


def id_of(text: str) -> str | None:
    """The id in a token, None where it has not the form of one."""
    match = _FORM.fullmatch(text)
    return match[1] if match else None


def digest(token: bytes) -> bytes:
    """What is kept of a token, and what is compared."""
    return hashlib.sha256(token).digest()


def moment(at: float) -> str:
    """A time as it is shown: UTC, to the second."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
