"""The names by which answers are purged, and their form on the wire.

Inside the controller a tag is readable (``key:Post:id:5``, Stellate's words); ``wire`` makes the
short fixed-length key that Varnish's xkey index holds.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from controller.core.origin_tags import names_objects_of_an_origin, origin_wire
from controller.core.policy import Key

Tag = str
WIRE_LENGTH: Final = 16
"""Characters of a tag on the wire: 96 bits of SHA-256 in URL-safe base64."""


def service_tag(service: str) -> Tag:
    """On every object of the service."""
    return f"app:{service}"


def type_tag(type_name: str) -> Tag:
    """On every answer in which an object of this type was seen or could have been."""
    return f"type:{type_name}"


def entity_tag(type_name: str, key: Key, values: Sequence[str]) -> Tag:
    """One entity by one of its keys; values are strings whatever their GraphQL type was."""
    if len(key) == 1:
        return f"key:{type_name}:{key[0]}:{values[0]}"
    pairs = ",".join(f"{name}={_escaped(value)}" for name, value in zip(key, values, strict=True))
    return f"key:{type_name}:{pairs}"


def unidentified_tag(type_name: str) -> Tag:
    """A keyed object whose key value is missing: every purge of an entity of the type hits it."""
    return f"some:{type_name}"


def id_tag(value: str) -> Tag:
    """An entity by its ``id`` alone, whatever its type (``globalIds``)."""
    return f"id:{value}"


SOME_ID: Final[Tag] = "some-id"
"""With ``globalIds``: an entity of some type whose ``id`` is missing."""
NULL_ID: Final[Tag] = "null-id"
"""With ``globalIds``: a null where something with an ``id`` could have stood."""


def list_tag(type_name: str) -> Tag:
    """An answer that holds a list (or connection) of this type."""
    return f"list:{type_name}"


def null_tag(type_name: str) -> Tag:
    """A null where an object of this type could have stood."""
    return f"null:{type_name}"


def root_field_tag(name: str) -> Tag:
    """A field of the query root, whatever its arguments."""
    return f"query:{name}"


def root_field_arguments_tag(name: str, canonical_arguments: str) -> Tag:
    """A field of the query root with exactly these arguments (canonical JSON)."""
    return f"query:{name}({canonical_arguments})"


def operation_tag(name: str) -> Tag:
    """The operation name."""
    return f"operation:{name}"


def wire(service: str, tag: Tag) -> str:
    """The tag as it stands in ``xkey`` and in a PURGE, without separators.

    What an origin named stands as it named it (``controller.core.origin_tags``).
    """
    return origin_wire(tag) if names_objects_of_an_origin(tag) else wire_of_ours(service, tag)


def wire_of_ours(service: str, tag: Tag) -> str:
    """The same of a tag that no origin named: ``WIRE_LENGTH`` characters.

    The service is part of it, so services can share one Varnish.
    """
    digest = hashlib.sha256(f"{service}\0{tag}".encode("utf-8", "surrogatepass")).digest()[:12]
    return base64.urlsafe_b64encode(digest).decode()


KINDS: Final = ("app", "type", "key", "some", "id", "list", "null", "query", "operation")
"""What tags begin with, before a colon."""


def printed_tags(text: str) -> tuple[Tag, ...]:
    """What a tag may be that was printed as ``text``: as it stands, or with its escapes read.

    ``shellac-debug`` prints characters beyond ASCII as Python's ``backslashreplace`` does.
    """
    read = _ESCAPE.sub(lambda found: chr(int(found[1] or found[2] or found[3], 16)), text)
    return (text,) if read == text else (text, read)


@dataclass(frozen=True, slots=True)
class Purge:
    """One purge as it stands in the log: tags by name, or everything.

    ``source`` says where it came from, for people: ``mutation updatePost``, ``api``.
    """

    tags: tuple[Tag, ...]
    source: str
    soft: bool = False
    everything: bool = False


def joined(purges: Iterable[Purge], source: str, *, soft: bool = False) -> Purge:
    """All of them as one entry of the log."""
    tags: dict[Tag, None] = {}
    for purge in purges:
        if purge.everything:
            return Purge((), source, soft, everything=True)
        tags.update(dict.fromkeys(purge.tags))
    return Purge(tuple(tags), source, soft)


_ESCAPE: Final = re.compile(
    r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\U(0010[0-9a-f]{4}|000[0-9a-f]{5})"
)


def _escaped(value: str) -> str:
    return value.replace("%", "%25").replace(",", "%2C").replace("=", "%3D")
