"""Tags where types can be unknown, and what a purge has to name besides.

An answer whose types are not all known carries ``UNKNOWN``: a null or an empty list where objects
could have stood, an object without ``__typename``. Every purge of a type or an entity takes it
along. Of an object whose key is not selected nobody can say whether its type has that key, so the
answer carries ``some:Type.key`` for each key that is missing, and a purge by that key takes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Final

from controller.core.operation import Operation
from controller.core.policy import GLOBAL_ID, Key, Policy
from controller.core.tags import (
    Tag,
    entity_tag,
    id_tag,
    list_tag,
    null_tag,
    type_tag,
    unidentified_tag,
)

UNKNOWN: Final[Tag] = "unknown-type"
"""On every answer in which something of unknown type could have stood."""

MIXED: Final[Tag] = "mixed-list"
"""On every answer with a list that could hold more types than it does. Purges of a type take it
along, like the lists of that type.
"""


def without_key_tag(type_name: str, key: Key) -> Tag:
    """An object of the type of which this key is not known."""
    return unidentified_tag(f"{type_name}.{'+'.join(key)}")


def purge_type_tags(type_name: str) -> tuple[Tag, ...]:
    """What a purge of a type purges. Those with a schema too: a key holds one or the other."""
    return (type_tag(type_name), null_tag(type_name), list_tag(type_name), UNKNOWN, MIXED)


def purge_entity_tags(
    policy: Policy, type_name: str, key: Key, values: Sequence[str]
) -> tuple[Tag, ...]:
    """What a purge of one entity purges."""
    tags = (
        entity_tag(type_name, key, values),
        unidentified_tag(type_name),
        without_key_tag(type_name, key),
        null_tag(type_name),
        UNKNOWN,
    )
    return (*tags, id_tag(values[0])) if policy.global_ids and key == GLOBAL_ID else tags


def document_digest(operation: Operation) -> str:
    """A short name for a document and the operation that is meant in it."""
    text = f"{operation.name or ''}\0{operation.text}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def verdict_tag(operation: Operation, scopes: Collection[str]) -> Tag:
    """The verdicts on a document that know of these scopes alone."""
    return f"verdict:{document_digest(operation)}:{','.join(sorted(scopes))}"
