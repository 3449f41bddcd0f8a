"""What the tests of the walk through an answer share: what it has seen, and which entities."""

from __future__ import annotations

from controller.core.instrument import as_written, instrument
from controller.core.schema import SchemaIndex
from controller.core.walk import Seen, parse_answer, walk
from tests.core.world import INDEX, PREFIX, operation

EVERY_THING = {"Counter", "Ledger", "Money", "Post", "User"}


def seen(text: str, data: str, index: SchemaIndex = INDEX, instrumented: bool = True) -> Seen:
    """Walk ``data``, in which ``@`` stands for the alias prefix."""
    make = instrument if instrumented else as_written
    layout = make(index, operation(text), prefix=PREFIX).layout
    return walk(layout, parse_answer(data.replace("@", PREFIX).encode()))


def entities(found: Seen) -> set[tuple[str, ...]]:
    return {
        (name, ",".join(key), *values)
        for (name, key), each in found.entities.items()
        for values in each
    }
