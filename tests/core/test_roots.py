"""Root types by the names that ``rootTypeNames`` gives them."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import OperationType, build_schema

from controller.core.operation import Refusal
from controller.core.policy import Policy, Rule
from controller.core.roots import contradicted, schema_name
from controller.core.rules import Decision, decide_rules
from controller.core.schema import SchemaIndex
from controller.core.sites import declared_types
from tests.core.world import operation

HASURA = build_schema(
    """schema { query: query_root mutation: mutation_root }
    type query_root { posts: [Post] total: Int } type Post { id: ID! } type mutation_root { a: Int }
    """
)
QUERY = {OperationType.QUERY: "query_root"}


def decided(rule_on: str, **policy: Any) -> Decision | Refusal:
    """The rules' word on posts, with one rule on a type or ``Type.field``."""
    name, _, field = rule_on.partition(".")
    rule = Rule(0, {name: frozenset({field}) if field else None}, 60, 0, "PUBLIC")
    index = SchemaIndex(HASURA, Policy("s", "d", rules=(rule,), **policy))
    return decide_rules(index, operation("{ posts { id } }"))


@pytest.mark.parametrize("name", ["query_root", "Query", "query_root.posts", "Query.posts"])
def test_a_rule_on_the_query_root_works_under_both_names(name: str) -> None:
    assert isinstance(decided(name, root_names=QUERY), Decision)


def test_query_means_nothing_where_nobody_says_that_it_is_the_root() -> None:
    found = decided("Query")
    assert isinstance(found, Refusal)
    assert found.detail == "no-rule"


def test_the_schema_decides_what_the_root_is() -> None:
    wrong = {OperationType.QUERY: "RootQuery"}
    assert isinstance(decided("RootQuery", root_names=wrong), Decision)
    assert list(contradicted(HASURA, wrong)) == [(OperationType.QUERY, "query_root")]
    assert list(contradicted(HASURA, QUERY)) == []


def test_a_root_that_the_schema_does_not_have_contradicts_it() -> None:
    assert list(contradicted(HASURA, {OperationType.SUBSCRIPTION: "S"})) == [
        (OperationType.SUBSCRIPTION, "none")
    ]


def test_a_type_that_is_called_query_and_is_no_root_keeps_its_name() -> None:
    schema = build_schema("schema { query: Root } type Root { q: Query } type Query { a: Int }")
    assert schema_name(schema, {OperationType.QUERY: "Root"}, "Query") == "Query"


def test_non_cacheable_fields_of_the_root_are_seen_under_both_names() -> None:
    for name in ("Query.posts", "query_root.posts"):
        found = decided("Post", root_names=QUERY, non_cacheable=frozenset({name}))
        assert isinstance(found, Refusal)
        assert found.detail == "non-cacheable"


def test_declared_fields_of_the_root_are_seen_under_both_names() -> None:
    declared = {"Query.total": ("Post",)}
    index = SchemaIndex(HASURA, Policy("s", "d", field_types=declared, root_names=QUERY))
    assert declared_types(index, operation("{ total }")) == {"Post"}


def test_two_names_in_one_rule_are_one_type() -> None:
    for fields, expected in ((frozenset({"total"}), {"posts", "total"}), (None, None)):
        rule = Rule(0, {"Query": frozenset({"posts"}), "query_root": fields}, 60, 0, "PUBLIC")
        index = SchemaIndex(HASURA, Policy("s", "d", rules=(rule,), root_names=QUERY))
        assert index.policy.rules[0].types == {"query_root": expected}
