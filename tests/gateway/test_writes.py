"""Writes that are not understood, and what bounds the memory that strangers can take."""

import pytest

from controller.brain import Bounded
from controller.core.documents import KEPT_LENGTH, KEPT_TOTAL
from controller.errors import BadHeader
from controller.gateway.headers import to_origin
from controller.gateway.mutations import decides_access
from controller.gateway.origin_answer import OriginAnswer
from controller.gateway.passes import _may_have_written


@pytest.mark.parametrize(
    ("status", "body", "written"),
    [
        (200, b'{"data": null}', True),
        (200, b'{"errors": [{"message": "syntax"}]}', False),
        (400, b'{"errors": [{"message": "syntax"}]}', False),
        (400, b'{"message": "bad request"}', False),
        (415, b"unsupported", False),
        (200, b'"ok"', True),
        (200, b"[]", True),
        (200, b"event: next", True),
        (504, b'{"message": "Endpoint request timed out"}', True),
        (502, b'{"errors": [{"message": "upstream"}]}', True),
        (200, b'[{"errors": []}, {"data": {}}]', True),
    ],
)
def test_whether_an_unread_write_may_have_happened(status: int, body: bytes, written: bool) -> None:
    assert _may_have_written(OriginAnswer(status, (), body)) is written


def test_long_documents_are_not_kept_and_all_of_them_stay_bounded() -> None:
    kept: Bounded[str, int] = Bounded(1_000_000, len)
    kept.put("x" * (KEPT_LENGTH + 1), 1)
    assert kept.peek("x" * (KEPT_LENGTH + 1)) is None
    half = KEPT_LENGTH // 2
    for number in range(3 * KEPT_TOTAL // half):
        kept.put(f"{number:0{half}}", number)
    assert sum(map(len, kept._items)) <= KEPT_TOTAL
    assert kept.peek(f"{number:0{half}}") == number


def test_header_bytes_go_out_as_they_came() -> None:
    assert to_origin([(b"store", "Café".encode())]) == [("store", "Café")]
    with pytest.raises(BadHeader):
        to_origin([(b"store", b"caf\xe9")])


def test_a_probe_holds_for_one_caller() -> None:
    assert decides_access("authorization")
    assert decides_access("x-hasura-role")
    assert not decides_access("user-agent")
