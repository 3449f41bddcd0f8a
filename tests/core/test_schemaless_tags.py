"""What an answer is tagged with where its own type names are all there is."""

from __future__ import annotations

from typing import Any

import pytest

from controller.core.answer import Answer
from tests.core.free import answered, brain, rule

ALL = rule(0, "Query")


def tags(text: str, data: Any, **policy: Any) -> set[str]:
    """All tags but those of service, root fields and operation."""
    read, _ = answered(brain(ALL, **policy), text, data)
    assert isinstance(read, Answer), read
    assert not read.too_many_tags
    return {t for t in read.tags if not t.startswith(("app:", "query:", "operation:"))}


def test_an_entity_with_its_key_and_the_keys_it_does_not_show() -> None:
    found = tags("{ post { id } }", {"post": {"T": "Post", "id": 5}}, default_keys=(("id",),))
    assert found == {"type:Post", "key:Post:id:5"}
    found = tags("{ post { id } }", {"post": {"T": "Post", "id": 5}})
    assert found == {"type:Post", "key:Post:id:5", "some:Post._id", "some:Post.key"}


def test_an_entity_whose_key_is_not_selected() -> None:
    found = tags("{ post { t } }", {"post": {"T": "Post", "t": "x"}}, default_keys=(("id",),))
    assert found == {"type:Post", "some:Post.id"}


def test_a_compound_key_of_which_a_part_is_missing() -> None:
    keys = {"Product": (("sku", "store"),)}
    asked = "{ product { sku store } }"
    product = {"T": "Product", "sku": "a", "store": 1}
    found = tags(asked, {"product": product}, key_fields=keys)
    assert found == {"type:Product", "key:Product:sku=a,store=1"}
    found = tags(asked, {"product": {**product, "store": None}}, key_fields=keys)
    assert found == {"type:Product", "some:Product.sku+store"}


def test_a_key_under_an_alias_and_what_only_is_called_so() -> None:
    keys = (("id",),)
    asked = "{ post { n: id id: title } }"
    post = {"T": "Post", "n": 5, "id": "title"}
    assert tags(asked, {"post": post}, default_keys=keys) == {"type:Post", "key:Post:id:5"}
    asked = "{ post { id: title } }"
    found = tags(asked, {"post": {"T": "Post", "id": "7"}}, default_keys=keys)
    assert found == {"type:Post", "some:Post.id"}


def test_a_field_with_arguments_is_no_key() -> None:
    found = tags("{ post { id(x: 1) } }", {"post": {"T": "Post", "id": 5}}, default_keys=(("id",),))
    assert found == {"type:Post", "some:Post.id"}


def test_what_could_be_another_field_is_a_key_with_a_doubt() -> None:
    asked = "{ node { ...on A { id } ...on B { id: code } } }"
    found = tags(asked, {"node": {"T": "Post", "id": 5}}, default_keys=(("id",),))
    assert found == {"type:Post", "key:Post:id:5", "some:Post.id"}


def test_a_fragment_that_holds_decides_over_those_that_may() -> None:
    asked = "{ node { ...on Post { id } ...on B { id: code } } }"
    found = tags(asked, {"node": {"T": "Post", "id": 5}}, default_keys=(("id",),))
    assert found == {"type:Post", "key:Post:id:5"}


def test_lists_and_what_stands_in_their_elements() -> None:
    asked = "{ posts { author { n } } }"
    data = {"posts": [{"T": "Post", "author": {"T": "Author", "n": 1}}]}
    found = tags(asked, data, default_keys=())
    assert found == {"type:Post", "type:Author", "list:Post", "list:Author"}


@pytest.mark.parametrize(
    ("asked", "elements", "mixed"),
    [
        ("{ posts { n } }", ["Post", "Post"], False),
        ("{ posts { ...on Post { n } } }", ["Post"], False),
        ("{ posts { n } }", ["Post", "Page"], True),
        ("{ posts { ...on Node { n } } }", ["Post"], True),
        ("{ posts { ...F } } fragment F on Post { n ...on Node { n } }", ["Post"], True),
        ("{ posts { __typename } }", ["Post"], True),
    ],
)
def test_a_list_that_could_hold_more_than_it_does(
    asked: str, elements: list[str], mixed: bool
) -> None:
    member = "__typename" if "__typename" in asked else "T"
    found = tags(asked, {"posts": [{member: name} for name in elements]}, default_keys=())
    assert ("mixed-list" in found) is mixed


def test_a_connection_is_a_list_by_its_name() -> None:
    found = tags(
        "{ posts { total } }", {"posts": {"T": "PostConnection", "total": 3}}, default_keys=()
    )
    assert found == {"type:PostConnection", "list:Post"}


@pytest.mark.parametrize("nothing", [None, [], [None], [[]]])
def test_where_nothing_stands_the_type_is_unknown(nothing: object) -> None:
    assert "unknown-type" in tags("{ posts { id } }", {"posts": nothing})
    assert "unknown-type" not in tags("{ count }", {"count": nothing})


def test_an_object_without_its_type_is_unknown() -> None:
    assert "unknown-type" in tags("{ post { id } }", {"post": {"id": 5}}, instrument=False)


def test_what_is_declared_counts_by_the_fields_name() -> None:
    declared = {"Query.count": ("Post",)}
    found = tags("{ a { count } }", {"a": {"T": "A"}}, field_types=declared, default_keys=())
    assert found == {"type:A", "type:Post", "list:Post", "some:Post"}


def test_global_ids_stand_without_their_type() -> None:
    found = tags(
        "{ post { id } }",
        {"post": {"T": "Post", "id": 5}},
        global_ids=True,
        default_keys=(("id",),),
    )
    assert "id:5" in found
    assert "null-id" in tags("{ post { id } }", {"post": None}, global_ids=True)
    assert "some-id" in tags("{ post { n } }", {"post": {"T": "Post", "n": 1}}, global_ids=True)
