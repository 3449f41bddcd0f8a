"""Mutations whose answer comes in parts: each part goes out as it comes, after what it tells is
purged. The origin executes them with a real GraphQL implementation."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.blog import Blog
from tests.e2e.test_invalidation import (
    COMMENT_1,
    COMMENT_2,
    COMMENT_3,
    EVERYTHING,
    FEED,
    POST_2,
    POSTS,
    TYPES,
    USER_1,
    USER_2,
    blog,
    fill,
    gone,
    running,
)
from tests.support.net import wait_for
from tests.support.stack import Stack, assert_hit, assert_miss, describe, verdict

__all__ = ["blog", "running"]

DEFERRED = "mutation { updatePost { id title ... @defer { author { id name } } } }"
MULTIPART = {"accept": "multipart/mixed, application/json"}
EVENTS = {"accept": "text/event-stream"}


@pytest.fixture
def stack(running: Stack, blog: Blog) -> Stack:
    blog.texts.clear()
    blog.let_go.clear()
    blog.breaks_off = False
    blog.written_later = ("User", "1")
    fill(running)
    return running


@contextlib.contextmanager
def streamed(stack: Stack, document: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
    body = {"query": document}
    with (
        httpx.Client(timeout=60) as client,
        client.stream("POST", stack.url, json=body, headers=headers) as answer,
    ):
        yield answer


def until(chunks: Iterator[str], wanted: str) -> str:
    """What comes up to ``wanted``."""
    text = ""
    for chunk in chunks:
        text += chunk
        if wanted in text:
            return text
    raise AssertionError(f"{wanted} did not come: {text}")


@pytest.mark.parametrize("headers", [MULTIPART, EVENTS])
def test_each_part_goes_out_when_its_entities_are_purged(
    stack: Stack, blog: Blog, headers: dict[str, str]
) -> None:
    with streamed(stack, DEFERRED, headers) as answer:
        media = "multipart/mixed" if headers is MULTIPART else "text/event-stream"
        assert answer.headers["content-type"].startswith(media)
        # What is deferred is not purged for yet when the headers go out.
        assert answer.headers["shellac-purge"] == "pending"
        assert int(answer.headers["shellac-purged"]) > 0
        chunks = answer.iter_text()
        first = until(chunks, '"hasNext": true')
        assert '"author"' not in first
        # The origin waits in the middle of its answer. Of what is deferred the types are purged.
        assert gone(stack) == TYPES["Post"] | TYPES["User"]
        before = assert_hit(stack.query(USER_1)).json()
        blog.let_go.set()
        until(chunks, '"author"')
        after = assert_miss(stack.query(USER_1)).json()
        assert after["data"] != before["data"]
        assert_hit(stack.query(USER_2))
        list(chunks)
    for document in (COMMENT_1, COMMENT_2, COMMENT_3):
        assert_hit(stack.query(document))


def test_items_of_a_streamed_list_are_purged_as_they_come(stack: Stack, blog: Blog) -> None:
    blog.written_later = ("Comment", "1")
    mutation = "mutation { updatePost { id comments @stream { id text } } }"
    with streamed(stack, mutation, MULTIPART) as answer:
        chunks = answer.iter_text()
        until(chunks, '"hasNext": true')
        for document in EVERYTHING:
            stack.query(document)
        blog.let_go.set()
        until(chunks, '"hasNext": false')
        assert gone(stack) >= {COMMENT_1, COMMENT_2}
        assert_hit(stack.query(COMMENT_3))


def test_a_whole_answer_as_an_event_is_read_and_cut_as_any_other(stack: Stack) -> None:
    answer = stack.query("mutation { editPost(id: 2) { title } }", headers=EVENTS)
    event, data, *rest = answer.text.split("\n")
    assert (event, rest) == ("event: next", ["", "event: complete", "data:", "", ""])
    (post,) = json.loads(data.removeprefix("data: "))["data"].values()
    assert set(post) == {"title"}
    assert answer.headers["shellac-purged"] == "3", describe(answer)
    assert "shellac-purge" not in answer.headers
    assert gone(stack) == {POST_2, POSTS, FEED}


def test_an_answer_that_breaks_off_purges_all_it_could_touch(stack: Stack, blog: Blog) -> None:
    blog.breaks_off = True
    with streamed(stack, DEFERRED, MULTIPART) as answer:
        chunks = answer.iter_text()
        until(chunks, '"hasNext": true')
        fill(stack)
        blog.let_go.set()
        with pytest.raises(httpx.RemoteProtocolError):
            list(chunks)
    assert gone(stack) == TYPES["Post"] | TYPES["User"]


def test_a_part_whose_purge_cannot_be_recorded_is_purged_for_later(
    stack: Stack, blog: Blog
) -> None:
    with streamed(stack, DEFERRED, MULTIPART) as answer:
        chunks = answer.iter_text()
        until(chunks, '"hasNext": true')
        fill(stack)
        with contextlib.closing(sqlite3.connect(stack.state_dir / "purges.sqlite")) as log:
            log.execute("BEGIN IMMEDIATE")
            blog.let_go.set()
            assert '"author"' in "".join(chunks)
            assert_hit(stack.query(USER_1))
            log.rollback()
    wait_for(lambda: verdict(stack.query(USER_1)) == "MISS", what="the author to be purged")


def test_a_client_that_goes_away_cancels_no_purge(stack: Stack, blog: Blog) -> None:
    with streamed(stack, DEFERRED, MULTIPART) as answer:
        until(answer.iter_text(), '"hasNext": true')
        assert_miss(stack.query(USER_1))
        assert_hit(stack.query(USER_1))
    blog.let_go.set()
    wait_for(lambda: verdict(stack.query(USER_1)) == "MISS", what="the author to be purged")
