"""``mutations`` against the schema, and the entries that ``shellac check`` proposes."""

from __future__ import annotations

import re

import pytest
import yaml
from graphql import build_schema

from controller.cli.check import check_schema
from tests.cli.test_check import RULES, found
from vclgen.config import load_config_text

SDL = """
type Query { post: Post user: User stock: Stock posts: [Post] }
type Post { id: ID! slug: String title: String }
type User { id: ID! name: String }
type Stock { sku: String store: String }
input Which { id: ID tags: [ID!] deep: Which postId: ID }
type Deleted { deletedId: ID ok: Boolean }
type Connection { edges: [Edge] }
type Edge { node: Post }
type Mutation { %s }
"""
KEYS = "keyFields: {types: {Stock: [[sku, store]]}}\n"


def problems(entry: str) -> list[tuple[str, str]]:
    """Of a config with one entry for each mutation."""
    sdl = SDL % "deletePost(id: ID, input: Which): Deleted setStock(sku: String): Stock"
    config = f"{RULES}{KEYS}mutations: {entry}"
    return [(f.where, f.message) for f in found(config, sdl) if f.level == "error"]


@pytest.mark.parametrize(
    "target",
    [
        "{type: Post, key: id, from: args.id}",
        "{type: Post, from: args.input.deep.postId}",
        "{type: Post, from: args.input.tags}",
        "{type: Post, from: result.deletedId}",
        "{type: Post}",
        "{type: Stock, key: [sku, store], from: [args.id, args.input.id]}",
        "{query: posts}",
        "{operation: anything}",
    ],
)
def test_an_entry_that_fits_the_schema_is_fine(target: str) -> None:
    assert problems(f"{{deletePost: {{purge: [{target}]}}}}") == []


@pytest.mark.parametrize(
    ("target", "where", "message"),
    [
        ("{type: Pots}", "type", "no type Pots, did you mean Post?"),
        ("{type: Post, key: slug, from: args.id}", "key", "no such key (slug); its keys: id"),
        ("{type: Stock, from: args.id}", "key", "no such key (one with as many fields"),
        ("{type: Post, from: args.ids}", "from", "args has no ids, did you mean id?"),
        ("{type: Post, from: args.input}", "from", "no single value; go on, like args.input.id"),
        ("{type: Post, from: args.input.idd}", "from", "args.input has no idd, did you mean id?"),
        ("{type: Post, from: args.id.x}", "from", "args.id has no x"),
        ("{type: Post, from: result}", "from", "like result.deletedId"),
        ("{type: Post, from: result.id}", "from", "result has no id"),
        ("{query: post_s}", "query", "no field post_s, did you mean posts?"),
    ],
)
def test_an_entry_that_the_schema_does_not_know_is_an_error(
    target: str, where: str, message: str
) -> None:
    ((place, said),) = problems(f"{{deletePost: {{purge: [{target}]}}}}")
    assert place == f"mutations.deletePost.purge[0].{where}"
    assert message in said


def test_an_unknown_mutation_is_an_error() -> None:
    ((place, said),) = problems("{deletePots: {policy: List}}")
    assert (place, said) == (
        "mutations.deletePots",
        "the schema has no mutation deletePots, did you mean deletePost?",
    )


def proposed(field: str, config: str = "") -> str | None:
    """The entry that is proposed for a mutation, None if nothing is said of it."""
    warnings = [f for f in found(RULES + KEYS + config, SDL % field) if f.level == "warning"]
    if not warnings:
        return None
    (warning,) = warnings
    name = re.match(r"\w+", field)
    assert name is not None
    assert warning.where == f"Mutation.{name[0]}"
    return warning.message.partition(f"{name[0]}: ")[2]


@pytest.mark.parametrize(
    ("field", "entry"),
    [
        ("deletePost(id: ID!): Boolean", "{purge: [{type: Post, key: id, from: args.id}]}"),
        ("deletePosts(ids: [ID!]): Int", "{purge: [{type: Post, key: id, from: args.ids}]}"),
        ("drop_post(post_id: ID): Int", "{purge: [{type: Post, key: id, from: args.post_id}]}"),
        (
            "deletePost(id: ID, postId: ID): Int",
            "{purge: [{type: Post, key: id, from: args.postId}]}",
        ),
        (
            "deletePost(input: Which): Deleted",
            "{purge: [{type: Post, key: id, from: args.input.postId}]}",
        ),
        (
            "deletePost(slug: String): Deleted",
            "{purge: [{type: Post, key: id, from: result.deletedId}]}",
        ),
        ("deletePost(slug: String): ID", "{purge: [{type: Post, key: id, from: result}]}"),
        ("createPost(title: String): Boolean", "{purge: [{type: Post}]}"),
        (
            "moveUserPosts(id: ID, userId: ID, postIds: [ID]): Boolean",
            "{purge: [{type: Post, key: id, from: args.postIds}, "
            "{type: User, key: id, from: args.userId}]}",
        ),
        # GitHub's deleteIssue: the answer holds another type only.
        ("deletePost(id: ID): User", "{purge: [{type: Post, key: id, from: args.id}]}"),
        ("setStock(sku: String, store: String): Int", "{purge: [{type: Stock}]}"),
        ("rebuild: Boolean", "{policy: None}"),
    ],
)
def test_a_mutation_that_names_no_entity_is_warned_of_with_an_entry(field: str, entry: str) -> None:
    assert proposed(field) == entry
    # What is proposed can be pasted, fits the schema, and is not proposed again.
    name = field.partition("(")[0].partition(":")[0]
    config = load_config_text(
        f"originUrl: http://o/graphql\n{RULES}{KEYS}mutations:\n  {name}: {entry}\n"
    ).config
    assert list(check_schema(config, build_schema(SDL % field))) == []
    assert yaml.safe_load(entry)


@pytest.mark.parametrize(
    "field",
    [
        "updatePost(id: ID): Post",
        "addUserToPost(id: ID): Post",
        "editPosts: Connection",
        "ban(id: ID): User",
    ],
)
def test_a_mutation_whose_answer_can_name_its_entity_is_fine(field: str) -> None:
    assert proposed(field) is None
