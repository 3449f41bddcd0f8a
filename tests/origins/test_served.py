"""Several origins, time-outs and encodings through a real varnishd."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]
import httpx
import pytest

from tests.origins.server import DATA, Scripted, answer, half, scripted, silent, unconnectable
from tests.support.net import free_port, wait_for
from tests.support.stack import (
    Stack,
    assert_hit,
    assert_miss,
    assert_pass,
    describe,
    running_stack,
)

SDL = "type Query { n: Int  m: Int  t(id: ID): T } type Mutation { set: T } type T { id: ID! }"
CONFIG = {
    "schema": SDL,
    "rules": [{"types": {"Query": ["n"]}, "maxAge": 900}],
}
READ, PASSED, WRITE = "{n}", "{m}", "mutation{set{id}}"
BODY = json.dumps({"data": {"n": 1}, "extensions": {"long": "x" * 500}}).encode()


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Scripted]]:
    """A pair that waits a second for its origin, which on a busy machine is little."""
    times = {"firstByte": "1s", "betweenBytes": "1s"}
    folder = tmp_path_factory.mktemp("impatient")
    with (
        scripted() as origin,
        running_stack(
            {**CONFIG, "originUrl": origin.url, "originTimeouts": times}, directory=folder
        ) as stack,
    ):
        yield stack, origin


@pytest.mark.parametrize("document", [READ, WRITE])
@pytest.mark.parametrize("way", [silent, half])
def test_the_controller_names_the_silence_before_varnish_ends_it(
    impatient: tuple[Stack, Scripted], way: Any, document: str
) -> None:
    stack, origin = impatient
    origin.script = way
    response = stack.query(document)
    assert response.status_code == 504, describe(response)
    error = response.json()["errors"][0]
    assert error["extensions"]["code"] == "ORIGIN_TIMEOUT"
    assert "for 1 s" in error["message"]


@pytest.mark.parametrize(
    "body",
    [b"\x1f\x8b broken", gzip.compress(BODY)[:-8] + bytes(8), b"no gzip at all"],
    ids=["garbage", "wrong checksum", "plain"],
)
def test_a_body_that_is_no_gzip_is_named_and_not_kept(
    stack: Stack, origin: Scripted, body: bytes
) -> None:
    origin.script = lambda _, wire: answer(wire, body, headers="Content-Encoding: gzip\r\n")
    response = stack.query(READ)
    assert response.status_code == 502, describe(response)
    error = response.json()["errors"][0]
    assert error["extensions"]["code"] == "ORIGIN_UNREADABLE"
    assert "its Content-Encoding is gzip, and its body is not" in error["message"]
    origin.script = lambda _, wire: answer(wire)
    wait_for(lambda: stack.query(READ).status_code == 200, what="an answer again")
    assert_hit(stack.query(READ))


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(BODY)),
        ("deflate", zlib.compress(BODY)),
        ("br", brotli.compress(BODY)),
    ],
)
def test_what_is_stored_is_stored_as_gzip(
    stack: Stack, origin: Scripted, encoding: str, body: bytes
) -> None:
    origin.script = lambda _, wire: answer(wire, body, headers=f"Content-Encoding: {encoding}\r\n")
    first = assert_miss(stack.query(READ, headers={"accept-encoding": "br, gzip"}))
    assert origin.asked[-1].headers["accept-encoding"] == "gzip, deflate"
    again = assert_hit(stack.query(READ, headers={"accept-encoding": "br, gzip"}))
    plain = assert_hit(stack.query(READ, headers={"accept-encoding": "identity"}))
    assert first.content == again.content == plain.content == BODY
    assert again.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize(
    ("encoding", "accepted", "asked"),
    [("gzip", "br, gzip", "gzip"), ("br", "br", None), ("zstd", "zstd", None)],
)
def test_what_passes_comes_in_the_origins_encoding(
    stack: Stack, origin: Scripted, encoding: str, accepted: str, asked: str | None
) -> None:
    """Varnish asks for gzip or nothing. Whatever comes is not touched."""
    sent = gzip.compress(BODY) if encoding == "gzip" else b"\x28\xb5 it is " + encoding.encode()
    origin.script = lambda _, wire: answer(wire, sent, headers=f"Content-Encoding: {encoding}\r\n")
    with (
        httpx.Client(headers={"accept-encoding": accepted}, timeout=60) as client,
        client.stream("POST", stack.url, json={"query": PASSED}) as found,
    ):
        assert found.headers["content-encoding"] == encoding
        assert b"".join(found.iter_raw()) == sent
    assert origin.asked[-1].headers.get("accept-encoding") == asked


def test_an_origin_that_ends_is_left_and_found_again(tmp_path: Path) -> None:
    with ExitStack() as first_run, scripted() as second:
        first = first_run.enter_context(scripted(free_port()))
        config = {
            **CONFIG,
            "originUrl": first.url,
            "origins": [{"url": second.url, "weight": 2}],
            "originProbe": {"interval": "100ms", "threshold": 1, "window": 1},
        }
        with running_stack(config, directory=tmp_path) as stack:
            for _ in range(6):
                assert_pass(stack.query(PASSED))
            assert (first.operations.count(PASSED), second.operations.count(PASSED)) == (2, 4)
            first_run.close()
            for _ in range(6):
                assert stack.query(PASSED).status_code == 200
                assert stack.query(WRITE).status_code == 200
            wait_for(lambda: healthy(stack) == [False, True], what="the probe to see it")
            assert stack.http.get(f"{stack.admin_url}/readyz").status_code == 200
            metrics = stack.http.get(f"{stack.admin_url}/metrics").text
            assert f'shellac_origin_healthy{{origin="{first.url}"}} 0.0' in metrics
            assert f'shellac_origin_healthy{{origin="{second.url}"}} 1.0' in metrics
            with scripted(first.port) as back:
                wait_for(lambda: healthy(stack) == [True, True], what="the probe to find it")
                for _ in range(3):
                    assert_pass(stack.query(PASSED))
                assert back.operations.count(PASSED) == 1


def healthy(stack: Stack) -> list[bool]:
    """What the admin API says of the origins."""
    asked = {"authorization": f"Bearer {stack.token}"}
    found = stack.http.get(f"{stack.admin_url}/origins", headers=asked)
    assert found.status_code == 200, describe(found)
    return [origin["healthy"] for origin in found.json()["origins"]]


def test_without_a_token_the_origins_are_not_shown(stack: Stack) -> None:
    assert stack.http.get(f"{stack.admin_url}/origins").status_code == 401


def test_a_connection_that_does_not_come_about_is_a_time_out(tmp_path: Path) -> None:
    with scripted() as origin, unconnectable() as full:
        origins = {"originUrl": full, "origins": [{"url": origin.url}]}
        config = {**CONFIG, **origins, "originTimeouts": {"connect": "1s"}}
        with running_stack(config, directory=tmp_path) as stack:
            wait_for(lambda: healthy(stack) == [False, True], what="the first to be left")
            assert_pass(stack.query(PASSED))


def test_a_name_that_stands_for_several_addresses(tmp_path: Path) -> None:
    """This machine's own: usually ::1 and 127.0.0.1, and only one of them listens."""
    with scripted() as origin:
        url = origin.url.replace("127.0.0.1", "localhost")
        assert socket.gethostbyname("localhost") == "127.0.0.1"
        with running_stack({**CONFIG, "originUrl": url}, directory=tmp_path) as stack:
            assert json.loads(assert_miss(stack.query(READ)).content) == json.loads(DATA)
