"""``POST /events`` to a running stack: what was written behind its back, and the documentation's
own commands."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.blog import Blog
from tests.e2e.test_invalidation import (
    FEED,
    OTHER_TODOS,
    POST_2,
    POST_3,
    POSTS,
    TODOS,
    TYPES,
    USER_1,
    USER_2,
    blog,
    gone,
    running,
    stack,
)
from tests.support.stack import Stack, describe

__all__ = ["blog", "running", "stack"]

PAGE = Path(__file__).parents[2] / "docs" / "invalidation.md"


def row(op: str, **row: Any) -> dict[str, Any]:
    """As an event trigger of Hasura sends it."""
    data = {"old": row if op != "INSERT" else None, "new": row if op != "DELETE" else None}
    return {"table": {"schema": "public", "name": "posts"}, "event": {"op": op, "data": data}}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"entities": [{"type": "Post", "id": 2}]}, {POST_2, POSTS, FEED}),
        ({"type": "Post", "id": ["2", 3]}, {POST_2, POST_3, POSTS, FEED}),
        (row("UPDATE", id=2, title="x"), {POST_2, POSTS, FEED}),
        ({"types": ["Post"]}, TYPES["Post"]),
        ({"lists": ["Todo"]}, {TODOS, OTHER_TODOS}),
        (row("DELETE", id=3), {POST_3, POSTS, FEED, *{d for d in TYPES["Post"] if "search" in d}}),
    ],
)
def test_what_an_event_names_is_gone_and_all_else_stays(
    stack: Stack, blog: Blog, event: Any, expected: set[str]
) -> None:
    if POST_2 in expected:
        blog.changed("Post", "2")
    answer = stack.http.post(
        f"{stack.admin_url}/events", json=event, headers={"stellate-token": stack.token}
    )
    (node,) = answer.json()["nodes"]
    assert (node["result"], node["objects"]) == ("applied", len(expected)), describe(answer)
    assert gone(stack) == expected


@pytest.mark.parametrize("number", range(2))
def test_a_command_of_the_documentation_works_as_it_stands(stack: Stack, number: int) -> None:
    command = re.findall(r"```sh\n(curl .*?)```", PAGE.read_text(), re.DOTALL)[number]
    assert "http://127.0.0.1:8091" in command
    done = subprocess.run(
        ["bash", "-c", command.replace("http://127.0.0.1:8091", stack.admin_url)],
        env={**os.environ, "SHELLAC_ADMIN_TOKEN": stack.token},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert '"result":"applied"' in done.stdout, done
    users_and_todos = {USER_1, USER_2, TODOS, OTHER_TODOS, *TYPES["User"]}
    assert gone(stack) == ({*users_and_todos} if number == 0 else set())
