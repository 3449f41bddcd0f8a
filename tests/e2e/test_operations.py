"""What docs/operations.md says of a pair in which something fails."""

import os
import resource
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.e2e.apart import Apart, running_apart
from tests.support.net import wait_for
from tests.support.process import Process
from tests.support.stack import (
    TOKEN,
    assert_hit,
    assert_miss,
    assert_pass,
    describe,
    send,
)

POST = "{ post(id: 1) { title likes } }"
LIKE = "mutation { likePost(id: 1) { likes } }"


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Apart]:
    with running_apart(tmp_path) as apart:
        yield apart


def code(answer: httpx.Response) -> str:
    """The code of an answer's first error."""
    found: str = answer.json()["errors"][0]["extensions"]["code"]
    return found


def likes(apart: Apart) -> int:
    """How often the mutation reached the origin; its probe names an operation."""
    bodies = [request["body"] for request in apart.demo.requests()["requests"]]
    return sum("likePost" in body and "operationName" not in body for body in bodies)


def assert_becomes_fresh(apart: Apart) -> None:
    """The post is purged sooner or later.

    Whoever reads meanwhile need not see a miss: a purge makes what it looks for stale before it
    removes it, and the refresh that a read begins in between is stored, for it began after the
    purge.
    """
    now = apart.demo.data(POST)
    wait_for(lambda: apart.query(POST).json()["data"] == now, what="it to be purged")


def listening(apart: Apart) -> bool:
    try:
        return apart.http.get(f"{apart.admin_url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def children(process: Process) -> list[str]:
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def test_what_a_mutation_under_way_could_touch_is_purged_after_a_crash(apart: Apart) -> None:
    with apart.controller() as controller:
        assert_miss(apart.query(POST))
        apart.query(LIKE)  # so that the document was probed
        assert_miss(apart.query(POST))
        apart.demo.hold()
        answer = apart.sent(LIKE)
        apart.demo.wait_until_held()
        controller.popen.send_signal(signal.SIGKILL)
        controller.popen.wait()
        assert answer.result().status_code == 503
        apart.demo.release()
        assert_hit(apart.query(POST))
    with apart.controller():
        assert_miss(apart.query(POST))


def test_a_crash_never_sends_a_mutation_twice(apart: Apart) -> None:
    """Varnish repeats what it sent on a reused connection; the next controller listens already."""
    with apart.controller() as controller:
        for _ in range(3):
            apart.query(LIKE)
        apart.demo.reset()
        apart.demo.hold()
        answer = apart.sent(LIKE)
        apart.demo.wait_until_held()
        controller.popen.send_signal(signal.SIGKILL)
        controller.popen.wait()
        with apart.controller():
            assert answer.result().status_code == 503
            apart.demo.release()
            assert likes(apart) == 1


def test_a_controller_that_is_stopped_answers_what_is_under_way(apart: Apart) -> None:
    with apart.controller() as controller:
        assert_miss(apart.query(POST))
        apart.demo.hold()
        answer = apart.sent(LIKE)
        apart.demo.wait_until_held()
        controller.popen.send_signal(signal.SIGTERM)
        wait_for(lambda: not listening(apart), what="it takes no more requests")
        apart.demo.release()
        assert_pass(answer.result())
        assert answer.result().status_code == 200
        assert "shellac-purge" not in answer.result().headers
        assert controller.popen.wait(timeout=60) == 0
    with apart.controller():
        assert_miss(apart.query(POST))


def test_a_client_that_hangs_up_cancels_nothing(apart: Apart) -> None:
    with apart.controller():
        assert_miss(apart.query(POST))
        apart.query(LIKE)  # so that the document was probed
        assert_miss(apart.query(POST))
        apart.demo.reset()
        apart.demo.hold()
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(apart.url, json={"query": LIKE}, timeout=httpx.Timeout(60, read=0.5))
        apart.demo.wait_until_held()
        apart.demo.release()
        wait_for(lambda: likes(apart) == 1, what="the mutation to be done")
        assert_becomes_fresh(apart)
        assert likes(apart) == 1


def test_an_origin_that_hangs_is_a_504_and_its_mutation_purges_what_it_could_touch(
    tmp_path: Path,
) -> None:
    # Longer than a busy machine takes for the answers that are not held.
    impatient = {"originTimeouts": {"firstByte": "5s"}}
    with running_apart(tmp_path, impatient) as apart, apart.controller():
        assert_miss(apart.query(POST))
        apart.query(LIKE)
        assert_miss(apart.query(POST))
        assert_miss(apart.query("{ tags { name } }"))
        apart.demo.hold(2)
        answer = apart.query(LIKE)
        assert (answer.status_code, code(answer)) == (504, "ORIGIN_TIMEOUT"), describe(answer)
        assert_hit(apart.query("{ tags { name } }"))
        hanging = apart.query("{ authors { name } }")
        assert (hanging.status_code, code(hanging)) == (504, "ORIGIN_TIMEOUT"), describe(hanging)
        apart.demo.release()
        assert_miss(apart.query(POST))


Unwritable = Callable[[Apart, Process], AbstractContextManager[None]]


@contextmanager
def locked_log(apart: Apart, _controller: Process) -> Iterator[None]:
    """Another process holds the file."""
    file = apart.folder / "state" / "purges.sqlite"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def full_disk(apart: Apart, controller: Process) -> Iterator[None]:
    """No file of the controller can grow."""
    wal = apart.folder / "state" / "purges.sqlite-wal"
    before = resource.prlimit(controller.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(controller.pid, resource.RLIMIT_FSIZE, (wal.stat().st_size, before[1]))
    yield
    resource.prlimit(controller.pid, resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("unwritable", [locked_log, full_disk])
def test_a_mutation_that_cannot_be_recorded_is_not_sent(
    apart: Apart, unwritable: Unwritable
) -> None:
    with apart.controller() as controller:
        apart.query(LIKE)
        assert_miss(apart.query(POST))
        apart.demo.reset()
        with unwritable(apart, controller):
            answer = apart.query(LIKE)
            assert answer.status_code == 503, describe(answer)
            assert code(answer) == "PURGE_LOG_UNAVAILABLE"
            assert apart.demo.requests()["count"] == 0, "the origin was asked"
            purge = send(
                apart.http,
                f"{apart.admin_url}/demo",
                "mutation { purgePost(id: 1) }",
                headers={"stellate-token": TOKEN},
            )
            assert purge.status_code == 503, describe(purge)
            assert_hit(apart.query(POST))
            assert_miss(apart.query("{ authors { name } }"))
        assert apart.query(LIKE).status_code == 200
        assert_miss(apart.query(POST))


def test_a_result_that_cannot_be_recorded_is_pending_and_recorded_later(apart: Apart) -> None:
    with apart.controller() as controller:
        apart.query(LIKE)
        assert_miss(apart.query(POST))
        apart.demo.hold()
        answer = apart.sent(LIKE)
        apart.demo.wait_until_held()
        with locked_log(apart, controller):
            apart.demo.release()
            assert answer.result().status_code == 200, describe(answer.result())
            assert answer.result().headers["shellac-purge"] == "pending"
            assert answer.result().headers["shellac-purged"] == "0"
            assert_hit(apart.query(POST))
        assert_becomes_fresh(apart)


def test_a_child_that_died_is_flushed_before_its_health_is_green(apart: Apart) -> None:
    with apart.controller():
        wait_for(lambda: apart.health() == 200, what="green")
        assert_miss(apart.query(POST))
        old = children(apart.varnish)
        os.kill(int(old[0]), signal.SIGKILL)
        wait_for(lambda: children(apart.varnish) not in ([], old), what="another child")
        wait_for(lambda: apart.health() == 200, what="green again")
        assert_miss(apart.query(POST))
        assert_hit(apart.query(POST))
        assert "shellac-purge" not in apart.query(LIKE).headers
        assert_miss(apart.query(POST))


def test_a_fresh_varnish_is_not_healthy_before_its_controller_met_it(apart: Apart) -> None:
    wait_for(lambda: apart.health() == 503, what="varnishd to listen")
    with apart.controller():
        wait_for(lambda: apart.health() == 200, what="green")
    # A single pair: nobody else can purge, so what it has stays right.
    assert apart.health() == 200
