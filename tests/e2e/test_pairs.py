"""Two pairs joined by a Redis: what is acknowledged at one holds at the other."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.demo.origin import running_demo
from tests.e2e.apart import Apart, running_before
from tests.purge.redis import Redis, running_redis
from tests.support.net import wait_for
from tests.support.process import Process
from tests.support.stack import TOKEN, assert_hit, assert_miss, assert_pass, describe, send

POST = "{ post(id: 1) { title } }"
TAGS = "{ tags { name } }"


def edit(title: str) -> str:
    return f'mutation {{ updatePost(id: 1, title: "{title}") {{ title }} }}'


@dataclass
class Pairs:
    """Two pairs with their controllers."""

    here: Apart
    there: Apart
    controllers: tuple[Process, Process]
    redis: Redis


@contextmanager
def running_pairs(folder: Path, *, wait: str) -> Iterator[Pairs]:
    with ExitStack() as stack:
        redis = stack.enter_context(running_redis())
        purge = {"log": redis.url, "wait": wait, "lease": "6s", "waitTimeout": "30s"}
        demo = stack.enter_context(running_demo(folder, "--control"))
        pairs = []
        for name in ("here", "there"):
            own = folder / name
            own.mkdir()
            pairs.append(stack.enter_context(running_before(demo, own, {"purge": purge})))
        controllers = [stack.enter_context(pair.controller()) for pair in pairs]
        for pair in pairs:
            wait_for(lambda pair=pair: pair.health() == 200, what="the pair to be healthy")
        yield Pairs(pairs[0], pairs[1], (controllers[0], controllers[1]), redis)


@pytest.fixture
def pairs(tmp_path: Path) -> Iterator[Pairs]:
    with running_pairs(tmp_path, wait="all") as pairs:
        yield pairs


def title(answer: httpx.Response) -> str:
    found: str = answer.json()["data"]["post"]["title"]
    return found


def acknowledged(answer: httpx.Response) -> bool:
    assert answer.status_code == 200, describe(answer)
    return "shellac-purge" not in answer.headers


@contextmanager
def stopped(*pids: int) -> Iterator[Callable[[], None]]:
    """Processes that do nothing until the body calls what it gets, or ends."""

    def go_on() -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield go_on
    finally:
        go_on()


def child(pair: Apart) -> int:
    pid = pair.varnish.pid
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def test_a_mutation_here_is_seen_there_when_it_is_answered(pairs: Pairs) -> None:
    for number in range(5):
        assert_miss(pairs.there.query(POST))
        assert_hit(pairs.there.query(POST))
        assert acknowledged(pairs.here.query(edit(f"edit {number}")))
        assert title(assert_miss(pairs.there.query(POST))) == f"edit {number}"
        assert_miss(pairs.here.query(POST))
        pairs.there.query(edit("and back"))
        assert title(assert_miss(pairs.here.query(POST))) == "and back"


def test_a_purge_by_the_api_names_every_node(pairs: Pairs) -> None:
    for pair in (pairs.here, pairs.there):
        pair.query(POST)
    answer = send(
        pairs.here.http,
        f"{pairs.here.admin_url}/demo",
        "mutation { purgePost(id: 1) }",
        headers={"stellate-token": TOKEN},
    )
    nodes = answer.json()["extensions"]["shellac"]["nodes"]
    assert {(node["address"], node["result"]) for node in nodes} == {
        (pairs.here.node_url, "applied"),
        (pairs.there.node_url, "applied"),
    }
    for pair in (pairs.here, pairs.there):
        assert_miss(pair.query(POST))
    listed = pairs.here.http.get(
        f"{pairs.here.admin_url}/nodes", headers={"stellate-token": TOKEN}
    ).json()
    assert {peer["address"] for peer in listed["peers"]} == {
        pairs.here.node_url,
        pairs.there.node_url,
    }


def test_a_stopped_node_is_waited_for_until_its_lease_ends_and_returns_without_old_answers(
    pairs: Pairs,
) -> None:
    assert_miss(pairs.there.query(POST))
    with stopped(child(pairs.there)) as go_on:
        assert acknowledged(pairs.here.query(edit("while it was away")))
        go_on()
        # The first answer that it gives, healthy or not.
        assert title(pairs.there.query(POST)) == "while it was away"
        wait_for(lambda: pairs.there.health() == 200, what="green again")
        assert title(pairs.there.query(POST)) == "while it was away"


def test_what_a_node_missed_is_applied_before_its_health_is_green(tmp_path: Path) -> None:
    """Also where nobody waited for it: the balancer asks only who is green."""
    with running_pairs(tmp_path, wait="local") as pairs:
        assert_miss(pairs.there.query(POST))
        assert_miss(pairs.there.query(TAGS))
        with stopped(pairs.controllers[1].pid):
            wait_for(lambda: pairs.there.health() == 503, what="its lease to end")
            assert acknowledged(pairs.here.query(edit("while it was away")))
            assert_hit(pairs.there.query(POST))
        wait_for(lambda: pairs.there.health() == 200, what="green again")
        assert title(assert_miss(pairs.there.query(POST))) == "while it was away"
        assert_hit(pairs.there.query(TAGS))


def test_without_its_controller_a_node_serves_no_hits_when_the_lease_has_ended(
    pairs: Pairs,
) -> None:
    assert_miss(pairs.there.query(POST))
    assert_hit(pairs.there.query(POST))
    pairs.controllers[1].popen.kill()
    pairs.controllers[1].popen.wait()
    assert acknowledged(pairs.here.query(edit("nobody is there")))
    answer = pairs.there.query(POST)
    assert answer.status_code == 503, describe(answer)
    assert "no-lease" in answer.headers["cache-status"] or "503" in answer.text
    with pairs.there.controller():
        wait_for(lambda: pairs.there.health() == 200, what="green again")
        assert title(pairs.there.query(POST)) == "nobody is there"


def test_a_node_without_a_lease_passes_what_it_could_have_served(pairs: Pairs) -> None:
    """The controller answers, but cannot renew: Redis is away."""
    assert_miss(pairs.there.query(POST))
    with stopped(pairs.redis.process.pid if pairs.redis.process else 0):
        wait_for(lambda: pairs.there.health() == 503, what="its lease to end")
        answer = assert_pass(pairs.there.query(POST))
        assert "detail=no-lease" in answer.headers["cache-status"]
        assert pairs.there.query(edit("not recorded")).status_code == 503
    wait_for(lambda: pairs.there.health() == 200, what="green again")
    assert_hit(pairs.there.query(POST))


def test_a_controller_that_is_stopped_gives_its_lease_up(pairs: Pairs) -> None:
    assert_miss(pairs.there.query(POST))
    pairs.controllers[1].popen.terminate()
    assert pairs.controllers[1].popen.wait(timeout=60) == 0
    assert pairs.there.health() == 503
    listed = pairs.here.http.get(
        f"{pairs.here.admin_url}/nodes", headers={"stellate-token": TOKEN}
    ).json()
    assert [peer["address"] for peer in listed["peers"]] == [pairs.here.node_url]


def test_a_redis_that_was_killed_empties_the_nodes_and_all_goes_on(pairs: Pairs) -> None:
    for pair in (pairs.here, pairs.there):
        assert_miss(pair.query(POST))
    pairs.redis.kill()
    assert pairs.here.query(edit("not recorded")).status_code == 503
    with pairs.redis.up():
        for pair in (pairs.here, pairs.there):
            wait_for(lambda pair=pair: pair.health() == 200, what="green again")
            wait_for(
                lambda pair=pair: pair.query(POST).headers["gcdn-cache"] == "MISS", what="emptied"
            )
        assert acknowledged(pairs.here.query(edit("and on")))
        assert title(assert_miss(pairs.there.query(POST))) == "and on"
