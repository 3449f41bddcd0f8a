"""Mutations one after the other in front of Magento: the nodes' runs of purges are rare, and still
whoever edits reads his own edit.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.support.magento_origin import magento
from tests.support.stack import Stack, describe, running_stack

pytestmark = pytest.mark.varnish

PRODUCT = "{ products(ids: [%d]) { id name price } }"
RENAME = 'mutation { renameProduct(id: %d, name: "%s") { name } }'
EDITORS, EDITS = 4, 5
POPULAR = 99
"""A product that many read and nobody edits."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with magento() as shop:
        config = {"originUrl": shop.url, "profile": "magento"}
        with running_stack(config, directory=tmp_path_factory.mktemp("burst")) as running:
            yield running


def read(stack: Stack, number: int) -> httpx.Response:
    return stack.query(PRODUCT % number, method="GET")


def edit_and_read(stack: Stack, number: int) -> None:
    """A product is edited again and again; each edit is read as soon as it is answered."""
    for edit in range(EDITS):
        name = f"Edit {edit} of {number}"
        read(stack, number)
        answer = stack.query(RENAME % (number, name))
        assert name in answer.text, describe(answer)
        assert "shellac-purge" not in answer.headers, describe(answer)
        assert name in read(stack, number).text


def test_every_edit_of_a_burst_is_read_and_hits_go_on(stack: Stack) -> None:
    over = threading.Event()
    found: Counter[str] = Counter()

    def visit() -> None:
        while not over.is_set():
            found[read(stack, POPULAR).headers["x-magento-cache-debug"]] += 1

    with ThreadPoolExecutor(EDITORS + 1) as threads:
        visiting = threads.submit(visit)
        edited = [threads.submit(edit_and_read, stack, number) for number in range(1, EDITORS + 1)]
        try:
            for each in edited:
                each.result()
        finally:
            over.set()
        visiting.result()
    assert found["HIT"] > 3 * (found.total() - found["HIT"]), found
