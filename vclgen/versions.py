"""What differs between the Varnishes that a VCL can be rendered for, decided here and nowhere else.

The VCL says the same to all of them; these are the words in which it does. Sources: "Upgrading to
Varnish" 6.1 to 8.0 and "Changes in Varnish" 6.2 and 8.0 (doc/sphinx/whats-new of Varnish Cache).
docs/varnish-versions.md says what was run, what was compiled and what was only read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

VarnishVersion = Literal["6.0", "7.1", "7.7", "8.0", "9.0"]


class Code(str):
    """A piece of VCL that stands in this module, so nothing of anybody's config."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Words:
    """How one family of Varnish says things.

    ``seconds`` is the time as a number with decimals, ``whole_seconds`` as an integer, ``random``
    an integer of up to nine digits, ``ttl_left`` what is left of a hit's ttl in whole seconds.
    ``std_ban``: a ban that fails can be told. ``is_hitmiss``: a request knows that it met a marker.
    """

    seconds: Code
    whole_seconds: Code
    random: Code
    ttl_left: Code
    std_ban: bool
    is_hitmiss: bool


_SINCE_6_2: Final = Words(
    seconds=Code("std.real(time=now, fallback=0.0)"),
    whole_seconds=Code("std.integer(time=now, fallback=0)"),
    random=Code("std.integer(real=std.round(std.random(0, 999999999)), fallback=0)"),
    ttl_left=Code("std.integer(duration=obj.ttl, fallback=0)"),
    std_ban=True,
    is_hitmiss=True,
)
"""From 6.2 on the functions of std take what is converted by name; 8.0 has only these. ``std.ban``
came with 6.6: none of the versions that can be chosen lies between."""

_BEFORE_6_2: Final = Words(
    seconds=Code("std.time2real(now, 0.0)"),
    whole_seconds=Code("std.time2integer(now, 0)"),
    random=Code("std.real2integer(std.random(0, 999999999), 0)"),
    ttl_left=Code(r'regsub(obj.ttl, "\..*$", "")'),
    std_ban=False,
    is_hitmiss=False,
)


def words_of(version: VarnishVersion) -> Words:
    """What the templates write for this Varnish."""
    return _BEFORE_6_2 if version == "6.0" else _SINCE_6_2
