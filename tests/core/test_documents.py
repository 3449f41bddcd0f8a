"""Which documents are remembered, and which are forgotten."""

from __future__ import annotations

import pytest

from controller.core import documents as documents_module
from controller.core.documents import KEPT_LENGTH, KEPT_TOTAL
from controller.core.verdict import Documents
from tests.core.verdicts import INDEX, Q, cacheable, post


def test_a_document_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Documents(INDEX, size=5)
    first = cacheable(post(Q, '{"id":1}', shop=shop))
    monkeypatch.setattr(documents_module, "parse_source", lambda _: pytest.fail("read again"))
    assert cacheable(post(Q, '{"id":2}', shop=shop)).operation is first.operation


def kept(shop: Documents, text: str, name: str | None = None) -> bool:
    """Whether a document is remembered; asking makes it so."""
    return shop.analyse(text, name) is shop.analyse(text, name)


def test_the_documents_used_longest_ago_are_forgotten() -> None:
    shop = Documents(INDEX, size=2)
    count, me = "{ count }", "{ me { id } }"
    first, second = shop.analyse(count, None), shop.analyse(me, None)
    assert shop.analyse(count, None) is first
    shop.analyse("{ c: count }", None)
    assert shop.analyse(count, None) is first
    assert shop.analyse(me, None) is not second


def test_an_operation_name_is_part_of_what_is_remembered() -> None:
    text = "query A { count } query B { me { id } }"
    shop = Documents(INDEX, size=5)
    found = {shop.analyse(text, name) for name in ("A", "B", None)}
    assert len(found) == 3


def test_long_documents_are_not_remembered() -> None:
    shop = Documents(INDEX, size=5)
    assert kept(shop, "{count}" + " " * (KEPT_LENGTH - 7))
    assert not kept(shop, "{count}" + " " * (KEPT_LENGTH - 6))
    assert not kept(shop, "{count}", "x" * KEPT_LENGTH)


def test_all_that_is_remembered_has_a_limit() -> None:
    shop = Documents(INDEX, size=10_000)
    texts = [f"{{count}}#{n:04}" + " " * (KEPT_LENGTH - 12) for n in range(30)]
    found = [shop.analyse(text, None) for text in texts]
    again = [shop.analyse(text, None) for text in reversed(texts)]
    remembered = sum(one is two for one, two in zip(found, reversed(again), strict=True))
    assert remembered == KEPT_TOTAL // KEPT_LENGTH
