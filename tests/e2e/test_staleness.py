"""What a client gets of what is stale, and what it may keep: a real stack before an origin that
fails, is slow and comes back."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import httpx
import pytest

from tests.cli.explaining import explained
from tests.e2e.unsteady import SDL, Unsteady, running_unsteady
from tests.support.net import wait_for
from tests.support.stack import (
    Stack,
    assert_hit,
    assert_miss,
    assert_pass,
    describe,
    stack_before,
)

CLIENTS = 20
TOGETHER = CLIENTS // 4 + 1
CONFIG = {
    "schema": SDL,
    "schemaPolling": {"enabled": False},
    "staleIfError": 600,
    "clientBypass": True,
    "clientMaxAge": 60,
    "rules": [
        {"types": {"Query": ["post"]}, "maxAge": 900, "swr": 0, "scope": "PUBLIC"},
        {"types": {"Query": ["note"]}, "maxAge": 1, "swr": 0, "scope": "PUBLIC"},
    ],
}
ids = count(1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Unsteady]]:
    folder = tmp_path_factory.mktemp("staleness")
    with stack_before(running_unsteady(), CONFIG, folder) as served:
        yield served


@pytest.fixture(autouse=True)
def origin(served: tuple[Stack, Unsteady]) -> Unsteady:
    served[1].reset()
    return served[1]


@pytest.fixture
def stack(served: tuple[Stack, Unsteady]) -> Stack:
    return served[0]


@pytest.fixture
def post() -> str:
    """A query that no other test sends; it stays fresh."""
    return f"{{ post(id: {next(ids)}) {{ id text }} }}"


@pytest.fixture
def note() -> str:
    """The same, fresh for a second."""
    return f"{{ note(id: {next(ids)}) {{ id text }} }}"


def text(answer: httpx.Response) -> str:
    (found,) = answer.json()["data"].values()
    return str(found["text"])


def is_stale(answer: httpx.Response) -> bool:
    return re.fullmatch(
        r"shellac; hit; ttl=(0|-\d+); detail=stale-if-error", answer.headers["cache-status"]
    ) is not None  # fmt: skip


def past_swr(stack: Stack, query: str) -> httpx.Response:
    """The first answer to `query` that did not come fresh from the cache."""

    def asked() -> httpx.Response | None:
        answer = stack.query(query, method="GET")
        fresh = re.fullmatch(r"shellac; hit; ttl=\d+", answer.headers.get("cache-status", ""))
        return None if fresh else answer

    return wait_for(asked, what="the answer to be fresh no more")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 0])
def test_while_the_origin_fails_what_is_stale_is_served_and_then_fetched_anew(
    origin: Unsteady, stack: Stack, note: str, status: int
) -> None:
    stored = assert_miss(stack.query(note, method="GET"))
    origin.status, origin.text = status, "second"
    stale = past_swr(stack, note)
    assert is_stale(assert_hit(stale)), describe(stale)
    assert (stale.status_code, stale.content) == (200, stored.content), describe(stale)
    assert stale.headers["cache-control"] == "no-cache"
    assert int(stale.headers["age"]) >= 1
    origin.status = 200
    wait_for(
        lambda: text(stack.query(note, method="GET")) == "second", what="the origin to be asked"
    )


def test_what_was_purged_is_not_served_stale(origin: Unsteady, stack: Stack, post: str) -> None:
    assert_miss(stack.query(post))
    origin.status = 503
    stack.purge("mutation { purgePost(soft: true) }")
    softly = stack.query(post)
    assert is_stale(assert_hit(softly)), describe(softly)
    stack.purge("mutation { purgePost }")
    assert stack.query(post).status_code == 503


def test_graphql_errors_are_an_answer_and_no_failure(
    origin: Unsteady, stack: Stack, note: str
) -> None:
    assert_miss(stack.query(note))
    origin.errors = True
    answer = past_swr(stack, note)
    assert answer.json()["errors"][0]["message"] == "not now", describe(answer)
    assert answer.headers["cache-status"] == "shellac; fwd=stale; detail=errors"


def test_a_crowd_at_a_stale_answer_asks_a_dead_origin_a_few_times(
    origin: Unsteady, stack: Stack, post: str
) -> None:
    assert_miss(stack.query(post))
    stack.purge("mutation { purgePost(soft: true) }")
    origin.status = 503
    before = origin.requests
    answers, seconds = crowd(stack, post)
    print(f"{CLIENTS} clients, a dead origin: {seconds:.3f} s, {origin.requests - before} requests")
    assert all(is_stale(answer) for answer in answers)
    # The first is asked twice: as it was instrumented, and as it was written. So is who comes when
    # the origin was left alone for two seconds.
    assert origin.requests - before <= 4 + seconds


def crowd(stack: Stack, query: str) -> tuple[list[httpx.Response], float]:
    """What so many clients get at once, and the seconds until the last had its answer."""
    with ThreadPoolExecutor(CLIENTS) as threads:
        began = time.perf_counter()
        waiting = [threads.submit(stack.query, query) for _ in range(CLIENTS)]
        return [each.result() for each in waiting], time.perf_counter() - began


def test_a_crowd_at_a_slow_answer_that_is_stored_makes_one_request(
    origin: Unsteady, stack: Stack, post: str
) -> None:
    origin.seconds = 0.2
    answers, seconds = crowd(stack, post)
    print(f"{CLIENTS} clients, 0.2 s, stored: the last after {seconds:.3f} s")
    assert origin.requests == 1
    assert len({answer.content for answer in answers}) == 1


def test_a_crowd_at_a_slow_answer_that_is_not_stored_does_not_queue(
    origin: Unsteady, stack: Stack, post: str
) -> None:
    """They are with the origin side by side."""
    origin.together, origin.headers = TOGETHER, {"Set-Cookie": "seen=1"}
    answers, seconds = crowd(stack, post)
    print(f"{CLIENTS} clients, not stored: the last after {seconds:.3f} s")
    assert all("detail=set-cookie" in a.headers["cache-status"] for a in answers)
    assert origin.requests == CLIENTS
    assert origin.most >= TOGETHER, "at once; one after the other it would be 1"


@pytest.mark.parametrize("encoding", ["gzip", "br", ""])
def test_what_an_origin_compresses_is_one_object_for_all_clients(
    origin: Unsteady, stack: Stack, post: str, encoding: str
) -> None:
    origin.encoding = encoding
    first = assert_miss(stack.query(post, method="GET", headers={"accept-encoding": "gzip"}))
    assert first.headers["content-encoding"] == "gzip"
    plain = assert_hit(stack.query(post, method="GET", headers={"accept-encoding": "identity"}))
    assert "content-encoding" not in plain.headers
    assert first.content == plain.content
    assert text(plain) == "first"
    assert first.headers["etag"] == plain.headers["etag"], "weak: the same answer, other bytes"
    assert plain.headers["etag"].startswith('W/"')
    assert "accept-encoding" in plain.headers["vary"]
    assert origin.requests == 1


def test_a_client_that_has_the_body_gets_304_on_a_hit_and_after_a_miss(
    origin: Unsteady, stack: Stack, post: str
) -> None:
    etag = assert_miss(stack.query(post, method="GET")).headers["etag"]
    known = {"if-none-match": etag}
    on_hit = assert_hit(stack.query(post, method="GET", headers=known))
    assert (on_hit.status_code, on_hit.content) == (304, b""), describe(on_hit)
    assert on_hit.headers["etag"] == etag
    stack.purge("mutation { _purgeAll }")
    after_miss = assert_miss(stack.query(post, method="GET", headers=known))
    assert (after_miss.status_code, after_miss.content) == (304, b""), describe(after_miss)
    stack.purge("mutation { _purgeAll }")
    origin.text = "second"
    changed = assert_miss(stack.query(post, method="GET", headers=known))
    assert (changed.status_code, text(changed)) == (200, "second"), describe(changed)
    assert changed.headers["etag"] != etag


def test_head_and_get_share_an_answer_and_ranges_are_not_given(stack: Stack, post: str) -> None:
    head = assert_miss(stack.query(post, method="HEAD"))
    part = assert_hit(stack.query(post, method="GET", headers={"range": "bytes=0-3"}))
    assert (head.content, part.status_code) == (b"", 200), describe(part)
    assert part.json()["data"]["post"]["text"] == "first"
    assert head.headers["etag"] == part.headers["etag"]
    assert not {"accept-ranges", "content-range"} & part.headers.keys(), describe(part)


def test_clients_may_keep_a_get_for_client_max_age(stack: Stack, post: str, note: str) -> None:
    assert_miss(stack.query(post))
    kept = assert_hit(stack.query(post, method="GET"))
    most = int(re.fullmatch(r"public, max-age=(\d+)", kept.headers["cache-control"])[1])
    assert most - int(kept.headers["age"]) == 60, describe(kept)
    assert stack.query(post).headers["cache-control"] == "no-store"
    brief = assert_miss(stack.query(note, method="GET"))
    assert brief.headers["cache-control"] in ("public, max-age=0", "public, max-age=1")


def test_a_client_without_cache_gets_a_new_answer_as_explain_says(
    origin: Unsteady, stack: Stack, post: str
) -> None:
    assert_miss(stack.query(post))
    origin.text = "second"
    for line, found in (
        ("Cache-Control: max-age=0", ("dropped", "the origin does not get it")),
        ("Cache-Control: no-cache", ("dropped", "no-cache: the answer is fetched anew")),
        ("Pragma: no-cache", ("dropped", "no-cache: the answer is fetched anew")),
        ("Cache-Control: no-store", ("passes", "no-store, and clientBypass obeys")),
    ):
        origin.text = line
        name, _, value = line.partition(": ")
        answer = stack.query(post, headers={name: value})
        said = explained(stack.state_dir.parent, post, line)
        (header,) = [each for each in said["headers"] if each["name"] == name.lower()]
        assert (header["effect"], header["words"][: len(found[1])]) == found
        if said["outcome"] == "passed":
            assert said["reason"]["detail"] == "client-no-store"
            assert "detail=client-no-store" in assert_pass(answer).headers["cache-status"]
        elif "anew" in found[1]:
            assert "fwd=request; stored" in assert_miss(answer).headers["cache-status"]
            assert text(assert_hit(stack.query(post))) == line
        else:
            assert text(assert_hit(answer)) == "first"
