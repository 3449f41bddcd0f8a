"""Whose request it is: the token that a claim scope reads, and the claim as keys hold it. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from controller.core.claims import Claim

Source: TypeAlias = tuple[str, str]
"""A kind, ``header`` or ``cookie``, and a name."""

ABSENT: Final = "-"
_BEARER: Final = re.compile(r"bearer[ \t]+(.*)", re.IGNORECASE)
"""RFC 6750, section 2.1; the scheme's case does not count (RFC 9110, 11.1)."""


@dataclass(frozen=True, slots=True)
class Presented:
    """A token and where it stood. ``bearer``: behind that scheme, as a credential.

    A source that stands there twice presents the empty token, which is never valid.
    """

    source: Source
    bearer: bool
    token: str

    @property
    def value(self) -> str:
        """The source's value as the origin gets it: one spelling, so that a key is one question."""
        return f"Bearer {self.token}" if self.bearer else self.token


def presented(
    sources: Sequence[Source], values: Callable[[Source], Sequence[str]]
) -> Presented | None:
    """The token of the first source that the request carries; ``values`` gives those of one."""
    for source in sources:
        found = values(source)
        if len(found) > 1:
            return Presented(source, False, "")
        if found:
            text = found[0].strip(" \t")
            bearer = _BEARER.fullmatch(text) if source[0] == "header" else None
            return Presented(source, bearer is not None, bearer[1] if bearer else text)
    return None


def scope_text(scope: str, shown: Presented | None, claim: Claim | None) -> str:
    """What data keys hold of one scope. The claim itself is only there as its SHA-256.

    The form counts: an origin may take a token with ``Bearer`` and ignore one without.
    """
    if shown is None or claim is None:
        return f"{scope}={ABSENT}"
    form = "bearer" if shown.bearer else "bare"
    digest = hashlib.sha256(claim.text.encode()).hexdigest()
    return f"{scope}={shown.source[0]}:{shown.source[1]}:{form}:{digest}"
