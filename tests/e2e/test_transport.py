"""Streams, encodings, methods and TLS: what passes through unchanged."""

import json
import sys
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import CONFIG, Pair
from tests.support.certificates import certificate
from tests.support.net import free_port
from tests.support.process import running
from tests.support.stack import (
    assert_hit,
    assert_miss,
    assert_pass,
    assert_same_body,
    describe,
    running_stack,
)


def test_an_event_arrives_while_the_stream_is_open(pair: Pair) -> None:
    stack = pair.stack
    body = {"query": "subscription { postUpdated { title } }"}
    headers = {"accept": "text/event-stream"}
    with (
        httpx.Client(timeout=60) as client,
        client.stream("POST", stack.url, json=body, headers=headers) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-status"] == "shellac; fwd=bypass; detail=subscription"
        lines = stream.iter_lines()
        assert next(lines).startswith(":")
        stack.query('mutation { updatePost(id: 8, title: "Streamed") { id } }')
        data = next(line for line in lines if line.startswith("data:"))
        assert json.loads(data[5:])["data"] == {"postUpdated": {"title": "Streamed"}}


def test_head_answers_like_get_without_a_body(pair: Pair) -> None:
    stack = pair.stack
    query = "{ tags { name } }"
    got = assert_miss(stack.query(query, method="GET"))
    head = assert_hit(stack.query(query, method="HEAD"))
    assert head.content == b""
    assert head.headers["etag"] == got.headers["etag"]


def test_clients_without_gzip_get_the_same_bytes(pair: Pair) -> None:
    stack = pair.stack
    zipped = assert_miss(stack.query("{ posts { title body } }"))
    assert zipped.headers["content-encoding"] == "gzip"
    plain = assert_hit(stack.query("{ posts { title body } }", headers={"accept-encoding": ""}))
    assert "content-encoding" not in plain.headers
    assert plain.content == zipped.content


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "application/graphql-response+json",
        "application/graphql-response+json, application/json;q=0.9",
        "*/*",
        "application/*",
        "application/xml",
        "text/html",
        "application/json;q=0.1, application/graphql-response+json",
    ],
)
def test_the_media_type_is_the_one_the_origin_chooses(pair: Pair, accept: str) -> None:
    for document in ("{ tags { name } }", "{ nothing }"):
        headers = {"accept": accept}
        direct = pair.stack.query(document, headers=headers, direct=True)
        for _ in range(2):
            answer = pair.stack.query(document, headers=headers)
            assert_same_body(answer, direct)
            assert answer.headers.get("content-type") == direct.headers.get("content-type")


def test_an_upload_reaches_the_origin_as_it_was_sent(pair: Pair) -> None:
    request = {
        "data": {"operations": '{"query": "mutation { likePost(id: 1) { likes } }"}'},
        "files": {"0": ("a.bin", b"\x00\xff" * 1_000)},
        "headers": {"accept": "application/json"},
    }
    answer = assert_pass(pair.stack.http.post(pair.stack.url, **request))
    seen = pair.demo.requests(last=1)["requests"][0]
    assert dict(seen["headers"])["content-type"].startswith("multipart/form-data; boundary=")
    assert answer.status_code == 415, describe(answer)


def test_an_https_origin(tmp_path: Path) -> None:
    identity, trusted = certificate(tmp_path)
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "demo:create_app"]
    command += ["--port", str(port), "--ssl-certfile", str(identity)]
    config = {**CONFIG, "originUrl": f"https://localhost:{port}/graphql"}
    env = {"SSL_CERT_FILE": str(trusted)}
    with running(command, log=tmp_path / "demo.log") as process:
        process.wait_until_listening(port)
        with running_stack(config, directory=tmp_path, env=env) as stack:
            assert_miss(stack.query("{ tags { name } }"))
            assert_hit(stack.query("{ tags { name } }"))
