"""Starting and stopping: files, ports, and the same answers each time."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.demo.origin import Demo, running_demo

STORY = (
    "{ posts(limit: 100) { id title body createdAt tags { name } comments { body createdAt } } }",
    'mutation { createPost(input: { title: "T", authorId: 1 }) { id createdAt } }',
    'mutation { addComment(postId: 41, authorId: 1, body: "b") { id createdAt } }',
    '{ post(id: 41) { updatedAt comments { createdAt } } search(text: "a") { __typename } }',
)


def tell(demo: Demo) -> list[bytes]:
    return [demo.query(document).content for document in STORY]


def test_two_runs_answer_the_same_bytes(tmp_path: Path) -> None:
    with running_demo(tmp_path) as first, running_demo(tmp_path) as second:
        answers = tell(first)
        assert not any(b'"errors"' in answer for answer in answers), answers
        assert tell(second) == answers


def test_a_database_file_keeps_what_was_written(tmp_path: Path) -> None:
    file = str(tmp_path / "demo.sqlite")
    with running_demo(tmp_path, "--database", file) as demo:
        demo.data('mutation { updatePost(id: 5, title: "Kept") { id } }')
    with running_demo(tmp_path, "--database", file) as demo:
        data = demo.data("{ post(id: 5) { title } stats { postCount } }")
        assert data == {"post": {"title": "Kept"}, "stats": {"postCount": 40}}


def test_a_held_answer_does_not_keep_it_from_stopping(tmp_path: Path) -> None:
    with running_demo(tmp_path, "--control") as demo:
        demo.hold()
        demo.start("{ tags { id } }")
        demo.wait_until_held()
        demo.process.popen.terminate()
        demo.process.popen.wait(timeout=60)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--latency", "soon"), "'soon' is no duration: write it like 200ms or 1.5s"),
        (("--listen", "4000"), "'4000' is no address: write it like 127.0.0.1:4000"),
    ],
)
def test_a_bad_option_is_explained(options: tuple[str, ...], message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "demo", *options], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert message in done.stderr


def test_a_port_in_use_is_said(demo: Demo) -> None:
    address = httpx.URL(demo.url).netloc.decode()
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--listen", address],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert address.split(":")[1] in done.stderr
    assert "address already in use" in done.stderr
