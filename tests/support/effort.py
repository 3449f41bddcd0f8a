"""How many examples a property test tries: `make soak` asks for more."""

import os

EFFORT = int(os.environ.get("EFFORT", "1"))


def examples(count: int) -> int:
    """`count` in a normal run, `EFFORT` times as many in a soak."""
    return count * EFFORT
