"""In a process of its own: what is frozen here stays so for all other tests."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import gc, weakref
from graphql import build_schema
from controller.brain import Brain
from controller.core.policy import Policy
from controller.heap import settle

def brain():
    return Brain(Policy("shop", "digest"), build_schema("type Query { a: Query b: Int }"))

kept = brain()
settle()
seen = [gc.get_freeze_count() > 1_000, any(o is kept for o in gc.get_objects())]
gone = weakref.ref(kept.index.schema)
kept = brain()
seen.append(gone() is None)
settle()
print(*seen, gone() is None)
"""


def test_a_schema_is_frozen_while_it_is_in_use_and_freed_after_it() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True", "False", "False", "True"]
