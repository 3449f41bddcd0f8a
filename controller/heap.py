"""Keeps what lives as long as a schema out of the garbage collector's way.

A full collection looks at every object there is while nothing else runs. Linear's schema is 300,000
of them and costs 90 ms each time, in which no request is answered and no purge acknowledged.
"""

from __future__ import annotations

import gc


def settle() -> None:
    """Collect all garbage, then never look at what is left again, until this is called again.

    For the moment after a schema has taken the place of another one, whose objects refer to each
    other and would never be freed if they stayed frozen.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
