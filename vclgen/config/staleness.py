"""The keys about the time after ``maxAge``, and about the caches of clients."""

from __future__ import annotations

from vclgen.config.sections import Section
from vclgen.config.values import Flag, Seconds


class Staleness(Section):
    """Stale answers, and what clients keep"""

    stale_if_error: Seconds = 0
    """Seconds after `swr` in which a stale answer is served if the origin fails: a status of 500 or
    more, no connection, a time-out (docs/staleness.md)."""

    client_max_age: Seconds = 0
    """Seconds for which clients may keep an answer to a GET and not ask again, at most what is left
    of its `maxAge`. Purges do not reach them."""

    client_bypass: Flag = False
    """Obey a client's `Cache-Control: no-cache`, which fetches the answer anew, and `no-store`,
    which passes. Any client can load the origin so."""
