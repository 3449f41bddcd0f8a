"""Which dialects a profile takes, and how a request is read by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from controller.core.dialects import (
    apiplatform,
    drupal,
    fastly,
    foshttpcache,
    groups,
    magento,
    plain,
    unpaired,
    wpgraphql,
)
from controller.core.dialects.asked import Asked, Meant, Read, Refused
from controller.core.direct import Profile


@dataclass(frozen=True, slots=True)
class Dialects:
    """``readers`` are asked first; ``bare`` if none of them knows the request. ``accepted`` says
    what a client should send.
    """

    readers: tuple[Callable[[Asked], Read], ...]
    bare: tuple[Callable[[Asked], Read], ...]
    accepted: str


OF_PROFILE: Final[Mapping[Profile, Dialects]] = {
    "magento": Dialects((magento.read,), (), "PURGE with X-Magento-Tags-Pattern"),
    "wpgraphql": Dialects(
        (wpgraphql.read,), (plain.read,), "PURGE_GRAPHQL with GraphQL-Purge-Keys, and PURGE"
    ),
    "tagged": Dialects(
        (
            foshttpcache.read,
            apiplatform.read,
            fastly.read,
            drupal.read,
            groups.read,
            unpaired.read,
        ),
        (plain.read, drupal.read_bare),
        "PURGE, PURGEKEYS, BAN and REFRESH",
    ),
}


def read_purge(profile: Profile, asked: Asked) -> Meant | Refused:
    """What a purge means under a profile.

    A request that several dialects know means what all of them read in it; the first one answers.
    It is refused where it means nothing to any of them, or one cannot read what it means.
    """
    dialects = OF_PROFILE[profile]
    found = [read for reader in dialects.readers if (read := reader(asked)) is not None]
    if not found:
        found = [read for reader in dialects.bare if (read := reader(asked)) is not None]
    meant = [read for read in found if isinstance(read, Meant)]
    for read in found:
        if isinstance(read, Refused) and not (meant and read.empty):
            return read
    if not meant:
        return Refused(405, f"Profile {profile} takes {dialects.accepted}, not {asked.method}")
    purges = dict.fromkeys(purge for each in meant for purge in each.purges)
    return replace(meant[0], purges=tuple(purges))
