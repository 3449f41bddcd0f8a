"""What the tests of mutations' purges share: the expected tags, and the purge of an answer."""

from __future__ import annotations

import json
from typing import Any

from controller.core.instrument_source import instrument_source
from controller.core.mutation import Answered, MutationPurge, purge_for_mutation
from controller.core.schema import SchemaIndex
from tests.core.world import INDEX, PREFIX, operation


def types(*names: str) -> set[str]:
    return {tag for name in names for tag in (f"type:{name}", f"null:{name}", f"list:{name}")}


def entity(name: str, value: str) -> set[str]:
    return {f"key:{name}:id:{value}", f"some:{name}", f"null:{name}"}


def purge(text: str, outcome: Any, index: SchemaIndex = INDEX) -> MutationPurge:
    """Of a mutation that went out instrumented; ``@`` stands for the alias prefix."""
    asked = operation(text)
    if isinstance(outcome, str):
        outcome = Answered(json.loads(outcome.replace("@", PREFIX)))
    layout = instrument_source(index, asked, prefix=PREFIX).layout
    return purge_for_mutation(index, asked, layout, outcome)
