"""What a mutation, an event or a call of the Purging API purges, in the origin's tags.

In: tags as the gateway's answers carry them (``controller.core.tags``). An entity becomes the tags
of its templates. A type or its lists become the templates without fields, and so does an entity
whose fields are not all known; where there are none, everything. A type without templates is
nothing that the origin has tagged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from graphql import GraphQLSchema

from controller.core.direct import Templates, filled, places, templates_of
from controller.core.origin_tags import origin_tag, writable
from controller.core.tags import NULL_ID, SOME_ID, Purge, Tag

_ENTITY: Final = re.compile(r"key:(?P<type>\w+):(?:(?P<key>\w+):(?P<value>.*)|(?P<pairs>.*))", re.S)
_BESIDE: Final = ("null", "some", "id", SOME_ID, NULL_ID, "unknown-type", "mixed-list")
"""What goes with an entity or a type in the gateway, for answers of which not all is known."""


@dataclass(frozen=True, slots=True)
class OriginPurged:
    """``unmapped`` are the types without templates: of them nothing is purged."""

    tags: tuple[Tag, ...] = ()
    everything: bool = False
    unmapped: frozenset[str] = frozenset()


def in_origin_tags(
    templates: Templates, schema: GraphQLSchema | None, tags: Iterable[Tag]
) -> OriginPurged:
    """What a purge of ``tags`` is at the origin."""
    found: dict[Tag, None] = {}
    unmapped = set()
    everything = False
    for tag in tags:
        kind, _, rest = tag.partition(":")
        if kind in _BESIDE:
            continue
        if kind not in ("key", "type", "list"):
            everything = True  # a field of the query root, an operation: no tag of the origin's
            continue
        name, values = entity_of(tag) if kind == "key" else (rest, {})
        known = templates_of(templates, name, schema)
        if not known:
            unmapped.add(name)
            continue
        purged = _entity(known, values) if kind == "key" else type_wide(known)
        everything = everything or not purged or not all(map(writable, purged))
        found.update((origin_tag(text), None) for text in purged)
    return OriginPurged(() if everything else tuple(found), everything, frozenset(unmapped))


def origin_purge(templates: Templates, schema: GraphQLSchema | None, purge: Purge) -> Purge:
    """The same of a purge as it goes into the log."""
    if purge.everything:
        return purge
    found = in_origin_tags(templates, schema, purge.tags)
    return Purge(found.tags, purge.source, purge.soft, found.everything)


def type_wide(templates: Iterable[str]) -> list[str]:
    """The tags of all of a type; empty: nobody can say which they are."""
    return [text for text in templates if not places(text)]


def entity_of(tag: Tag) -> tuple[str, Mapping[str, str]]:
    """The type and the key's values of an entity's tag (``controller.core.tags.entity_tag``)."""
    found = _ENTITY.fullmatch(tag)
    assert found is not None
    if found["key"] is not None:
        return found["type"], {found["key"]: found["value"]}
    pairs = (pair.partition("=") for pair in found["pairs"].split(","))
    return found["type"], {name: _unescaped(value) for name, _, value in pairs}


def _entity(templates: tuple[str, ...], values: Mapping[str, str]) -> list[str]:
    """The tags of an entity; of one that cannot be told those of its type."""
    own = [text for text in templates if places(text)]
    if not own or any(not places(text) <= values.keys() for text in own):
        return type_wide(templates)
    return [filled(text, values) for text in own]


def _unescaped(value: str) -> str:
    return value.replace("%3D", "=").replace("%2C", ",").replace("%25", "%")
