"""Waiting until a node of a direct profile trusts what it has stored.

A node distrusts what was stored half a second before a purge; and purges that came together, as
they do at the start, have the next one take along what is stored up to two tenths of a second after
them. The Age of an answer says from outside that such a time is over.
"""

from collections.abc import Callable
from typing import Final

import httpx

from tests.support.net import wait_for

OLD_ENOUGH: Final = 2
"""Seconds of Age, which Varnish rounds: more than one has passed since the answer was stored."""


def wait_until_old(ask: Callable[[], httpx.Response], age: int = OLD_ENOUGH) -> None:
    """Ask until the answer, which gets stored, has this Age.

    No purge of something else takes it along then. With an ``age`` of 1 half a second is over since
    whatever was purged before.
    """
    wait_for(
        lambda: int(ask().headers.get("age", 0)) >= age,
        what=f"an answer with Age: {age}",
    )
