"""How many examples a property test tries: `make soak` asks for 10,000 of each."""

import os
from typing import Final

LEAST: Final = int(os.environ.get("EXAMPLES", "0"))


def examples(count: int) -> int:
    """`count` in a normal run, at least `EXAMPLES` where that is set."""
    return max(count, LEAST)
