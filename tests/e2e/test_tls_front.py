"""TLS and HTTP/2 in front of Varnish, by the files that stand in varnish/."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.demo.origin import Demo, running_demo
from tests.e2e.fronted import CLIENT, Answer, Front, running_haproxy, running_hitch
from tests.e2e.socketed import running_notes
from tests.support.net import free_port, wait_for
from tests.support.stack import Stack, running_stack

needs_haproxy = pytest.mark.skipif(
    shutil.which("haproxy") is None, reason="haproxy is not installed: `make test` does it"
)
needs_hitch = pytest.mark.skipif(
    shutil.which("hitch") is None, reason="hitch is not installed: `make test` does it"
)
POST = "{ post(id: 3) { title } }"
CONFIG = {
    "schemaPolling": {"enabled": False},
    "rules": [{"types": ["Query"], "maxAge": 900}],
    "maxRequestSize": "10mb",
}
SPOOFED = (
    *("-H", "X-Forwarded-For: 198.51.100.7", "-H", "X-Forwarded-Proto: gopher"),
    *("-H", "X-Forwarded-Host: evil.example", "-H", "X-Real-IP: 198.51.100.7"),
)


def config(origin: str) -> dict[str, Any]:
    varnish = {"proxyListen": f"127.0.0.1:{free_port()}"}
    return {**CONFIG, "originUrl": origin, "varnish": varnish}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Demo, Path]]:
    folder = tmp_path_factory.mktemp("front")
    with (
        running_demo(folder, "--control") as demo,
        running_stack(config(demo.url), directory=folder) as stack,
    ):
        yield stack, demo, folder


@pytest.fixture(scope="module")
def front(served: tuple[Stack, Demo, Path]) -> Iterator[Front]:
    stack, _, folder = served
    with running_haproxy(stack, folder) as front:
        yield front


@pytest.fixture
def demo(served: tuple[Stack, Demo, Path]) -> Demo:
    """Nothing cached, nothing counted."""
    stack, demo, _ = served
    stack.purge("mutation { _purgeAll }")
    demo.reset()
    return demo


def seen_by(demo: Demo) -> dict[str, str]:
    """The headers of the last request that the origin had."""
    (request,) = demo.requests(last=1)["requests"]
    return {name.lower(): value for name, value in request["headers"]}


def assert_comes_as(demo: Demo, answer: Answer, front: Front) -> None:
    """The origin of a pass learns who asks and how, whatever the client says."""
    assert answer.status == 200, answer
    seen = seen_by(demo)
    assert seen["x-forwarded-for"] == CLIENT
    assert seen["x-forwarded-proto"] == "https"
    assert seen["x-forwarded-host"] == f"localhost:{front.port}"
    assert "x-real-ip" not in seen


@needs_haproxy
def test_a_query_over_http_2_is_a_miss_and_then_a_hit(front: Front, demo: Demo) -> None:
    first, second = front.query(POST), front.query(POST)
    assert (first.version, first.status, first.cache) == ("2", 200, "MISS"), first
    assert (second.version, second.status, second.cache) == ("2", 200, "HIT"), second
    assert second.body == first.body
    assert "x-forwarded-for" not in seen_by(demo), "an address went out with a shared fetch"


@needs_haproxy
@pytest.mark.usefixtures("demo")
def test_a_mutation_over_http_2_purges(front: Front) -> None:
    front.query(POST)
    assert front.query(POST).cache == "HIT"
    assert front.query('mutation { updatePost(id: 3, title: "By h2") { title } }').status == 200
    after = front.query(POST)
    assert after.cache == "MISS"
    assert json.loads(after.body)["data"] == {"post": {"title": "By h2"}}


@needs_haproxy
def test_the_origin_learns_the_address_of_the_client_and_not_its_inventions(
    front: Front, demo: Demo
) -> None:
    mutation = 'mutation { updatePost(id: 3, title: "Mine") { title } }'
    assert_comes_as(demo, front.query(mutation, *SPOOFED), front)
    assert_comes_as(demo, front.query(mutation, "--http1.1", *SPOOFED), front)


@needs_haproxy
def test_plain_http_is_sent_to_tls_with_its_method(front: Front) -> None:
    url = f"http://localhost:{front.plain_port}/graphql?query=%7Ba%7D"
    answer = front.curl(url, "--resolve", f"localhost:{front.plain_port}:127.0.0.1", "-d", "a")
    assert answer.status == 308
    assert answer.headers["location"].startswith("https://localhost")


@needs_haproxy
@pytest.mark.usefixtures("demo")
def test_events_arrive_one_by_one_over_http_2(
    front: Front, served: tuple[Stack, Demo, Path]
) -> None:
    stack = served[0]
    body = json.dumps({"query": "subscription { postUpdated { title } }"})
    headers = ("-H", "Accept: text/event-stream", "-H", "Content-Type: application/json")
    command = [*front.command(front.url), "--http2", "-N", *headers, "-d", body]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as curl:
        try:
            assert curl.stdout is not None
            assert curl.stdout.readline().startswith(":")  # it is subscribed
            for title in ("First", "Second"):
                stack.query(f'mutation {{ updatePost(id: 8, title: "{title}") {{ id }} }}')
                data = next(line for line in curl.stdout if line.startswith("data:"))
                assert json.loads(data[5:])["data"] == {"postUpdated": {"title": title}}
            assert curl.poll() is None, "the stream has ended, so nothing shows that it streams"
        finally:
            curl.terminate()


@needs_haproxy
@pytest.mark.usefixtures("demo")
def test_a_large_request_goes_through(front: Front, tmp_path: Path) -> None:
    assert front.curl(front.url, *megabytes(8, tmp_path)).status == 200


@needs_haproxy
@pytest.mark.usefixtures("demo")
def test_of_a_request_that_is_too_large_haproxy_always_reads_the_answer(
    front: Front, tmp_path: Path
) -> None:
    """Whether curl, still sending when the stream is reset, reads it before that is chance: so
    haproxy is asked.
    """
    command = [*front.command(front.url), *megabytes(11, tmp_path)]
    for _ in range(8):
        before = len(front.process.output())
        subprocess.run(command, capture_output=True, check=False)

        def answered(since: int = before) -> list[str]:
            lines = front.process.output()[since:].splitlines()
            return [line for line in lines if " varnish/" in line]

        wait_for(lambda: answered() != [], what="haproxy to log the request")
        assert all(" 413 " in line for line in answered()), answered()


@needs_haproxy
@pytest.mark.usefixtures("demo")
def test_each_request_has_a_connection_and_varnish_is_not_told_that_it_ends(
    front: Front, served: tuple[Stack, Demo, Path]
) -> None:
    """Told so, it answers a request that it refuses without reading its body, and its reset can
    overtake the answer: of those with 200 kB haproxy lost up to a quarter.
    """
    workdir = served[0].state_dir / "varnish"

    def logged(tag: str) -> list[str]:
        command = ["varnishlog", "-d", "-n", str(workdir), "-g", "raw", "-i", tag]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return text.splitlines()

    def connections() -> int:
        return sum(" proxy " in line for line in logged("SessOpen"))

    before = connections()
    assert front.query(POST, front.url, front.url).status == 200
    wait_for(lambda: connections() >= before + 3, what="a connection for each of three requests")
    headers = [line.lower() for line in logged("ReqHeader")]
    assert any("x-forwarded-for: " in line for line in headers), "no headers were seen"
    assert not any(" connection: close" in line for line in headers)


def megabytes(size: int, folder: Path) -> list[str]:
    """curl's options for a valid request of about so many."""
    file = folder / "body"
    filler = "a" * (size * 1024 * 1024)
    file.write_text(json.dumps({"query": POST, "variables": {"unused": filler}}))
    return ["-H", "Content-Type: application/json", "--data-binary", f"@{file}"]


@needs_haproxy
@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 4\r\nContent-Length: 30\r\n",
        b"Content-Length: 4, 30\r\n",
        b"Content-Length: +4\r\n",
        b"Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n",
        b"Content-Length : 4\r\n",
    ],
)
def test_a_body_that_is_read_in_two_ways_does_not_come_through(
    front: Front, demo: Demo, head: bytes
) -> None:
    smuggled = b"aaaaGET /graphql?query=%7Ba%7D HTTP/1.1\r\nHost: localhost\r\n\r\n"
    got = front.raw(b"POST /graphql HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n" + smuggled)
    assert got.startswith(b"HTTP/1.1 400 ")
    assert got.count(b"HTTP/1.1 ") == 1
    assert demo.requests(last=0)["count"] == 0


@needs_haproxy
def test_a_node_whose_health_is_not_green_gets_no_requests(
    served: tuple[Stack, Demo, Path], tmp_path: Path
) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    with running_haproxy(served[0], tmp_path, health=nowhere, until=503) as front:
        # Without a body: curl may miss an answer that comes while it still sends.
        assert front.curl(f"{front.url}?query=%7Ba%7D").status == 503


@needs_haproxy
@pytest.mark.usefixtures("demo")
def test_without_a_place_to_ask_its_health_does_not_count(
    served: tuple[Stack, Demo, Path], tmp_path: Path
) -> None:
    with running_haproxy(served[0], tmp_path, health="") as front:
        assert front.query(POST).cache == "MISS"


@needs_haproxy
def test_a_websocket_comes_through_tls(tmp_path: Path) -> None:
    with (
        running_notes() as notes,
        running_stack(config(notes.url), directory=tmp_path) as stack,
        running_haproxy(stack, tmp_path) as front,
        connect(
            f"wss://localhost:{front.port}/graphql",
            ssl=front.context(),
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
            additional_headers={"X-Forwarded-For": "198.51.100.7"},
        ) as client,
    ):
        client.send(json.dumps({"type": "connection_init"}))
        assert json.loads(client.recv(timeout=60))["type"] == "connection_ack"
        mutation = {"query": 'mutation { write(id: "1", text: "by wss") { text } }'}
        client.send(json.dumps({"type": "subscribe", "id": "1", "payload": mutation}))
        answer = json.loads(client.recv(timeout=60))
        assert answer["payload"]["data"] == {"write": {"text": "by wss"}}
        assert notes.headers[-1]["x-forwarded-for"] == "127.0.0.1"
        assert notes.headers[-1]["x-forwarded-proto"] == "https"


@needs_hitch
def test_hitch_ends_tls_and_tells_who_asks(
    served: tuple[Stack, Demo, Path], demo: Demo, tmp_path: Path
) -> None:
    with running_hitch(served[0], tmp_path) as front:
        first, second = front.query(POST), front.query(POST)
        assert (first.version, first.cache) == ("1.1", "MISS"), first
        assert (second.version, second.cache) == ("1.1", "HIT"), second
        mutation = 'mutation { updatePost(id: 3, title: "By hitch") { title } }'
        assert_comes_as(demo, front.query(mutation, *SPOOFED), front)
        assert front.query(POST).cache == "MISS"
