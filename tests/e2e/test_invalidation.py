"""Automatic invalidation as Stellate's page describes it, through real processes: what must go is
gone, and what must stay is still there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.blog import SDL, Blog, running_blog
from tests.support.stack import (
    Stack,
    assert_hit,
    assert_miss,
    assert_pass,
    describe,
    running_stack,
    verdict,
)

CONFIG: dict[str, Any] = {
    "name": "blog",
    "schema": "schema.graphql",
    "schemaPolling": {"enabled": False},
    "bypassCacheHeaders": [{"name": "x-preview"}],
    "purge": {"waitTimeout": "30s"},
    "rules": [{"types": ["Query"], "maxAge": 900}],
    "mutations": {
        "deletePost": {"purge": [{"type": "Post", "key": "id", "from": "args.id"}]},
        "dropPosts": {"purge": [{"type": "Post", "from": "args.input.ids"}, {"query": "feed"}]},
        "removeComment": {"purge": [{"type": "Comment", "from": "result"}]},
        "rebuild": {"purge": [{"operation": "listTodos"}]},
        "editTodo": {"policy": "None"},
    },
}
POST_1 = "{ post(id: 1) { title } }"
POST_2 = "{ post(id: 2) { title } }"
POST_3 = "{ post(id: 3) { title } }"
USER_1 = "{ user(id: 1) { name } }"
USER_2 = "{ user(id: 2) { name } }"
COMMENT_1 = "{ comment(id: 1) { text } }"
COMMENT_2 = "{ comment(id: 2) { text } }"
COMMENT_3 = "{ comment(id: 3) { text } }"
POSTS = "{ posts { title } }"
FEED = "{ feed { edges { node { id } } } }"
SEARCH = "{ search { ... on Post { title } ... on User { name } } }"
TODO_1 = "{ todo(id: 1) { text } }"
TODOS = "query listTodos { todos { text } }"
OTHER_TODOS = "query otherTodos { todos { text } }"
EVERYTHING = [
    *(POST_1, POST_2, POST_3, USER_1, USER_2, COMMENT_1, COMMENT_2, COMMENT_3, POSTS, FEED),
    *(SEARCH, TODO_1, TODOS, OTHER_TODOS),
]
TYPES = {
    "Post": {POST_1, POST_2, POST_3, POSTS, FEED, SEARCH},
    "User": {USER_1, USER_2, SEARCH},
    "Todo": {TODO_1, TODOS, OTHER_TODOS},
}


@pytest.fixture(scope="module")
def blog() -> Iterator[Blog]:
    with running_blog() as blog:
        yield blog


@pytest.fixture(scope="module")
def running(blog: Blog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("invalidation")
    (folder / "schema.graphql").write_text(SDL)
    with running_stack({**CONFIG, "originUrl": blog.url}, directory=folder) as stack:
        yield stack


@pytest.fixture
def stack(running: Stack, blog: Blog) -> Stack:
    """With all of ``EVERYTHING`` cached."""
    blog.texts.clear()
    blog.operations.clear()
    fill(running)
    return running


def fill(stack: Stack) -> None:
    empty(stack)
    for document in EVERYTHING:
        assert_miss(stack.query(document))
    for document in EVERYTHING:
        assert_hit(stack.query(document))


def empty(stack: Stack) -> None:
    """By type, so that nothing is left: what a flush puts out of reach counts until it is freed."""
    fields = " ".join(f'{t}: _purgeType(type: "{t}")' for t in ("Post", "User", "Comment", "Todo"))
    stack.purge(f"mutation {{ {fields} }}")


def gone(stack: Stack) -> set[str]:
    """What is not cached any more; each answer is the origin's of now."""
    found = set()
    for document in EVERYTHING:
        answer = stack.query(document)
        assert answer.json() == stack.query(document, direct=True).json(), describe(answer)
        if verdict(answer) == "MISS":
            found.add(document)
    return found


def test_a_mutation_purges_the_post_its_author_and_its_comments(stack: Stack) -> None:
    """The page's own example: no id is selected, and every result with one of them is gone."""
    answer = stack.query("mutation { updatePost { comments { text } author { name } } }")
    assert answer.json()["data"]["updatePost"] == {
        "comments": [{"text": "a"}, {"text": "a"}],
        "author": {"name": "first"},
    }
    assert answer.headers["shellac-purged"] == "7", describe(answer)
    assert gone(stack) == {POST_1, POSTS, FEED, SEARCH, USER_1, COMMENT_1, COMMENT_2}
    # They are cached again, and a moment old.
    again = stack.query("mutation { updatePost { comments { text } author { name } } }")
    assert again.headers["shellac-purged"] == "7", describe(again)


@pytest.mark.parametrize(
    ("mutation", "expected"),
    [
        # Aliases, several root fields, lists in a connection, an interface, a union.
        ("mutation { a: editPost(id: 2) { t: title } }", {POST_2, POSTS, FEED}),
        (
            "mutation { a: editPost(id: 2) { title } b: editPost(id: 3) { title } }",
            {POST_2, POST_3, POSTS, FEED},
        ),
        (
            "mutation { editPosts(ids: [2, 3]) { edges { node { title } } } }",
            {POST_2, POST_3, POSTS, FEED},
        ),
        ("mutation { editAny(id: 2) { ... on Post { title } } }", {POST_2, POSTS, FEED}),
        ("mutation { editFound { ... on User { name } } }", {USER_2, SEARCH}),
        (
            "mutation { ...F } fragment F on Mutation { editPost(id: 3) { title } }",
            {POST_3, POSTS, FEED},
        ),
    ],
)
def test_entities_anywhere_in_the_answer_are_purged(
    stack: Stack, mutation: str, expected: set[str]
) -> None:
    answer = stack.query(mutation)
    assert "errors" not in answer.json(), describe(answer)
    assert answer.headers["shellac-purged"] == str(len(expected)), describe(answer)
    assert gone(stack) == expected


def test_an_answer_says_0_where_nothing_of_it_was_cached(stack: Stack) -> None:
    empty(stack)
    answer = stack.query("mutation { editPost(id: 2) { title } }")
    assert answer.headers["shellac-purged"] == "0", describe(answer)
    stack.query(POST_2)
    unnamed = stack.query('mutation { editPost(id: "2") @skip(if: true) { title } }')
    assert unnamed.headers["shellac-purged"] == "0", describe(unnamed)
    assert_hit(stack.query(POST_2))


def test_an_added_todo_is_the_edge_case_of_the_default_policy(stack: Stack) -> None:
    """The page's edge case: under Entity the list stays, for nothing in it has changed."""
    stack.query("mutation { addTodo { id } }")
    assert verdict(stack.query(TODOS)) == "HIT"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("Entity", {POST_1, POSTS, FEED, SEARCH}),
        ("List", {POST_1, POSTS, FEED, SEARCH}),
        ("Type", TYPES["Post"]),
        ("None", set()),
    ],
)
def test_the_policy_of_all_mutations(
    blog: Blog, tmp_path: Path, policy: str, expected: set[str]
) -> None:
    (tmp_path / "schema.graphql").write_text(SDL)
    config = {**CONFIG, "mutationPolicy": policy, "mutations": {}, "originUrl": blog.url}
    blog.texts.clear()
    with running_stack(config, directory=tmp_path) as stack:
        fill(stack)
        before = len(blog.operations)
        stack.query("mutation { editPost(id: 1) { title } }")
        # Under None it is passed on as it is, without a probe beside it.
        assert len(blog.operations) - before == (1 if policy == "None" else 2)
        found = {document for document in EVERYTHING if verdict(stack.query(document)) == "MISS"}
        assert found == expected
        fill(stack)
        stack.query("mutation { addTodo { id } }")
        lists = {TODOS, OTHER_TODOS}
        found = {document for document in EVERYTHING if verdict(stack.query(document)) == "MISS"}
        assert found == {"List": lists, "Type": TYPES["Todo"]}.get(policy, set())


def test_a_policy_of_one_mutation_comes_before_that_of_all(stack: Stack, blog: Blog) -> None:
    answer = stack.query("mutation { editTodo(id: 1) { text } }")
    assert "shellac-purged" not in answer.headers, describe(answer)
    assert len([text for text in blog.operations if "editTodo" in text]) == 1
    assert all(verdict(stack.query(document)) == "HIT" for document in EVERYTHING)
    # Beside another field it counts for its own alone.
    stack.query("mutation { editTodo(id: 1) { text } editPost(id: 2) { title } }")
    missed = {document for document in EVERYTHING if verdict(stack.query(document)) == "MISS"}
    assert missed == {POST_2, POSTS, FEED}


@pytest.mark.parametrize(
    ("mutation", "variables", "expected"),
    [
        ("mutation { deletePost(id: 2) }", None, {POST_2, POSTS, FEED}),
        ("mutation($id: ID!) { gone: deletePost(id: $id) }", {"id": 2}, {POST_2, POSTS, FEED}),
        (
            "mutation($drop: Drop!) { dropPosts(input: $drop) }",
            {"drop": {"ids": ["2", "3"]}},
            {POST_2, POST_3, POSTS, FEED},
        ),
        ("mutation { dropPosts(input: {ids: []}) }", None, {FEED}),
        ("mutation { removeComment(id: 3) }", None, {COMMENT_3}),
        ("mutation { rebuild }", None, {TODOS}),
    ],
)
def test_an_entry_purges_what_the_answer_does_not_name(
    stack: Stack, mutation: str, variables: dict[str, Any] | None, expected: set[str]
) -> None:
    answer = stack.query(mutation, variables)
    assert "errors" not in answer.json(), describe(answer)
    assert gone(stack) == expected


def test_a_bypass_header_executes_and_purges_nothing(stack: Stack, blog: Blog) -> None:
    mutation = "mutation { updatePost { id author { id } } }"
    answer = stack.query(mutation, headers={"x-preview": "1"})
    assert_pass(answer)
    assert blog.operations.count(mutation) == 1
    assert blog.texts
    assert "shellac-purged" not in answer.headers
    assert all(verdict(stack.query(document)) == "HIT" for document in EVERYTHING)


def test_a_failed_field_is_purged_by_type_and_its_neighbour_by_entity(stack: Stack) -> None:
    answer = stack.query("mutation { fail(id: 2) { title } editFound { ... on User { name } } }")
    assert answer.json()["data"]["fail"] is None
    assert gone(stack) == TYPES["Post"] | {USER_2}


def test_what_an_error_took_below_is_purged_by_type(stack: Stack) -> None:
    answer = stack.query("mutation { editPost(id: 3) { title author { mood } } }")
    assert answer.json()["data"] == {"editPost": None}, describe(answer)
    assert gone(stack) == TYPES["Post"] | TYPES["User"]


def test_a_batch_purges_the_entities_of_each_answer(stack: Stack) -> None:
    batch = [
        {"query": "mutation { editPost(id: 2) { id title } }"},
        {"query": "{ user(id: 1) { name } }"},
        {"query": "mutation { deletePost(id: 3) }"},
    ]
    answer = stack.http.post(stack.url, json=batch)
    assert [set(one["data"]) for one in answer.json()] == [{"editPost"}, {"user"}, {"deletePost"}]
    assert "shellac-purge" not in answer.headers
    assert gone(stack) == {POST_2, POST_3, POSTS, FEED}
