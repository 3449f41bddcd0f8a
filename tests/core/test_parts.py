"""Bodies that come in parts: cut where a part ends, whole again, and rewritten where needed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.parts import Parts, Piece, parts_of

MULTIPART = (
    b"preamble\r\n---\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n"
    b'{"data": 1}\r\n---\r\n\r\n{"a":\r\n "--- - ---"}\r\n---\r\n'
    b"Content-Type: x\r\n\r\n{}\r\n-----\r\n"
)
EVENTS = (
    b':\n\nevent: next\ndata: {"data":\ndata:  1}\n\nid: 1\r\ndata: {"a": 2}\r\n\r\n'
    b"event: complete\ndata:\n\n"
)


def cut(parts: Parts | None, body: bytes, size: int) -> tuple[list[Piece], bytes]:
    assert parts is not None
    pieces = [
        piece
        for start in range(0, len(body), size)
        for piece in parts.feed(body[start : start + size])
    ]
    return pieces, parts.rest()


@given(st.integers(1, 200))
def test_pieces_are_the_same_however_the_bytes_arrive(size: int) -> None:
    pieces, rest = cut(
        parts_of('multipart/mixed; boundary="-"; deferSpec=20220824'), MULTIPART, size
    )
    assert b"".join(piece.raw for piece in pieces) + rest == MULTIPART
    payloads = [piece.payload for piece in pieces if piece.payload]
    assert payloads == [b'{"data": 1}', b'{"a":\r\n "--- - ---"}', b"{}"]
    pieces, rest = cut(parts_of("Text/Event-Stream; charset=utf-8"), EVENTS, size)
    assert b"".join(piece.raw for piece in pieces) + rest == EVENTS
    payloads = [piece.payload for piece in pieces if piece.payload]
    assert payloads == [b'{"data":\n 1}', b'{"a": 2}']


def test_a_part_comes_out_with_the_bytes_that_end_it() -> None:
    parts = parts_of("multipart/mixed; boundary=-")
    assert parts is not None
    assert [piece.payload for piece in parts.feed(b"---\r\nA: b\r\n\r\n{}\r\n--")] == [None]
    (piece,) = parts.feed(b"-")
    assert piece.payload == b"{}"


def test_an_answer_of_another_type_is_one() -> None:
    assert parts_of("application/json") is None
    assert parts_of("multipart/form-data; boundary=x") is None
    assert parts_of(None) is None


def test_another_payload_leaves_all_else() -> None:
    pieces, _ = cut(Parts(b"-"), MULTIPART, 1000)
    assert pieces[1].with_payload(b'{"d":1}') == (
        b'\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"d":1}\r\n---'
    )
    pieces, _ = cut(Parts(None), EVENTS, 1000)
    assert pieces[1].with_payload(b'{"a":\n1}') == b'event: next\ndata: {"a":\ndata: 1}\n\n'
    assert pieces[2].with_payload(b'{"a": 2}') == pieces[2].raw


@pytest.mark.parametrize("boundary", ["a+b", "gc0p4Jq0M2Yt08jU534c0p"])
def test_a_boundary_is_no_pattern(boundary: str) -> None:
    body = f"--{boundary}\r\n\r\n{{}}\r\n--{boundary}--".encode()
    pieces, rest = cut(parts_of(f'multipart/mixed; boundary="{boundary}"'), body, 3)
    assert [piece.payload for piece in pieces] == [None, b"{}"]
    assert rest == b"--"
