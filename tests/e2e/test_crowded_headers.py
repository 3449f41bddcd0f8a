"""A request with as many headers as Varnish takes: what there is no room to note must fail."""

import httpx

from tests.e2e.conftest import Pair

VIEWER = {"query": "{ viewer { name } }"}
MOST = 128
"""``http_max_hdr`` of vclgen/start.py."""


def test_a_crowded_request_never_gets_the_answer_of_another_user(pair: Pair) -> None:
    outcomes = set()
    for count in range(90, MOST + 1):
        for name in ("alice", "bob", None):
            answer = ask(pair.stack.url, count, name)
            outcomes.add(answer.status_code)
            if answer.status_code == 200:
                viewer = answer.json()["data"]["viewer"]
                assert (viewer and viewer["name"].lower()) == name, f"{count} headers"
            else:
                assert answer.status_code in (400, 500, 503), f"{count} headers"
    assert {200, 400} < outcomes, "neither end of the range was met"


def ask(url: str, count: int, name: str | None) -> httpx.Response:
    """With ``count`` headers that nothing reads, after those that count."""
    with httpx.Client(timeout=60) as client:
        client.headers.clear()
        user = [("Authorization", f"Bearer {name}")] if name else []
        crowd = [(f"X-Crowd-{number}", "1") for number in range(count)]
        return client.get(url, params=VIEWER, headers=[*user, *crowd])
