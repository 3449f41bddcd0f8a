"""Verdicts that lack a scope leave Varnish, so that it asks for new ones (``schema: false``).

Anybody can send documents whose answers show a scope late, and each purge is an entry of the log:
so the same verdicts are purged at most once a second, and ``MOST`` in a second altogether. What is
not purged stays, and answers by it are not stored, until another one leads here again.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from controller.core.tags import Purge, Tag
from controller.errors import LogUnavailable
from controller.purge.purger import Purger

logger = logging.getLogger(__name__)

SECOND: Final = 1.0
MOST: Final = 20


class Forgetting:
    """What was purged in the last second."""

    def __init__(self, purger: Purger, clock: Callable[[], float] = time.monotonic) -> None:
        self._purger = purger
        self._clock = clock
        self._last: OrderedDict[tuple[Tag, ...], float] = OrderedDict()

    def may(self, tags: tuple[Tag, ...]) -> bool:
        """Whether to purge these now."""
        now = self._clock()
        while self._last and next(iter(self._last.values())) <= now - SECOND:
            self._last.popitem(last=False)
        if tags in self._last or len(self._last) >= MOST:
            return False
        self._last[tags] = now
        return True

    async def forget(self, purge: Purge) -> None:
        """Purge verdicts. Where that cannot be recorded they stay."""
        if not self.may(purge.tags):
            return
        try:
            await self._purger.purge(purge)
        except LogUnavailable as error:
            logger.warning("verdicts that lack a scope stay for now: %s", error)
