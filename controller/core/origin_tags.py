"""The names by which an origin that tags its own answers purges them (the direct profiles).

Varnish makes the keys of an object from the origin's tag header without the controller, so a tag
stands on the wire as the origin wrote it, behind ``t:``. Varnish and this module agree on four
more keys (docs/decisions/0020, "Keys of an object"): ``u:`` with host and URL, ``all`` on every
object, ``some`` on each of which a tag could not be written (what ``writable`` refuses, or a list
over the limit), and ``some-url`` where the URL could not. Every purge of a tag or a URL purges
``some``, too, and every purge of a URL ``some-url``.
"""

from __future__ import annotations

import re
from typing import Final

SOME_KEY: Final = "some"
"""On objects of which not every tag is a key."""
SOME_URL_KEY: Final = "some-url"
"""On objects of which the URL is no key: GraphQL's are often longer than ``MOST_BYTES``."""
ALL_KEY: Final = "all"
"""On every object."""
MOST_BYTES: Final = 200
"""Of a tag or a URL that is written."""
MOST_HOST: Final = 255
"""Bytes of a host (RFC 1035, section 2.3.4, without a port): a longer one makes a key too long for
the line of a PURGE."""

_ODD: Final = re.compile(r"[^\x21-\x2b\x2d-\x7e]")


def origin_tag(text: str) -> str:
    """A tag of the origin's, as it names it."""
    return f"origin:{text}"


def url_tag(host: str, target: str) -> str:
    """What is stored of a URL at a host: path and query are ``target``."""
    return f"url:{host.lower()}{target}"


def writable(text: str) -> bool:
    """Whether a tag or a URL can stand in a header and be told from others: visible ASCII without
    a comma, at most ``MOST_BYTES``.
    """
    return 0 < len(text) <= MOST_BYTES and not _ODD.search(text)


def names_a_url(tag: str) -> bool:
    """Whether it is the tag of a URL."""
    return tag.startswith("url:")


def names_objects_of_an_origin(tag: str) -> bool:
    """Whether it is one of these tags."""
    return tag.startswith(("origin:", "url:"))


def origin_wire(tag: str) -> str:
    """The key of such a tag. A tag that cannot be written is what every object has: nobody can say
    more, and so it is with a host that no name is as long as. A URL that cannot be written has left
    ``some`` on its object.
    """
    kind, _, text = tag.partition(":")
    if kind == "origin":
        return f"t:{text}" if writable(text) else ALL_KEY
    host = text.find("/")
    target = text[host:]
    if host > MOST_HOST + len(":65535"):
        return ALL_KEY
    return f"u:{text}" if writable(target) and not _ODD.search(text) else SOME_KEY
