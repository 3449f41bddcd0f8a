"""The mutation policies, and where each ends."""

from __future__ import annotations

from enum import Enum
from typing import Final

from controller.core.policy import MutationPolicy

ENTITY: Final = "Entity"
LIST: Final = "List"
TYPE: Final = "Type"
NONE: Final = "None"
POLICIES: tuple[MutationPolicy, ...] = (ENTITY, LIST, TYPE, NONE)


class Outside(Enum):
    """Why an answer may stay though it is no longer what the origin says."""

    UNREPORTED = "what changed is neither in the mutation's answer nor in its name nor its entry"
    MEMBERSHIP = "Entity: something joined or left a list, or moved within it"
    COUNT = "a scalar that is computed from others, without fieldTypes"
    NEWEST = "one object that is chosen among others, without fieldTypes"
    POLICY_NONE = "None: the answers of mutations purge nothing"


def allowed(policy: MutationPolicy, *, declared: bool, reported: bool) -> set[Outside]:
    """What a policy leaves stale (docs/invalidation-limits.md).

    ``declared``: ``fieldTypes`` names every field that is computed from others. ``reported``: each
    mutation that changes what its answer does not hold has an entry in ``mutations``. With both,
    List and Type leave nothing, and Entity nothing but the membership of lists.
    """
    if policy == NONE:
        return {Outside.POLICY_NONE}
    found = set()
    if policy == ENTITY:
        found.add(Outside.MEMBERSHIP)
    if not declared:
        found |= {Outside.COUNT, Outside.NEWEST}
    if not reported:
        found.add(Outside.UNREPORTED)
    return found
