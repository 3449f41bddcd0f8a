"""Policies, entries and errors: what a mutation purges beyond, and instead of, what it answers."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import build_schema

from controller.core.instrument_source import instrument_source
from controller.core.lexemes import read_json
from controller.core.mutation import (
    MutationPurge,
    Outcome,
    Unknown,
    purge_for_mutation,
)
from controller.core.mutation_answer import read_mutation_answer
from controller.core.policy import MutationEntry, Policy, PurgeOperation, PurgeQuery, PurgeType
from controller.core.schema import SchemaIndex
from tests.core.test_mutation import entity, types
from tests.core.world import PREFIX, operation

SHOP = build_schema(
    """
    type Query { post(id: ID): Post posts: [Post] }
    type Post { id: ID! slug: String title: String author: User comments: [Comment!] }
    type User { id: ID! name: String! }
    type Comment { id: ID! }
    type Stock { sku: String store: String }
    interface Node { id: ID! }
    type Page implements Node { id: ID! }
    type Tag implements Node { id: ID! }
    input Which { id: ID, ids: [ID!] = ["d1", "d2"], deep: [Which!], sku: String }
    type Deleted { deletedId: ID deletedIds: [ID!] ok: Boolean }
    type Mutation {
      updatePost(id: ID = 9): Post  deletePost(id: ID, input: Which, force: Boolean = true): Boolean
      removePost(id: ID = 7): ID  dropPosts(ids: [ID!]!): [ID!]  erase(id: ID): Deleted
      setStock(sku: String, stores: [String!]): Boolean  createUser: User ping: Boolean
    }
    """
)
KEYS = {"Stock": (("sku", "store"),)}
ARGS_ID = ("args", "id")


def index(mutation_policy: Any = "Entity", failed: bool = True, **entries: Any) -> SchemaIndex:
    policy = Policy(
        "shop",
        "d",
        key_fields=KEYS,
        mutation_policy=mutation_policy,
        failed_mutations_purge=failed,
        mutations={
            name: entry if isinstance(entry, MutationEntry) else MutationEntry(targets=entry)
            for name, entry in entries.items()
        },
    )
    return SchemaIndex(SHOP, policy)


def purge(
    shop: SchemaIndex, text: str, answer: str | Outcome, variables: str = "{}", status: int = 200
) -> MutationPurge:
    """Of a mutation that went out instrumented; ``@`` stands for the alias prefix."""
    asked = operation(text)
    sent = instrument_source(shop, asked, prefix=PREFIX)
    outcome = answer
    if isinstance(outcome, str):
        body = outcome.replace("@", PREFIX).encode()
        outcome = read_mutation_answer(sent, body, status=status).outcome
    values: Any = read_json(variables).value
    return purge_for_mutation(shop, asked, sent.layout, outcome, values)


def post(value: str) -> set[str]:
    return entity("Post", value)


UPDATE = "mutation { updatePost(id: 5) { title author { name } } }"
UPDATED = '{"data":{"updatePost":{"@0":"5","title":"t","author":{"@0":"7","name":"n"}}}}'


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("Entity", post("5") | entity("User", "7")),
        ("List", post("5") | entity("User", "7") | {"list:Post", "list:User"}),
        ("Type", types("Post", "User")),
        ("None", set()),
    ],
)
def test_a_policy_says_what_the_entities_of_an_answer_purge(
    policy: Any, expected: set[str]
) -> None:
    assert set(purge(index(policy), UPDATE, UPDATED).tags) == expected
    own = index("Entity", updatePost=MutationEntry(policy))
    assert set(purge(own, UPDATE, UPDATED).tags) == expected


def test_each_root_field_has_its_own_policy_whatever_its_alias() -> None:
    shop = index("None", updatePost=MutationEntry("Type"), createUser=MutationEntry("List"))
    text = "mutation { createUser { id } a: updatePost { id } deletePost(id: 1) }"
    answer = '{"data":{"createUser":{"id":"1"},"a":{"id":"5"},"deletePost":true}}'
    found = purge(shop, text, answer)
    assert set(found.tags) == types("Post") | entity("User", "1") | {"list:User"}
    assert found.unnamed == ()


def test_policy_none_has_no_intent_either() -> None:
    assert purge(index("None"), UPDATE, Unknown()) == MutationPurge((), ())
    assert not index("None").policy.mutations_purge
    assert index("None", ping=MutationEntry("List")).policy.mutations_purge
    assert index("None", ping=(PurgeQuery("posts"),)).policy.mutations_purge


@pytest.mark.parametrize("policy", ["Entity", "List", "Type"])
def test_an_answer_without_entities_purges_by_type_under_every_policy(policy: Any) -> None:
    found = purge(index(policy), "mutation{deletePost}", '{"data":{"deletePost":true}}')
    assert set(found.tags) == types("Post")


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("mutation { deletePost(id: 5) }", "{}", ["5"]),
        ('mutation { deletePost(id: "5") }', "{}", ["5"]),
        ("mutation($i: ID) { deletePost(id: $i) }", '{"i": 5}', ["5"]),
        ("mutation($i: ID) { x: deletePost(id: $i) }", '{"i": "5"}', ["5"]),
        ("mutation($i: ID = 6) { deletePost(id: $i) }", "{}", ["6"]),
        ("mutation($i: Int) { deletePost(id: $i) }", '{"i": 5.0}', ["5", "5.0"]),
        (
            "mutation($i: ID) { deletePost(id: $i) }",
            '{"i": 123456789012345678901234}',
            ["123456789012345678901234"],
        ),
        ("mutation($i: ID) { ...F } fragment F on Mutation { deletePost(id: $i) }", '{"i":1}', "1"),
    ],
)
def test_an_entry_takes_its_key_from_an_argument(
    text: str, variables: str, expected: list[str]
) -> None:
    shop = index(deletePost=(PurgeType("Post", ("id",), (ARGS_ID,)),))
    wanted = set().union(*map(post, expected))
    assert set(purge(shop, text, '{"data":{"deletePost":true}}', variables).tags) == wanted
    # Known before it goes out, so that a crash purges it, and nothing wider.
    assert set(purge(shop, text, Unknown(), variables).tags) == wanted


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("Entity", post("5")),
        ("List", post("5") | {"list:Post"}),
        ("Type", post("5") | types("Post")),
        ("None", post("5")),
    ],
)
def test_an_entity_of_an_entry_reaches_as_far_as_the_policy_says(
    policy: Any, expected: set[str]
) -> None:
    target = (PurgeType("Post", ("id",), (ARGS_ID,)),)
    shop = index(policy, deletePost=target)
    text = "mutation { deletePost(id: 5) }"
    assert set(purge(shop, text, '{"data":{"deletePost":true}}').tags) == expected
    own = index("Entity", deletePost=MutationEntry(policy, target))
    assert set(purge(own, text, '{"data":{"deletePost":true}}').tags) == expected


@pytest.mark.parametrize(
    ("text", "variables", "place", "expected"),
    [
        ("deletePost(input: {id: 5})", "{}", "args.input.id", ["5"]),
        ("deletePost(input: $w)", '{"w": {"id": 5}}', "args.input.id", ["5"]),
        ("deletePost(input: {id: $i})", '{"i": "x"}', "args.input.id", ["x"]),
        ("deletePost(input: {ids: [1, $i]})", '{"i": 2}', "args.input.ids", ["1", "2"]),
        ("deletePost(input: {ids: 1})", "{}", "args.input.ids", ["1"]),
        ("deletePost(input: {})", "{}", "args.input.ids", ["d1", "d2"]),
        ("deletePost(input: $w)", '{"w": {}}', "args.input.ids", ["d1", "d2"]),
        ("deletePost(input: {ids: []})", "{}", "args.input.ids", []),
        (
            "deletePost(input: {deep: [{id: 1}, {deep: {}, id: $i}]})",
            '{"i": 2}',
            "args.input.deep.id",
            ["1", "2"],
        ),
        ("deletePost", "{}", "args.force", ["true"]),
    ],
)
def test_an_entry_reaches_into_input_objects_and_lists(
    text: str, variables: str, place: str, expected: list[str]
) -> None:
    shop = index(deletePost=(PurgeType("Post", ("id",), (tuple(place.split(".")),)),))
    asked = f"mutation($w: Which, $i: ID) {{ {text} }}"
    wanted = {f"key:Post:id:{value}" for value in expected}
    wanted |= {"some:Post", "null:Post"} if expected else set()
    assert set(purge(shop, asked, '{"data":{"deletePost":true}}', variables).tags) == wanted


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("mutation { deletePost }", "{}"),
        ("mutation { deletePost(id: null) }", "{}"),
        ("mutation($i: ID) { deletePost(id: $i) }", "{}"),
        ("mutation($i: ID) { deletePost(id: $i) }", '{"i": null}'),
        ("mutation($i: ID) { deletePost(id: $i) }", '{"i": {"a": 1}}'),
        ("mutation($i: [ID]) { deletePost(id: $i) }", '{"i": [1, null]}'),
    ],
)
def test_an_entry_whose_value_is_missing_purges_its_type(text: str, variables: str) -> None:
    shop = index(deletePost=(PurgeType("Post", ("id",), (ARGS_ID,)),))
    answer = '{"data":{"deletePost":true}}'
    assert set(purge(shop, text, answer, variables).tags) == types("Post")


def test_an_entry_takes_the_schemas_default_of_an_argument() -> None:
    shop = index(removePost=(PurgeType("Post", None, (ARGS_ID,)),))
    assert set(purge(shop, "mutation{removePost}", '{"data":{"removePost":"1"}}').tags) == post("7")


@pytest.mark.parametrize(
    ("text", "answer", "place", "expected"),
    [
        ("removePost", '{"removePost":"5"}', "result", post("5")),
        ("r: removePost", '{"r":5}', "result", post("5")),
        ("dropPosts(ids: [])", '{"dropPosts":["5",6]}', "result", post("5") | post("6")),
        ("removePost", '{"removePost":null}', "result", types("Post")),
        ("removePost", '{"removePost":1e400}', "result", post("1e400")),
        ("erase { deletedId }", '{"erase":{"deletedId":5}}', "result.deletedId", post("5")),
        ("erase { d: deletedId }", '{"erase":{"d":5}}', "result.deletedId", post("5")),
        ("erase { deletedIds }", '{"erase":{"deletedIds":[5]}}', "result.deletedIds", post("5")),
        ("erase { ok }", '{"erase":{"ok":true}}', "result.deletedId", types("Post")),
        ("erase { ok }", '{"erase":null}', "result.deletedId", types("Post")),
    ],
)
def test_an_entry_takes_its_key_from_the_answer(
    text: str, answer: str, place: str, expected: set[str]
) -> None:
    target = (PurgeType("Post", None, (tuple(place.split(".")),)),)
    shop = index(removePost=target, dropPosts=target, erase=target)
    found = purge(shop, f"mutation {{ {text} }}", f'{{"data":{answer}}}')
    assert set(found.tags) == expected
    # Before it goes out nobody knows it.
    assert set(purge(shop, f"mutation {{ {text} }}", Unknown()).tags) >= types("Post")


def test_an_entry_names_compound_keys_member_types_queries_and_operations() -> None:
    shop = index(
        setStock=(
            PurgeType("Stock", ("sku", "store"), (("args", "sku"), ("args", "stores"))),
            PurgeQuery("posts"),
            PurgeOperation("listPosts"),
            PurgeType("User"),
        ),
        ping=(PurgeType("Node", None, (("args", "id"),)),),
    )
    found = purge(
        shop, 'mutation { setStock(sku: "a", stores: "b") }', '{"data":{"setStock":true}}'
    )
    assert set(found.tags) == {
        "key:Stock:sku=a,store=b",
        "some:Stock",
        "null:Stock",
        "query:posts",
        "operation:listPosts",
    } | types("User")
    uneven = 'mutation { setStock(sku: "a", stores: ["b", "c"]) }'
    assert types("Stock") <= set(purge(shop, uneven, '{"data":{"setStock":true}}').tags)
    asked = operation("mutation { ping }")
    assert set(purge_for_mutation(shop, asked, None, Unknown()).tags) == types("Page", "Tag")


def test_an_interface_is_each_of_its_types() -> None:
    shop = index(deletePost=(PurgeType("Node", None, (ARGS_ID,)),))
    found = purge(shop, "mutation{deletePost(id:5)}", '{"data":{"deletePost":true}}')
    assert set(found.tags) == entity("Page", "5") | entity("Tag", "5")


def test_a_key_that_is_none_of_the_type_purges_the_type() -> None:
    shop = index(deletePost=(PurgeType("Post", ("title",), (ARGS_ID,)),))
    found = purge(shop, "mutation{deletePost(id:5)}", '{"data":{"deletePost":true}}')
    assert set(found.tags) == types("Post")


def test_an_entry_adds_to_the_entities_of_the_answer_and_replaces_what_is_guessed() -> None:
    shop = index(updatePost=(PurgeQuery("posts"),))
    assert set(purge(shop, UPDATE, UPDATED).tags) == post("5") | entity("User", "7") | {
        "query:posts"
    }
    assert set(purge(shop, UPDATE, '{"data":{"updatePost":null}}').tags) == {"query:posts"}
    under_none = index(updatePost=MutationEntry("None", (PurgeQuery("posts"),)))
    assert set(purge(under_none, UPDATE, UPDATED).tags) == {"query:posts"}
    assert set(purge(under_none, UPDATE, Unknown()).tags) == {"query:posts"}
