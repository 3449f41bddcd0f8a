"""Entries in ``mutations`` for what the answers of a random shop's mutations leave unsaid."""

from __future__ import annotations

import random
from typing import Any

from controller.core.policy import MutationEntry, PurgeType
from tests.shops.data import Ref
from tests.shops.plan import Does, MutationField, Shape, Shop, lower

_SAY_ALL = frozenset({Shape.ENTITY, Shape.ENTITIES, Shape.RESULT})
"""An answer of this shape holds the entity that the mutation is about."""


def draw_entries(shop: Shop, seed: int) -> dict[str, MutationEntry]:
    """An entry for each mutation that can change what its answer does not hold, and for some more.

    It names what changes as a whole type, or by its key where an argument has its value.
    """
    picks = random.Random(f"entries {seed}")
    found = {}
    for name, mutation in shop.mutations.items():
        silent = mutation.shape not in _SAY_ALL or mutation.does is Does.BOTH
        if silent or picks.random() < 0.2:
            found[name] = MutationEntry(targets=_targets(shop, mutation, picks))
    return found


def in_config(entry: MutationEntry) -> dict[str, Any]:
    """The entry as it stands in a config file."""
    return {
        "purge": [_written(target) for target in entry.targets if isinstance(target, PurgeType)]
    }


def named_by(
    entry: MutationEntry, mutation: MutationField, given: tuple[Ref, Ref]
) -> tuple[set[Ref], set[str]]:
    """The entities and the types that an entry names. ``given`` are those of the arguments."""
    targets = [target for target in entry.targets if isinstance(target, PurgeType)]
    about, other = given
    entities = {
        about if target.places[0] == ("args", lower(mutation.about)) else other
        for target in targets
        if target.places
    }
    return entities, {target.type for target in targets if not target.places}


def _targets(shop: Shop, mutation: MutationField, picks: random.Random) -> tuple[PurgeType, ...]:
    found = {mutation.about: _target(shop, mutation, mutation.about, picks, lower(mutation.about))}
    if mutation.does is Does.BOTH and mutation.other not in found:
        other = f"other{mutation.other}"
        found[mutation.other] = _target(shop, mutation, mutation.other, picks, other)
    elif mutation.does is Does.BOTH:
        # Two entities of one type.
        found[mutation.other] = PurgeType(mutation.other)
    return tuple(found.values())


def _target(
    shop: Shop, mutation: MutationField, type_: str, picks: random.Random, argument: str
) -> PurgeType:
    keys = [key for key in shop.entities[type_].keys if key in (("id",), ("key",), ("_id",))]
    if not keys or mutation.does is Does.CREATE or picks.random() < 0.3:
        return PurgeType(type_)
    return PurgeType(type_, keys[0], (("args", argument),))


def _written(target: PurgeType) -> dict[str, Any]:
    if not target.places or target.key is None:
        return {"type": target.type}
    (key,), (place,) = target.key, target.places
    return {"type": target.type, "key": key, "from": ".".join(place)}
