"""What the owner decided, in the form the core needs: the config without files, ports or nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

ANONYMOUS: Final = "ANONYMOUS"
"""The scope of requests without credentials (``defaultScope``)."""
PUBLIC: Final = "PUBLIC"
"""The scope shared by everybody; credentials are dropped."""

Key = tuple[str, ...]
"""The field names that together identify an entity; nearly always one name."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of ``rules``. ``types`` maps a type name to its fields, or to None for all of it.

    ``max_age`` and ``swr`` are seconds. ``scope`` is a scope's name, PUBLIC or ANONYMOUS, never
    missing: the default scope is filled in where the config is read. ``index`` is the rule's
    position in the config, for messages.
    """

    index: int
    types: Mapping[str, frozenset[str] | None]
    max_age: int
    swr: int
    scope: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything of the config that shapes verdicts, keys, tags and purges.

    ``digest`` changes whenever any of it does. ``key_fields`` lists alternatives per type name, an
    empty tuple meaning "has no key"; ``default_keys`` holds for all other types.
    ``non_cacheable`` holds ``Type`` and ``Type.field`` names. ``instrument`` allows any member to
    be added to a document, ``add_keys`` key fields among them.
    """

    service: str
    digest: str
    rules: tuple[Rule, ...] = ()
    non_cacheable: frozenset[str] = frozenset()
    default_keys: tuple[Key, ...] = (("id",), ("_id",), ("key",))
    key_fields: Mapping[str, tuple[Key, ...]] = field(default_factory=dict)
    instrument: bool = True
    add_keys: bool = True
    pass_through_only: bool = False
    max_tags: int = 2_000
