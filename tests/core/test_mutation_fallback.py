"""Root fields whose answer does not name what they changed: their types and names say it."""

from __future__ import annotations

import re

import pytest
from graphql import build_schema

from controller.core.mutation import MutationPurge, Unknown, purge_for_mutation
from controller.core.schema import SchemaIndex
from tests.core.mutating import entity, purge, types
from tests.core.world import INDEX, POLICY, operation


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        # One level of the payload's possible fields.
        ("mutation{updatePost{error}}", '{"updatePost":{"error":"e"}}', types("Post", "User")),
        ("mutation{updatePost{post{id}}}", '{"updatePost":null}', types("Post", "User")),
        (
            "mutation{updatePost{friends{id}}}",
            '{"updatePost":{"friends":[]}}',
            types("Post", "User"),
        ),
        # The return type itself; beside a member without a key.
        ("mutation{befriend{id}}", '{"befriend":null}', types("User")),
        (
            "mutation{createPost{...on Failure{message}}}",
            '{"createPost":{"@0":"Failure","message":"m"}}',
            types("Post"),
        ),
        ("mutation{merge{id}}", '{"merge":null}', types("Post", "User", "Page")),
        # The name.
        ("mutation{deletePost}", '{"deletePost":true}', types("Post")),
        ("mutation{gone:deletePost}", '{"gone":true}', types("Post")),
        ("mutation{...F}fragment F on Mutation{deletePost}", '{"deletePost":true}', types("Post")),
    ],
)
def test_a_root_field_that_names_nothing_purges_the_types_it_can_be_about(
    text: str, answer: str, expected: set[str]
) -> None:
    found = purge(text, answer)
    assert set(found.tags) == expected
    assert found.unnamed == ()


OWN_TYPE = SchemaIndex(
    build_schema(
        "type Query { a: Int } type Post { id: ID } type User { id: ID } type Comment { id: ID }"
        "type UserPayload { user: User } type PostPayload { post: Post user: User }"
        "type Mutation { delPost(id: ID): UserPayload editPost: PostPayload ban: UserPayload"
        " addCommentToPost: PostPayload }"
    ),
    POLICY,
)


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        # GitHub's deleteIssue answers with the repository.
        (
            "mutation{delPost(id:5){user{id}}}",
            '{"delPost":{"user":{"id":7}}}',
            entity("User", "7") | types("Post"),
        ),
        ("mutation{delPost(id:5){user{id}}}", '{"delPost":null}', types("User", "Post")),
        (
            "mutation{gone:delPost(id:5){user{id}}}",
            '{"gone":{"user":null}}',
            types("User", "Post"),
        ),
        (
            "mutation{editPost{user{id}}}",
            '{"editPost":{"user":{"id":7}}}',
            entity("User", "7") | types("Post"),
        ),
        # What its name says is answered, if only in part, or the name says nothing.
        (
            "mutation{editPost{post{id}user{id}}}",
            '{"editPost":{"post":{"id":5},"user":{"id":7}}}',
            entity("Post", "5") | entity("User", "7"),
        ),
        (
            "mutation{addCommentToPost{post{id}}}",
            '{"addCommentToPost":{"post":{"id":5}}}',
            entity("Post", "5"),
        ),
        ("mutation{ban{user{id}}}", '{"ban":{"user":{"id":7}}}', entity("User", "7")),
    ],
)
def test_an_answer_that_names_other_types_leaves_the_names_own_to_be_purged(
    text: str, answer: str, expected: set[str]
) -> None:
    assert set(purge(text, answer, OWN_TYPE).tags) == expected


@pytest.mark.parametrize(
    "text",
    [
        "mutation{delPost{user{id}}}",
        "mutation{editPost{user{id}}}",
        "mutation{addCommentToPost{user{id}}}",
    ],
)
def test_the_intent_holds_what_the_answer_can_come_to(text: str) -> None:
    """Of types; which entities, only the answer can tell."""
    name = text.split("{")[1]
    intent = set(purge(text, Unknown(), OWN_TYPE).tags)
    for answer in ('{"%s":{"user":{"id":7}}}', '{"%s":{"user":null}}', '{"%s":null}'):
        found = set(purge(text, answer % name, OWN_TYPE).tags)
        assert {tag for tag in found if tag.startswith(("type:", "null:", "list:"))} <= intent


def test_what_nothing_names_is_reported() -> None:
    found = purge("mutation{ping log{entry}again:ping}", '{"ping":true,"log":{"entry":"x"}}')
    assert found == MutationPurge((), ("ping", "log"))


def test_a_field_or_fragment_the_schema_does_not_know_purges_by_name() -> None:
    asked = operation("mutation{archivePosts{id}befriend{...Nope}}")
    found = purge_for_mutation(INDEX, asked, None, Unknown())
    assert set(found.tags) == types("Post", "User")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("deletePost", {"Post"}),
        ("posts_remove", {"Post"}),
        ("removeCategories", {"Category"}),
        ("wipeAddresses", {"Address"}),
        ("addCommentToPost", {"Comment", "Post"}),
        ("deletePostComment", {"PostComment"}),
        ("deletePostComments", {"PostComment"}),
        ("post_comment_delete", {"PostComment"}),
        ("revokeAPIKey", {"ApiKey"}),
        ("revokeApiKeys", {"ApiKey"}),
        ("repost", set()),
        ("postpone", set()),
        ("postal", set()),
        ("changePrice", set()),
        ("clearItems", {"Cup", "Plate"}),
        ("dropOAuth2Client", {"OAuth2Client"}),
        ("dropLegacyThing", {"Legacy_Thing"}),
        ("", set()),
    ],
)
def test_types_are_found_in_names_on_word_boundaries(field: str, expected: set[str]) -> None:
    names = "Post Comment PostComment Category Address ApiKey OAuth2Client Legacy_Thing"
    schema = build_schema(
        "type Query { i: [Item] p: [Price] } type Price { amount: Int } interface Item { id: ID }"
        "type Cup implements Item { id: ID } type Plate implements Item { id: ID }"
        + re.sub(r"(\w+)", r" type \1 { id: ID } ", names)
        + f"type Mutation {{ {field or 'none'}: Int }}"
    )
    found = purge(f"mutation{{{field or 'none'}}}", Unknown(), SchemaIndex(schema, POLICY))
    assert set(found.tags) == types(*expected)
    assert found.unnamed == (() if expected else (field or "none",))


def test_a_schema_without_mutations_purges_by_name() -> None:
    index = SchemaIndex(build_schema("type Query { post: Post } type Post { id: ID }"), POLICY)
    asked = operation("mutation { ...F } fragment F on Mutation { deletePost ping { id } }")
    assert set(purge_for_mutation(index, asked, None, Unknown()).tags) == types("Post")


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("mutation{edit{id}}", '{"edit":{"id":5}}', types("Post")),
        ("mutation{edit{ok}}", '{"edit":{"ok":true}}', types("Post")),
        ("mutation{edit{id post{id}}}", '{"edit":{"id":5,"post":null}}', types("Post")),
        ("mutation{edit{id post{id}}}", '{"edit":{"id":5,"post":{"id":5}}}', entity("Post", "5")),
        ("mutation{postUpdate{id}}", '{"postUpdate":{"id":5}}', types("Post")),
        ("mutation{drop{id}}", '{"drop":{"id":5}}', set()),
        ("mutation{start{id}}", '{"start":{"id":5}}', entity("Job", "5")),
    ],
)
def test_a_payload_with_an_id_is_not_the_entity_that_it_is_about(
    text: str, answer: str, expected: set[str]
) -> None:
    schema = build_schema(
        "type Query { post: Post node: Node } interface Node { id: ID } type Post { id: ID }"
        "type Job implements Node { id: ID } type PostUpdate { id: ID } type Dropped { id: ID }"
        "type Edited { id: ID ok: Boolean post: Post }"
        "type Mutation { edit: Edited postUpdate: PostUpdate drop: Dropped start: Job }"
    )
    found = purge(text, answer, SchemaIndex(schema, POLICY))
    assert set(found.tags) == expected
    assert found.unnamed == (() if expected else ("drop",))
