"""``python -m tests.soak.broken PART serve …``: the controller without one of its parts.

The checker is worth something only if it finds what the part is for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from unittest.mock import patch

from controller.cli.main import main as shellac
from controller.purge import node
from controller.purge.chase import Doubt
from controller.purge.connection import NodeConnection, NodeWord
from controller.purge.freshness import Freshness
from controller.purge.node import NodeWorker


def without_fence() -> Any:
    """An answer that a purge has overtaken is stored all the same."""
    admit = Freshness.admit

    def store(self: Freshness, *arguments: Any, **more: Any) -> str:
        return admit(self, *arguments, **more) or "overtaken"

    return patch.object(Freshness, "admit", store)


def without_chase() -> Any:
    """A purge does not wait until recent answers are indexed."""

    async def chase(*_: object) -> list[Doubt]:
        return []

    return patch.object(node, "chase", chase)


def without_replay() -> Any:
    """A node that is met again is taken to have everything."""
    meet = NodeWorker._meet

    async def skip(self: NodeWorker, connection: NodeConnection, word: NodeWord) -> None:
        if word.seq is not None:
            log = await self._log.position()
            word = replace(word, log=log.id, seq=log.head)
        await meet(self, connection, word)

    return patch.object(NodeWorker, "_meet", skip)


BREAKS: Final[Mapping[str, Callable[[], Any]]] = {
    "fence": without_fence,
    "chase": without_chase,
    "replay": without_replay,
}


def main() -> None:
    part = sys.argv.pop(1)
    with BREAKS[part]():
        shellac()


if __name__ == "__main__":
    main()
