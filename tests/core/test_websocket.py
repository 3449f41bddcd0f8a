"""What messages of GraphQL over WebSocket start and answer, by both subprotocols."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.websocket import (
    SUBPROTOCOLS,
    Answered,
    Ended,
    Started,
    read_client_message,
    read_origin_message,
)

TRANSPORT, LEGACY = SUBPROTOCOLS["graphql-transport-ws"], SUBPROTOCOLS["graphql-ws"]


def test_an_operation_is_started_with_its_payload_byte_for_byte() -> None:
    text = (
        '{ "payload" : {"query": "{a}", "variables": {"n": 1.0e3}} , "id":"7","type":"subscribe"}'
    )
    body = b'{"query": "{a}", "variables": {"n": 1.0e3}}'
    assert read_client_message(TRANSPORT, text) == Started("7", body)
    assert read_client_message(LEGACY, text.replace("subscribe", "start")) == Started("7", body)


def test_a_member_named_payload_deeper_down_is_not_it() -> None:
    text = '{"id":"1","type":"start","payload":{"payload":{"query":"{b}"},"query":"{a}"}}'
    found = read_client_message(LEGACY, text)
    assert found == Started("1", b'{"payload":{"query":"{b}"},"query":"{a}"}')


@pytest.mark.parametrize("kind", ["connection_init", "ping", "pong", "complete"])
def test_other_messages_of_the_subprotocol_start_nothing(kind: str) -> None:
    assert read_client_message(TRANSPORT, f'{{"type":"{kind}","id":"1"}}') is None


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"start","id":"1","payload":{}}',
        '{"type":"Subscribe","id":"1","payload":{}}',
        '{"type":["subscribe"],"id":"1","payload":{}}',
        '{"id":"1","payload":{"query":"mutation{a}"}}',
        '{"type":"pong","type":"subscribe","id":"1","payload":{}}',
        '{"type":"subscribe","id":"1","payload":{},"payload":{}}',
        '{"type":"subscribe","id":5,"payload":{}}',
        '{"type":"subscribe","payload":{}}',
        '{"type":"subscribe","id":"1"}',
        '{"type":"subscribe","id":"1","payload":"mutation{a}"}',
        '[{"type":"subscribe"}]',
        '"ping"',
        "",
        "{" * 100_000,
    ],
)
def test_nothing_else_is_a_message(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_client_message(TRANSPORT, text)


def test_answers_errors_and_ends_are_told_apart() -> None:
    answer = '{"id":"1","type":"%s","payload":{"data": {"a":1}}}'
    assert read_origin_message(TRANSPORT, answer % "next") == Answered(
        "1", b'{"data": {"a":1}}', ends=False
    )
    assert read_origin_message(LEGACY, answer % "data") == Answered(
        "1", b'{"data": {"a":1}}', ends=False
    )
    for protocol in (TRANSPORT, LEGACY):
        assert read_origin_message(protocol, '{"id":"1","type":"complete"}') == Ended("1")


def test_an_error_ends_an_operation_as_a_request_error_does() -> None:
    errors = b'{"errors":[{"message":"no"}]}'
    listed = '{"id":"1","type":"error","payload":[{"message":"no"}]}'
    assert read_origin_message(TRANSPORT, listed) == Answered("1", errors, ends=True)
    single = '{"id":"1","type":"error","payload":{"message":"no"}}'
    assert read_origin_message(LEGACY, single) == Answered("1", errors, ends=True)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"type":"ka"}', '{"type":"next","id":"1"}', '{"type":"ping","payload":1}']
)
def test_what_is_neither_is_nothing(text: str) -> None:
    assert read_origin_message(TRANSPORT, text) is None


@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    assert read_origin_message(TRANSPORT, text) is None
    with pytest.raises(ValueError, match=r"."):
        read_client_message(TRANSPORT, text)
