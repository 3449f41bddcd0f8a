"""Every example of the documentation that clients were written by, against a real Varnish.

GraphCDN's page first, Stellate's after it. Where a page has a typo that no GraphQL server takes,
the test says so:

- the calls from JavaScript lack closing braces and have ``<https://…>`` for the address;
- ``_purgeType(type: "Todo", keyFields: …`` lacks its closing parenthesis;
- the query about a package asks for ``__typname``;
- the text before ``_purgeOperationName`` writes ``listTodos[:`` for ``listTodos``.
"""

from __future__ import annotations

import pytest

from tests.purging.conftest import QUERIES, Site
from tests.support.stack import assert_hit

POSTS = ["post 5", "post 12", "posts", "two posts"]
USERS = ["user 1", "user 5", "user 6", "users", "found"]
TODOS = ["todo 42", "todo 43", "todos"]
PACKAGES = ["package", "other package", "no package"]


@pytest.mark.parametrize("header", ["graphcdn-token", "stellate-token"])
def test_the_call_from_javascript(site: Site, header: str) -> None:
    """With the braces closed."""
    response = site.stack.http.post(
        site.api,
        headers={"Content-Type": "application/json", header: site.stack.token},
        json={"query": "mutation { purgePost }"},
    )
    assert response.json()["data"] == {"purgePost": True}
    site.assert_gone(*POSTS)


def test_a_specific_object(site: Site) -> None:
    site.ask("mutation { purgeUser(id: [5]) }")
    site.assert_gone("user 5", "users", "found")


def test_as_many_objects_as_you_want_at_once(site: Site) -> None:
    answer = site.ask("mutation { purgeUser(id: [1, 2, 5, 7]) purgePost(id: [12, 13]) }")
    assert answer["data"] == {"purgeUser": True, "purgePost": True}
    site.assert_gone("user 1", "user 5", "users", "found", "post 12")


def test_a_field_of_the_query_root(site: Site) -> None:
    site.ask("mutation { _purgeQuery(queries: [posts]) }")
    site.assert_gone("posts", "two posts")


def test_operation_names_of_graphcdn(site: Site) -> None:
    site.ask('mutation { _purgeOperationName(names: ["listUsers", "listPosts"]) }')
    site.assert_gone("users", "posts")


def test_all_occurrences_of_a_type(site: Site) -> None:
    site.ask("mutation { purgeUser }")
    site.assert_gone(*USERS)


def test_a_soft_purge_serves_what_is_stale_once_more(site: Site) -> None:
    site.ask(
        """mutation {
    purgeUser(id: [5], soft: true)
}"""
    )
    stale = assert_hit(site.read(QUERIES["user 5"]))
    assert stale.headers["cache-status"].startswith("shellac; hit; ttl=-") or (
        stale.headers["cache-status"].endswith("ttl=0")
    )
    fresh = assert_hit(site.read(QUERIES["user 6"]))
    assert int(fresh.headers["cache-status"].partition("ttl=")[2]) > 800


def test_an_arbitrary_type(site: Site) -> None:
    site.ask(
        """# purge all cached documents containing Todo's
mutation {
    _purgeType(type: "Todo")
}"""
    )
    site.assert_gone(*TODOS)


def test_specific_instances_of_a_type(site: Site) -> None:
    """With its parenthesis closed."""
    site.ask(
        """# purge specific instances
mutation {
    _purgeType(type: "Todo", keyFields: [{name: "id", value: "42"}])
}"""
    )
    site.assert_gone("todo 42", "todos")


def test_operation_names_of_stellate(site: Site) -> None:
    site.ask(
        """mutation { 
    _purgeOperationName(names: ["listUsers", "listTodos"])
}"""
    )
    site.assert_gone("users", "todos")


def test_query_root_fields_by_name(site: Site) -> None:
    site.ask(
        """mutation {
    _purgeQuery(queries: ["package"])
}"""
    )
    site.assert_gone(*PACKAGES)


PACKAGE = """{
  package(name: "@urql/core") {
    __typename
    name
  }
}"""
"""With ``__typename`` spelt out."""


def test_query_root_fields_by_name_and_argument(site: Site) -> None:
    assert_hit(site.read(PACKAGE))
    site.ask(
        """mutation {
    _purgeQueryField(fields: [
        {
            name: "package",
            args: { name: "@urql/core"}
        }
    ])
}"""
    )
    site.assert_gone("package")


def test_query_root_fields_without_an_argument(site: Site) -> None:
    site.ask(
        """mutation {
    _purgeQueryField(fields: [ { name: "package" } ])
}"""
    )
    assert_hit(site.read(PACKAGE))
    site.assert_gone("no package")


@pytest.mark.parametrize(
    "document",
    [
        "mutation { _purgeAll }",
        """mutation { 
    _purgeAll
}""",
    ],
)
def test_everything(site: Site, document: str) -> None:
    site.ask(document)
    site.assert_gone(*QUERIES)


def test_all_documents_with_a_type_of_the_schema(site: Site) -> None:
    site.ask(
        """mutation {
    purgePackage
}"""
    )
    site.assert_gone(*PACKAGES, "found")


def test_documents_with_a_specific_package(site: Site) -> None:
    site.ask(
        """mutation {
    purgePackage(name: "@urql/core")
}"""
    )
    site.assert_gone("package", "found")


def test_a_query_root_field_of_the_schema(site: Site) -> None:
    site.ask(
        """mutation {
    purgeQuery_package(args: { name: "@urql/core"})
}"""
    )
    site.assert_gone("package")


def test_a_query_root_field_as_an_enum(site: Site) -> None:
    site.ask(
        """mutation {
    _purgeQuery(queries: [package])
}"""
    )
    site.assert_gone(*PACKAGES)


def test_a_query_root_field_as_an_enum_with_arguments(site: Site) -> None:
    site.ask(
        """mutation {
    _purgeQueryField(fields: [
        {
            name: package,
            args: { name: "@urql/core"}
        }
    ])
}"""
    )
    site.assert_gone("package")


class TestAlso:
    """What neither page shows and clients do all the same."""

    def test_an_interface_or_a_union(self, site: Site) -> None:
        site.ask("mutation { purgeNode(id: 5) }")
        site.assert_gone("user 5", "users", "found", "post 5", "posts")

    def test_many_aliases_with_variables(self, site: Site) -> None:
        answer = site.ask(
            "mutation ($soft: Boolean, $ids: [ID!]!, $type: String!) {"
            '  a: _purgeType(type: "User", keyFields: [{name: "id", value: 6}], soft: $soft)'
            "  b: purgePost(id: $ids, soft: $soft)"
            "  c: _purgeType(type: $type, soft: $soft) }",
            {"soft": False, "ids": [12], "type": "Todo"},
        )
        assert answer["data"] == {"a": True, "b": True, "c": True}
        site.assert_gone("user 6", "post 12", *TODOS)

    def test_what_nobody_has_cached(self, site: Site) -> None:
        site.ask('mutation { purgePackage(name: "x") _purgeOperationName(names: ["nobodys"]) }')
        site.assert_gone()
