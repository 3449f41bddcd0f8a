"""What other tests rely on to watch and delay the origin."""

import time
from pathlib import Path

import pytest

from tests.demo.origin import Demo, running_demo


@pytest.fixture(autouse=True)
def _fresh(demo: Demo) -> None:
    demo.reset()


def test_requests_are_shown_as_they_came(demo: Demo) -> None:
    demo.query("{ tags { id } }")
    demo.query("{ tags { name } }", method="GET")
    demo.http.put(demo.url, headers=[("X-Twice", "1"), ("X-Twice", "2")])
    seen = demo.requests()
    assert seen["count"] == 3
    first, second, third = seen["requests"]
    assert (first["method"], first["url"]) == ("POST", "/graphql")
    assert first["body"] == '{"query":"{ tags { id } }"}'
    assert ["content-type", "application/json"] in first["headers"]
    assert (second["method"], second["url"]) == (
        "GET",
        "/graphql?query=%7B+tags+%7B+name+%7D+%7D",
    )
    assert third["method"] == "PUT"
    assert [pair for pair in third["headers"] if pair[0] == "x-twice"] == [
        ["x-twice", "1"],
        ["x-twice", "2"],
    ]
    assert demo.requests(last=1)["requests"] == [third]


def test_reset_forgets_requests_and_keeps_data(demo: Demo) -> None:
    demo.data('mutation { updatePost(id: 20, title: "Kept") { id } }')
    demo.reset()
    assert demo.requests() == {"count": 0, "held": 0, "latency": 0.0, "requests": []}
    assert demo.data("{ post(id: 20) { title } }") == {"post": {"title": "Kept"}}


def test_a_held_answer_is_from_before_the_mutation_that_passes_it(demo: Demo) -> None:
    title = "{ post(id: 21) { title } }"
    old = demo.data(title)
    demo.hold()
    held = demo.start(title)
    demo.wait_until_held()

    demo.data('mutation { updatePost(id: 21, title: "Newer") { id } }')
    assert not held.done()
    demo.release()
    assert held.result(timeout=60).json()["data"] == old
    assert demo.data(title) == {"post": {"title": "Newer"}}


def test_several_are_held_and_released_together(demo: Demo) -> None:
    demo.hold(2)
    held = [demo.start("{ tags { id } }") for _ in range(2)]
    demo.wait_until_held(2)
    demo.data("{ tags { id } }")
    assert not any(request.done() for request in held)
    demo.reset()
    assert [request.result(timeout=60).status_code for request in held] == [200, 200]
    assert demo.requests()["held"] == 0


def test_latency_delays_every_answer_until_reset(demo: Demo) -> None:
    demo.latency("150ms")
    start = time.monotonic()
    demo.data("{ tags { id } }")
    assert time.monotonic() - start >= 0.15
    demo.reset()
    assert demo.requests()["latency"] == 0.0


@pytest.mark.parametrize("path", ["latency?value=fast", "latency", "hold?requests=-1"])
def test_a_control_that_makes_no_sense_is_refused(demo: Demo, path: str) -> None:
    response = demo.http.post(demo.url.replace("/graphql", f"/_demo/{path}"))
    assert response.status_code == 400


def test_without_the_option_there_is_no_control(tmp_path: Path) -> None:
    with running_demo(tmp_path, "--latency", "60ms") as demo:
        start = time.monotonic()
        demo.data("{ tags { id } }")
        assert time.monotonic() - start >= 0.06
        assert demo.http.get(demo.url.replace("/graphql", "/_demo/requests")).status_code == 404
        reset = demo.http.post(demo.url.replace("/graphql", "/_demo/reset"))
        assert reset.status_code == 404
        assert demo.process.output() == ""
