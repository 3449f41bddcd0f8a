"""``shellac reload``: another config in a running pair, while clients are served."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.demo.origin import running_demo
from tests.e2e.reloading import SHOP, Pair, running_pair
from tests.support.net import wait_for
from tests.support.stack import assert_hit, assert_miss, assert_pass, describe, send

POST = "query One($id: ID!) { post(id: $id) { id title } }"
READERS = 4
PAUSE_SECONDS = 0.005
"""Between two requests of a reader, so that the reloads get their share of the machine."""
RELOADS = 10


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with running_pair(tmp_path) as pair:
        yield pair


@dataclass
class Load:
    """What clients saw: each answer that was no 200 or had errors, and how many there were."""

    failures: list[str] = field(default_factory=list)
    answers: int = 0
    misses: int = 0


@contextmanager
def load(ask: Callable[[httpx.Client], httpx.Response]) -> Iterator[Load]:
    """Clients that ask again and again, each on a connection of its own."""
    seen = Load()
    stop = threading.Event()

    def read() -> None:
        with httpx.Client(timeout=60) as http:
            while not stop.wait(PAUSE_SECONDS):
                try:
                    answer = ask(http)
                except httpx.HTTPError as error:
                    seen.failures.append(repr(error))
                    continue
                seen.answers += 1
                seen.misses += answer.headers.get("gcdn-cache") != "HIT"
                if answer.status_code != 200 or "errors" in answer.json():
                    seen.failures.append(describe(answer))

    threads = [threading.Thread(target=read) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_ten_reloads_under_load_fail_no_request_and_lose_no_hit(pair: Pair) -> None:
    assert_miss(pair.stack.query(POST, {"id": "1"}))
    with load(lambda http: send(http, pair.stack.url, POST, {"id": "1"})) as seen:
        for number in range(RELOADS):
            # What mutations purge changes no object that is there.
            pair.reloaded(mutationPolicy=["List", "Entity"][number % 2])
    assert seen.failures == []
    assert seen.answers > 100
    assert seen.misses == 0
    # One that is discarded is listed until nothing uses it any more.
    wait_for(lambda: len(pair.loaded()) == 2, what="the one that serves and the one before it")
    # A purge by key still finds what was stored before all of them.
    assert_hit(pair.stack.query(POST, {"id": "1"}))
    pair.stack.purge('mutation { purgePost(id: "1") }')
    assert_miss(pair.stack.query(POST, {"id": "1"}))


STORES = ("default", "fr")


def test_no_answer_is_stored_under_the_rules_of_another_config(pair: Pair) -> None:
    """The shop's name depends on Store: passed, keyed and constant, and each time the right one."""
    names = {}
    for store in STORES:
        answer = pair.stack.query(SHOP, headers={"Store": store}, direct=True)
        names[store] = answer.json()["data"]["shop"]["name"]
    assert len(set(names.values())) == len(STORES)
    turns = iter(range(1_000_000))
    wrong = []

    def ask(http: httpx.Client) -> httpx.Response:
        store = STORES[next(turns) % len(STORES)]
        # One in eight is a new document, so that there are always verdicts and answers to fetch.
        document = f"{{ shop {{ name a{next(turns) // 8}: name }} }}"
        answer = send(http, pair.stack.url, document, method="GET", headers={"Store": store})
        if answer.json()["data"]["shop"]["name"] != names[store]:
            wrong.append(describe(answer))
        return answer

    with load(ask) as seen:
        for _ in range(2):
            pair.reloaded(varyHeaders=["Store"])
            pair.reloaded(varyHeaders=None)
    assert seen.failures == []
    assert wrong == []
    assert_pass(pair.stack.query(SHOP, headers={"Store": "fr"}))
    pair.reloaded(varyHeaders=["Store"])
    assert_miss(pair.stack.query(SHOP, headers={"Store": "fr"}))
    assert_hit(pair.stack.query(SHOP, headers={"Store": "fr"}))


BY_TITLE = {"types": {"Post": ["title"]}}
RENAME = 'mutation { updatePost(id: 1, title: "TITLE") { id } }'


def test_what_was_stored_by_rules_that_come_back_has_missed_no_purge(pair: Pair) -> None:
    """Tagged by title alone: a mutation under other rules, which purges by id, cannot find it."""
    pair.reloaded(keyFields=BY_TITLE)
    title = "{ post(id: 1) { title } }"
    assert_miss(pair.stack.query(title))
    assert_hit(pair.stack.query(title))
    pair.reloaded(keyFields=None)
    pair.stack.query(RENAME.replace("TITLE", "another"))
    pair.reloaded(keyFields=BY_TITLE)
    assert assert_miss(pair.stack.query(title)).json()["data"]["post"]["title"] == "another"


def test_a_mutation_that_outlives_its_config_purges_everything(pair: Pair) -> None:
    title = "{ post(id: 1) { title } }"
    pair.demo.hold()
    answer = pair.demo.threads.submit(pair.stack.query, RENAME.replace("TITLE", "held"))
    pair.demo.wait_until_held()
    pair.reloaded(keyFields=BY_TITLE)
    assert_miss(pair.stack.query(title))
    assert_hit(pair.stack.query(title))
    pair.demo.release()
    assert answer.result().status_code == 200, describe(answer.result())
    assert_miss(pair.stack.query(title))


def test_what_is_served_follows_the_config(pair: Pair) -> None:
    """Origin, path, rules and the Purging API are those of the new config at once."""
    folder = pair.file.parent / "second"
    folder.mkdir()
    with running_demo(folder, "--control") as second:
        pair.reloaded(originUrl=second.url, path="/api", keyFields=BY_TITLE)
        moved = pair.stack.url.replace("/graphql", "/api")
        count = second.requests(last=0)["count"]
        assert_miss(send(pair.stack.http, moved, SHOP))
        assert second.requests(last=0)["count"] == count + 1
        assert pair.stack.query(SHOP).status_code == 404
        pair.stack.purge('mutation { purgePost(title: "x") }')


def test_the_origin_need_not_be_there(pair: Pair) -> None:
    """The schema in use is that of the new config as well, if it comes from the same server."""
    assert_miss(pair.stack.query(SHOP))
    pair.demo.process.popen.terminate()
    pair.demo.process.popen.wait()
    pair.reloaded(mutationPolicy="List")
    assert_hit(pair.stack.query(SHOP))
    pair.write(originUrl="http://127.0.0.1:9/graphql")
    done = pair.reload()
    assert done.returncode == 4
    assert "127.0.0.1:9/graphql cannot be reached" in done.stderr
    assert_hit(pair.stack.query(SHOP))
