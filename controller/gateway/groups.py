"""HTTP Cache Groups that an origin's answer to an unsafe request invalidates (RFC 9875, section 3).

Purged before the answer goes out. Only what passes the controller is read: requests with another
method than GET on the GraphQL path of a direct profile.
"""

from __future__ import annotations

import logging

from controller.brain import Brain
from controller.core.dialects.groups import NAME, invalidated
from controller.core.tags import Purge, joined
from controller.gateway.headers import Headers, lookup_all

logger = logging.getLogger(__name__)


def with_groups(purge: Purge, headers: Headers, brain: Brain) -> Purge:
    """What a write has changed, with the groups that the headers of its answer name."""
    return joined((purge, groups_of(headers, brain)), purge.source)


def groups_of(headers: Headers, brain: Brain) -> Purge:
    """The groups alone; nothing in the gateway profile, which stores no answer by its groups."""
    lines = lookup_all(headers, NAME.encode()) if brain.policy.direct is not None else []
    found = invalidated(lines)
    if found is None:
        return Purge((), "cache-groups answer")
    if found.doubt is not None:
        logger.warning("%s, so everything is purged", found.doubt)
    return Purge(found.tags, "cache-groups answer", everything=found.everything)
