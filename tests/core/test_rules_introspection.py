"""Introspection: passed, or cached for everybody where the owner wants it."""

from __future__ import annotations

import pytest

from controller.core.rules import Decision
from tests.core.ruling import assert_refused, decided, rule


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { queryType { name } } }",
        '{ __type(name: "Post") { name } }',
        "{ count ...F } fragment F on Query { s: __schema { description } }",
        "{ me { query { __schema { description } } } }",
    ],
)
def test_introspection_is_passed(text: str) -> None:
    assert_refused(decided(text, rule("Query")), "introspection")


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { queryType { name } } }",
        '{ __type(name: "Post") { name } }',
        "{ __typename s: __schema { description } ...F } fragment F on Query { __typename }",
        "{ __schema { description } post @include(if: false) { id } }",
    ],
)
def test_introspection_is_cached_as_public_where_the_owner_wants_it(text: str) -> None:
    found = decided(text, rule("Query", scope="AUTH", max_age=5), cache_introspection=True)
    assert isinstance(found, Decision), found
    assert (found.max_age, found.swr, found.scopes) == (63 * 60, 24 * 3600, frozenset())


def test_a_document_with_introspection_in_it_needs_rules_for_the_rest() -> None:
    text = "{ __schema { description } me { id } }"
    assert_refused(decided(text, cache_introspection=True), "no-rule")
    assert_refused(
        decided(text, rule("Query"), cache_introspection=True, non_cacheable=frozenset({"User"})),
        "non-cacheable",
    )
    found = decided(
        text, rule("User", max_age=9_999, swr=99, scope="AUTH"), cache_introspection=True
    )
    assert isinstance(found, Decision)
    assert (found.max_age, found.swr, found.scopes) == (63 * 60, 99, frozenset({"AUTH"}))


def test_introspection_below_the_root_is_no_introspection_alone() -> None:
    text = "{ me { query { __schema { description } } } }"
    assert_refused(decided(text, cache_introspection=True), "no-rule")
