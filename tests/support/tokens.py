"""A token store as commands change it, and a clock that a test sets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from controller.tokens.store import add, all_tokens, revoke, token_store
from controller.tokens.token import Scope, Token, digest, id_of, new_text

NOW = 1_800_000_000.0


@dataclass
class Clock:
    """Seconds, as a test has them."""

    at: float = NOW

    def __call__(self) -> float:
        return self.at


@dataclass(frozen=True)
class Tokens:
    """The store of a test, changed as commands change it."""

    path: Path
    clock: Clock

    def make(
        self, name: str = "bot", scope: Scope = Scope.PURGE, *, seconds: float | None = None
    ) -> str:
        """A new token, valid for that long."""
        text = new_text()
        at = self.clock()
        expires = None if seconds is None else at + seconds
        token = Token(id_of(text) or "", name, scope, digest(text.encode()), at, expires)
        with token_store(self.path) as db:
            add(db, token)
        return text

    def revoke(self, text: str) -> None:
        with token_store(self.path) as db:
            revoke(db, id_of(text) or "", self.clock())

    def known(self) -> list[Token]:
        with token_store(self.path) as db:
            return all_tokens(db)
