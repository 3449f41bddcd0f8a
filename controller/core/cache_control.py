"""An origin's Cache-Control as one more rule on its answer (``ignoreOriginCacheControl: false``).

RFC 9111, sections 4.2 and 5.2, for a shared cache; RFC 5861 for stale-while-revalidate. Doubt
shortens: of a directive that stands there twice the smallest value counts, of one that cannot be
read 0, and a field like ``private="set-cookie"`` counts as the whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from controller.core.rules import Decision

LONGEST: Final = 2**31 - 1
"""Seconds; what RFC 9111 (1.2.2) asks caches to take larger numbers for."""
_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_DIRECTIVE: Final = re.compile(
    rf'[ \t]*+(?:({_WORD})(?:=(?:({_WORD})|"((?:[^"\\]|\\.)*+)"))?+)?+[ \t]*+(?:,|$)'
)
"""Possessive, so that a header of any length is read in linear time."""
_FORBIDDING: Final = ("no-store", "private", "no-cache")


@dataclass(frozen=True, slots=True)
class Lifetime:
    """What an origin says of its answer. ``refused`` is the detail of one that must not be stored.

    ``max_age`` (what is left of it) and ``swr`` are seconds, None where it says nothing.
    ``never_stale``: it must not be served stale, whatever fails.
    """

    max_age: int | None = None
    swr: int | None = None
    refused: str | None = None
    never_stale: bool = False


def origin_lifetime(cache_control: Sequence[str], age: Sequence[str]) -> Lifetime:
    """The lifetime that the lines of ``Cache-Control`` and ``Age`` come to.

    ``Expires`` does not count: the config key speaks of Cache-Control.
    """
    directives = _directives(cache_control)
    if directives is None:
        return Lifetime(refused="origin-cache-control")
    for name in _FORBIDDING:
        if name in directives:
            return Lifetime(refused=f"origin-{name}")
    fresh = _smallest(directives, "s-maxage")
    if fresh is None:
        fresh = _smallest(directives, "max-age")
    swr = _smallest(directives, "stale-while-revalidate")
    never_stale = "must-revalidate" in directives or "proxy-revalidate" in directives
    if never_stale:
        swr = 0
    if fresh is None:
        return Lifetime(None, swr, never_stale=never_stale)
    ages = [_seconds(part.strip()) for line in age for part in line.split(",")]
    left = 0 if None in ages else fresh - max((a for a in ages if a is not None), default=0)
    if left <= 0:
        return Lifetime(refused="origin-max-age")
    return Lifetime(left, swr or 0, never_stale=never_stale)


def is_private(cache_control: Sequence[str]) -> bool:
    """Whether the lines of ``Cache-Control`` forbid a shared cache to store the answer because it
    is one user's. Also if they cannot be read.
    """
    directives = _directives(cache_control)
    return directives is None or "private" in directives


def limited(decision: Decision, lifetime: Lifetime) -> Decision | str:
    """The shorter times of both; the detail if that leaves nothing to store."""
    if lifetime.refused is not None:
        return lifetime.refused
    max_age = min(decision.max_age, decision.max_age if (m := lifetime.max_age) is None else m)
    swr = min(decision.swr, decision.swr if (s := lifetime.swr) is None else s)
    if max_age == 0 and swr == 0:
        return "origin-max-age"
    return replace(decision, max_age=max_age, swr=swr, never_stale=lifetime.never_stale)


def _directives(lines: Sequence[str]) -> dict[str, list[str | None]] | None:
    """Every directive with its values, names in lower case; None if a line is no such list."""
    found: dict[str, list[str | None]] = {}
    for line in lines:
        at = 0
        while at < len(line):
            read = _DIRECTIVE.match(line, at)
            if read is None:
                return None
            at = read.end()
            name, plain, quoted = read.groups()
            if name is not None:
                unquoted = None if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
                found.setdefault(name.lower(), []).append(unquoted if plain is None else plain)
    return found


def _smallest(directives: dict[str, list[str | None]], name: str) -> int | None:
    """The smallest number of a directive, 0 if one is none; None if the directive is not there."""
    if name not in directives:
        return None
    return min(_seconds(value) or 0 for value in directives[name])


def _seconds(value: str | None) -> int | None:
    if value is None or re.fullmatch("[0-9]+", value) is None:
        return None
    return min(int(value[:4_000]), LONGEST)
