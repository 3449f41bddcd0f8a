"""What goes on when a part is gone."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.demo.origin import Demo, running_demo
from tests.e2e.conftest import CONFIG
from tests.support.net import free_port, wait_for
from tests.support.process import child_of
from tests.support.stack import (
    SHELLAC,
    Stack,
    assert_hit,
    assert_miss,
    describe,
    stack_before,
    with_ports,
)


@contextmanager
def started(folder: Path) -> Iterator[tuple[Demo, Stack]]:
    """A demo origin and Shellac before it, for one test."""
    with stack_before(running_demo(folder), CONFIG, folder) as (stack, demo):
        yield demo, stack


def child(stack: Stack, words: str) -> int:
    """The process id of a child of `shellac up`."""
    return child_of(stack.process.pid, words)


def test_origin_down_is_a_502_and_hits_go_on(tmp_path: Path) -> None:
    with started(tmp_path) as (demo, stack):
        assert_miss(stack.query("{ tags { name } }"))
        assert_miss(stack.query("{ post(id: 1) { title } }"))
        demo.process.popen.terminate()
        demo.process.popen.wait()
        assert_hit(stack.query("{ tags { name } }"))
        answer = stack.query("{ authors { name } }")
        assert answer.status_code == 502, describe(answer)
        assert answer.json()["errors"][0]["extensions"]["code"] == "ORIGIN_UNREACHABLE"
        mutation = stack.query("mutation { likePost(id: 1) { likes } }")
        assert mutation.status_code == 502, describe(mutation)
        # It was never sent, so nothing is purged for it.
        assert_hit(stack.query("{ post(id: 1) { title } }"))


def test_killing_the_controller_leaves_hits_running(tmp_path: Path) -> None:
    with started(tmp_path) as (_, stack):
        assert_miss(stack.query("{ tags { name } }"))
        # Stopped, not ended: `shellac up` would stop the rest with it.
        controller = child(stack, "controller.cli serve")
        os.kill(controller, signal.SIGSTOP)
        try:
            for _ in range(5):
                assert_hit(stack.query("{ tags { name } }"))
        finally:
            os.kill(controller, signal.SIGCONT)


def test_a_dead_child_stops_the_rest_with_its_last_lines(tmp_path: Path) -> None:
    with started(tmp_path) as (_, stack):
        os.kill(child(stack, "controller.cli serve"), signal.SIGKILL)
        wait_for(lambda: stack.process.popen.poll() is not None, what="shellac up to end")
        assert stack.process.popen.returncode == 1
        assert "controller ended with status -9" in stack.process.output()


def test_a_port_in_use_is_said_by_name(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config = with_ports(
            {
                **CONFIG,
                "originUrl": f"http://127.0.0.1:{free_port()}/graphql",
                "varnish": {"listen": f"127.0.0.1:{port}"},
            },
            state_dir=tmp_path / "state",
        )
        file = tmp_path / "shellac.yaml"
        file.write_text(yaml.safe_dump(config))
        done = subprocess.run(
            [SHELLAC, "up", "--config", file],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert f"127.0.0.1:{port} (varnish.listen) cannot be used" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything(tmp_path: Path, number: signal.Signals) -> None:
    with started(tmp_path) as (_, stack):
        children = [child(stack, "controller.cli serve"), child(stack, "varnishd")]
        stack.process.popen.send_signal(number)
        assert stack.process.popen.wait(timeout=60) == 0
        for pid in children:
            assert not Path(f"/proc/{pid}").exists()
