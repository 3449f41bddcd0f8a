"""The lists and nulls of an answer, and of which types they are."""

from __future__ import annotations

import pytest
from graphql import build_schema

from controller.core.schema import SchemaIndex
from tests.core.walking import EVERY_THING, entities, seen
from tests.core.world import POLICY


def test_lists_nulls_and_lists_of_lists() -> None:
    found = seen("{grid{id}}", '{"grid":[[{"id":"1"},null],null,[]]}')
    assert entities(found) == {("Post", "id", "1")}
    assert found.lists == {"Post"}
    assert found.nulls == {"Post"}
    assert seen("{grid{id}}", '{"grid":null}').nulls == {"Post"}


def test_an_empty_list_is_a_list_of_what_the_schema_says() -> None:
    assert seen("{posts{id}}", '{"posts":[]}').lists == {"Post"}
    found = seen("{things{__typename}}", '{"things":[]}')
    assert found.lists == EVERY_THING
    assert found.types == set()


def test_a_null_of_an_abstract_type_is_one_of_each_possible_type() -> None:
    assert seen("{a:thing{__typename}}", '{"a":null}').nulls == EVERY_THING
    assert seen("{node{id}}", '{"node":null}').nulls == {"Post", "User", "Page"}


@pytest.mark.parametrize(
    ("text", "data", "lists"),
    [
        ("{feed{totalCount}}", '{"feed":{"totalCount":3}}', {"Post"}),
        ("{feed{edges{cursor}}}", '{"feed":{"edges":[]}}', {"Post", "PostEdge"}),
        ("{members{size}}", '{"members":{"size":3}}', {"User"}),
        ("{post{id comments{nodes{key}}}}", '{"post":{"id":1,"comments":null}}', {"Comment"}),
    ],
)
def test_connections_are_lists_of_their_node(text: str, data: str, lists: set[str]) -> None:
    assert seen(text, data).lists == lists


def test_a_null_connection_is_a_null_of_its_node_too() -> None:
    assert seen("{feed{totalCount}}", '{"feed":null}').nulls == {"PostConnection", "Post"}


LISTS = SchemaIndex(
    build_schema("""
    type Query { products: Products found: Found open: Open carts: [Cart] deep: [[[Post!]!]!]! }
    union Found = Products | Posts | Money
    interface Open { size: Int }
    type Products implements Open { items: [Product] size: Int }
    type Posts implements Open { edges: [Edge!]! size: Int }
    type Edge { node: Node }
    interface Node { id: ID }
    type Post implements Node { id: ID }
    type Page implements Node { id: ID }
    type Product { id: ID }
    type Money { items: [Float] }
    type Cart { id: ID items: [Item!]! }
    type Item { id: ID }
    """),
    POLICY,
)


@pytest.mark.parametrize(
    ("text", "data", "lists"),
    [
        # Magento, Contentful, AppSync.
        ("{products{size}}", '{"products":{"size":3}}', {"Product"}),
        # An entity that has items is no connection.
        ("{carts{id}}", '{"carts":[{"id":1}]}', {"Cart"}),
        ("{carts{id items{id}}}", '{"carts":[{"id":1,"items":[]}]}', {"Cart", "Item"}),
        # A list of leaves holds no type.
        (
            "{found{__typename...on Money{items}}}",
            '{"found":{"__typename":"Money","items":[1]}}',
            set(),
        ),
        # A connection behind an interface or union; its nodes may be of several types.
        ("{found{__typename}}", '{"found":{"__typename":"Products"}}', {"Product"}),
        ("{found{__typename}}", '{"found":{"__typename":"Posts"}}', {"Post", "Page"}),
        ("{open{__typename size}}", '{"open":{"__typename":"Posts","size":0}}', {"Post", "Page"}),
        ("{open{size}}", '{"open":{"size":0}}', {"Post", "Page", "Product"}),
        ("{deep{id}}", '{"deep":[]}', {"Post"}),
        ("{deep{id}}", '{"deep":[[[]],[]]}', {"Post"}),
    ],
)
def test_what_is_a_list_of_something(text: str, data: str, lists: set[str]) -> None:
    assert seen(text, data, LISTS, instrumented=False).lists == lists


@pytest.mark.parametrize(
    ("text", "data", "nulls"),
    [
        ("{products{size}}", '{"products":null}', {"Products", "Product"}),
        (
            "{found{__typename}}",
            '{"found":null}',
            {"Products", "Posts", "Money", "Product", "Post", "Page"},
        ),
        ("{open{size}}", '{"open":null}', {"Products", "Posts", "Product", "Post", "Page"}),
    ],
)
def test_a_null_is_one_of_each_possible_type_and_of_what_it_would_hold(
    text: str, data: str, nulls: set[str]
) -> None:
    assert seen(text, data, LISTS, instrumented=False).nulls == nulls
