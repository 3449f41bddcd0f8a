"""The demo's shop (``demo/magento.py``) on a thread of the test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from demo.magento import Shop, chunks
from demo.tagging import serving

__all__ = ["Shop", "chunks", "magento"]


@contextlib.contextmanager
def magento() -> Iterator[Shop]:
    """A running shop."""
    shop = Shop()
    with serving(shop.answer) as url:
        shop.url = f"{url}/graphql"
        yield shop
