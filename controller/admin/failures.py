"""How many wrong tokens an address may send: ``BURST`` at once, then one per ``EVERY_SECONDS``."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from typing import Final

BURST: Final = 10
EVERY_SECONDS: Final = 6.0
MAX_ADDRESSES: Final = 10_000
"""Over that many the one that failed longest ago is forgotten."""


class Failures:
    """Counts by address. One number each: until when its failures are not yet paid off.

    That is the generic cell rate algorithm (ITU-T I.371): each failure costs ``EVERY_SECONDS``, and
    as long as the debt leaves room for one more within ``BURST``, the next attempt is looked at.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def wait(self, host: str) -> float:
        """For how many seconds attempts from there are not looked at; 0: the next one is."""
        debt = self._until.get(_network(host), 0.0) - self._clock()
        return max(0.0, debt - (BURST - 1) * EVERY_SECONDS)

    def record(self, host: str) -> None:
        """A wrong token came from there."""
        network, now = _network(host), self._clock()
        # Taken out and put in again: the dict is in the order of the last failure.
        self._until[network] = max(self._until.pop(network, now), now) + EVERY_SECONDS
        if len(self._until) > MAX_ADDRESSES:
            del self._until[next(iter(self._until))]


def _network(host: str) -> str:
    """What counts as one address: of IPv6 a /64, for that is the least anybody has."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host  # a Unix socket has none
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(address), 64), strict=False))
    return str(address)
