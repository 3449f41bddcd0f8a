"""What a caller of the Purging API names, against the tags of answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from graphql import GraphQLError, build_schema

from controller.admin.targets import Targets
from controller.core.answer import Answer, read_answer
from controller.core.mutation import purge_entity_tags, purge_id_tags
from controller.core.policy import GLOBAL_ID, Policy
from controller.core.schema import SchemaIndex
from tests.core.world import operation

SCHEMA = build_schema("""
interface Node { id: ID! }
interface Named implements Node { id: ID! name: String }
union Hit = Post | Page | Money | Tag
type Query { hit: Hit node: Node named: [Named!] }
type Post implements Node & Named { id: ID! name: String }
type Page implements Node & Named { id: ID! name: String slug: String! }
type Tag { key: ID! }
type Money { amount: Int }
""")
POLICY = Policy("shop", "d", key_fields={"Page": (("slug",),)})
INDEX = SchemaIndex(SCHEMA, POLICY)
TARGETS = Targets(POLICY, INDEX)


def entity(name: str, field: str, value: str) -> set[str]:
    return {f"key:{name}:{field}:{value}", f"some:{name}", f"null:{name}"}


def whole(*names: str) -> set[str]:
    return {f"{kind}:{name}" for name in names for kind in ("type", "null", "list")}


def tags(text: str, body: str) -> set[str]:
    """The tags of an answer to a document that is sent as written."""
    answer = read_answer(INDEX, operation(text), None, body.encode(), {})
    assert isinstance(answer, Answer), answer
    return set(answer.tags)


@pytest.mark.parametrize("name", ["Node", "Named"])
def test_an_interface_stands_for_all_its_members(name: str) -> None:
    assert set(TARGETS.tags(name, None)) == whole("Post", "Page")


def test_a_union_stands_for_all_its_members() -> None:
    assert set(TARGETS.tags("Hit", None)) == whole("Post", "Page", "Money", "Tag")


def test_an_entity_of_an_interface_is_purged_in_each_member() -> None:
    """Page has an id that is not its key, so no tag says which Page is meant."""
    found = set(TARGETS.tags("Node", {"id": ["5"]}))
    assert found == entity("Post", "id", "5") | whole("Page")


def test_a_member_that_cannot_have_the_field_is_left_alone() -> None:
    found = set(TARGETS.tags("Hit", {"key": ["t"], "slug": ["p"]}))
    assert found == entity("Tag", "key", "t") | entity("Page", "slug", "p")


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("{node{__typename id}}", '{"data":{"node":{"__typename":"Post","id":5}}}'),
        ("{node{__typename id}}", '{"data":{"node":{"__typename":"Page","id":5}}}'),
        ("{node{__typename}}", '{"data":{"node":{"__typename":"Post"}}}'),
        ("{node{__typename id}}", '{"data":{"node":null}}'),
        ("{node{id}}", '{"data":{"node":{"id":"5"}}}'),
    ],
)
def test_whatever_can_show_the_entity_is_purged(text: str, body: str) -> None:
    assert tags(text, body) & set(TARGETS.tags("Node", {"id": ["5"]}))


def test_an_empty_list_of_an_interface_is_purged_with_each_member() -> None:
    found = tags("{named{name}}", '{"data":{"named":[]}}')
    for name in ("Post", "Page", "Named", "Node", "Hit"):
        assert found & set(TARGETS.tags(name, None)), name


def test_another_entity_stays() -> None:
    found = tags("{node{__typename id}}", '{"data":{"node":{"__typename":"Post","id":6}}}')
    assert not found & set(TARGETS.tags("Node", {"id": ["5"]}))


def test_what_cannot_be_purged_is_said() -> None:
    with pytest.raises(GraphQLError, match="no type 'Query' to purge"):
        TARGETS.tags("Query", None)
    with pytest.raises(GraphQLError, match="is no key field of Money"):
        TARGETS.tags("Money", {"id": ["5"]})
    with pytest.raises(GraphQLError, match="is no key field of Page"):
        TARGETS.tags("Page", {"id": ["5"]})


def test_with_global_ids_a_purge_takes_the_id_along() -> None:
    policy = replace(POLICY, key_fields={}, global_ids=True)
    index = SchemaIndex(SCHEMA, policy)
    found = Targets(policy, index).tags("Post", {"id": ["5"]})
    assert set(found) == entity("Post", "id", "5") | {"id:5"}
    assert "id:5" in purge_entity_tags(index, "Post", GLOBAL_ID, ["5"])
    assert "id:5" not in purge_entity_tags(index, "Page", ("slug",), ["5"])
    assert set(purge_id_tags("5")) == {"id:5", "some-id", "null-id"}
