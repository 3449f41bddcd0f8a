"""docs/invalidation-limits.md: each of its examples, under each policy, with and without its cure.

Small examples of what tests/core/test_stale.py meets.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from graphql import build_schema

from controller.core.answer import Answer, read_answer
from controller.core.mutation import Answered, purge_for_mutation
from controller.core.policy import MutationEntry, Policy, PurgeType
from controller.core.schema import SchemaIndex
from tests.core.world import operation
from tests.shops.policies import POLICIES

SCHEMA = build_schema(
    """
    type Query {
      post(id: ID!): Post  posts(first: Int, offset: Int, title: String): [Post!]!
      user(id: ID!): User  postCount: Int!  newestPost: Post  newest: Thing
      page: PostConnection
    }
    type PostConnection { nodes: [Post!]! totalCount: Int! }
    union Thing = Post | User
    type Post { id: ID! title: String }
    type User { id: ID! name: String }
    type Mutation {
      createPost(title: String): Post  updatePost(id: ID!, title: String): Post
      deletePost(id: ID!): Boolean  act(id: ID!): Boolean  merge(post: ID!, user: ID!): Post
    }
    """
)
CREATE = ("mutation { createPost { id } }", {"createPost": {"id": "2"}})
ACT = ('mutation { act(id: "1") }', {"act": True})
DELETE_BY_KEY = {
    "deletePost": MutationEntry(targets=(PurgeType("Post", ("id",), (("args", "id"),)),))
}


@dataclass(frozen=True)
class Limit:
    """``stays`` names the policies under which the answer is stale; ``cure`` makes it go."""

    query: str
    answer: dict[str, Any]
    mutation: tuple[str, dict[str, Any]]
    stays: str
    cure: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)


LIMITS = {
    "a new one joins a list": Limit(
        "{ posts { id } }", {"posts": [{"id": "1"}]}, CREATE, "Entity None"
    ),
    "one comes to pass a filter": Limit(
        '{ posts(title: "red") { id } }',
        {"posts": [{"id": "1"}]},
        ('mutation { updatePost(id: "2", title: "red") { id } }', {"updatePost": {"id": "2"}}),
        "Entity None",
    ),
    "a page moves up when an earlier one goes": Limit(
        "{ posts(first: 1, offset: 1) { id } }",
        {"posts": [{"id": "2"}]},
        ('mutation { deletePost(id: "1") }', {"deletePost": True}),
        "Entity None",
        config={"mutations": DELETE_BY_KEY},
    ),
    "a count": Limit(
        "{ postCount }",
        {"postCount": 1},
        CREATE,
        "Entity List Type None",
        {"field_types": {"Query.postCount": ("Post",)}},
    ),
    "the count of a connection": Limit(
        "{ page { totalCount } }",
        {"page": {"totalCount": 1}},
        CREATE,
        "Entity None",
        {"field_types": {"PostConnection.totalCount": ("Post",)}},
    ),
    "one object chosen among others": Limit(
        "{ newestPost { id } }",
        {"newestPost": {"id": "1"}},
        CREATE,
        "Entity List None",
        {"field_types": {"Query.newestPost": ("Post",)}},
    ),
    "one object chosen among others of several types": Limit(
        "{ newest { __typename ... on User { id } } }",
        {"newest": {"__typename": "User", "id": "7"}},
        CREATE,
        "Entity List Type None",
        {"field_types": {"Query.newest": ("Post", "User")}},
    ),
    "neither answer nor name say what changed": Limit(
        '{ post(id: "1") { id title } }',
        {"post": {"id": "1", "title": "red"}},
        ACT,
        "Entity List Type None",
        {"mutations": {"act": MutationEntry(targets=(PurgeType("Post"),))}},
    ),
    "the answer says half of what changed": Limit(
        '{ user(id: "7") { id name } }',
        {"user": {"id": "7", "name": "n"}},
        ('mutation { merge(post: "1", user: "7") { id } }', {"merge": {"id": "1"}}),
        "Entity List Type None",
        {"mutations": {"merge": MutationEntry(targets=(PurgeType("User"),))}},
    ),
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
def test_what_stays_under_which_policy(policy: str, limit: Limit) -> None:
    assert stays(policy, limit, limit.config) == (policy in limit.stays.split())


@pytest.mark.parametrize("policy", POLICIES[:3])
@pytest.mark.parametrize(
    "limit", [pytest.param(one, id=name) for name, one in LIMITS.items() if one.cure]
)
def test_what_the_owner_declares_does_not_stay(policy: str, limit: Limit) -> None:
    assert not stays(policy, limit, limit.cure)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_null_goes_when_something_comes_that_could_stand_there(policy: str) -> None:
    limit = Limit("{ newest { __typename } }", {"newest": None}, CREATE, "None")
    assert stays(policy, limit, {}) == (policy == "None")


def test_a_mutation_of_which_nothing_says_what_it_changed_is_named() -> None:
    index = SchemaIndex(SCHEMA, Policy("shop", "d"))
    assert purge_for_mutation(index, operation(ACT[0]), None, Answered(ACT[1])).unnamed == ("act",)


def stays(policy: str, limit: Limit, config: dict[str, Any]) -> bool:
    """Whether the answer is still in the cache after the mutation."""
    settings: Any = {"mutation_policy": policy, **config}
    index = SchemaIndex(SCHEMA, Policy("shop", "d", **settings))
    body = json.dumps({"data": limit.answer}).encode()
    cached = read_answer(index, operation(limit.query), None, body, {})
    assert isinstance(cached, Answer)
    text, data = limit.mutation
    purged = purge_for_mutation(index, operation(text), None, Answered(data))
    return set(cached.tags).isdisjoint(purged.tags)
