"""What an answer looks like: the fields at one position of it, per concrete type."""

from __future__ import annotations

from controller.core.shape import Shape, operation_shape
from tests.core.world import INDEX, operation


def shape(text: str) -> Shape:
    return operation_shape(INDEX, operation(text))


def below(text: str, *keys: str) -> Shape:
    """The shape at the end of a path of response keys; each step takes the static type."""
    here = shape(text)
    for key in keys:
        found = here.on(here.type.name)[key].shape
        assert found is not None
        here = found
    return here


def names(here: Shape, type_name: str) -> dict[str, str]:
    """Response key → field name, in document order."""
    return {key: selected.name for key, selected in here.on(type_name).items()}


def test_response_keys_stand_in_document_order() -> None:
    here = shape("{ b: count a: count ...F me { id } } fragment F on Query { count }")
    assert list(names(here, "Query")) == ["b", "a", "count", "me"]


def test_fields_of_one_response_key_are_merged() -> None:
    user = below("{ me { name } ... { me { friends { id } } } me { name } }", "me")
    assert names(user, "User") == {"name": "name", "friends": "friends"}


def test_fragments_count_where_they_apply() -> None:
    things = below(
        """{ things {
          __typename
          ... on Post { title }
          ... on Node { id ... on User { name } ... on Counter { n } }
          ...T
        } }
        fragment T on Titled { owner { id } }""",
        "things",
    )
    assert list(names(things, "Post")) == ["__typename", "title", "id", "owner"]
    assert list(names(things, "User")) == ["__typename", "id", "name"]
    assert list(names(things, "Counter")) == ["__typename"]


def test_one_fragment_within_another_type_condition() -> None:
    node = below("{ node { ... on Post { ...F } ...F } } fragment F on Node { id }", "node")
    assert list(names(node, "Post")) == ["id"]
    assert list(names(node, "Page")) == ["id"]


def test_nested_shapes_know_their_types_and_leaves_have_none() -> None:
    query = shape("{ posts { price { amount } } count __typename }").on("Query")
    posts = query["posts"].shape
    assert posts is not None
    assert posts.type.name == "Post"
    assert posts.on("Post")["price"].type is INDEX.named("Money")
    assert query["count"].shape is None
    assert query["__typename"].field is None
    assert query["__typename"].shape is None


def test_the_return_type_is_that_of_the_concrete_type() -> None:
    titled = below("{ titled { owner { name } } }", "titled")
    assert titled.on("Page")["owner"].type is INDEX.named("User")


def test_a_field_that_may_be_skipped_is_not_certain() -> None:
    text = """query ($y: Boolean!) { me {
      id @include(if: $y) name @skip(if: $y)
      ... @include(if: $y) { a: id } ...F @skip(if: $y) ...F
      twice: id @include(if: $y) twice: id
    } } fragment F on User { b: id }"""
    user = below(text, "me").on("User")
    certain = {key for key, selected in user.items() if selected.certain}
    assert certain == {"b", "twice"}


def test_what_is_plain() -> None:
    text = """query ($y: Boolean!) {
      count me { id n: name friends { id } } post(id: 1) { id } members @skip(if: $y) { size }
    }"""
    query = shape(text).on("Query")
    assert {key for key, selected in query.items() if selected.plain} == {"count", "me"}
    user = below(text, "me").on("User")
    assert {key for key, selected in user.items() if selected.plain} == {"id", "friends"}


def test_fragments_that_spread_each_other_end() -> None:
    text = "{ me { ...A } } fragment A on User { id ...B } fragment B on User { name ...A }"
    assert list(names(below(text, "me"), "User")) == ["id", "name"]
