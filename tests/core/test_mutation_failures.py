"""What a mutation purges whose answer has errors, by the policy of its field."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.instrument_source import instrument_source
from controller.core.mutation import (
    MutationPurge,
    Unknown,
    _root_field,
    purge_for_mutation,
)
from controller.core.mutation_answer import read_mutation_answer
from controller.core.policy import PurgeType
from controller.core.schema import SchemaIndex
from tests.core.documents import VARIABLES, documents
from tests.core.naive import naive_entities, naive_text
from tests.core.test_mutation import entity, types
from tests.core.test_mutation_policy import ARGS_ID, UPDATE, index, post, purge
from tests.core.world import POLICY, PREFIX, SCHEMA, World, operation
from tests.support.effort import examples

TWO = "mutation { a: updatePost(id: 5) { title author { name } } b: createUser { name } }"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        # The field that failed, by its types; the other by its entity.
        (
            '{"data":{"a":{"@0":"5","title":"t","author":null},"b":null},'
            '"errors":[{"path":["b"]}]}',
            post("5") | types("User"),
        ),
        (
            '{"data":{"a":null,"b":{"@0":"1","name":"n"}},"errors":[{"path":["a"]}]}',
            types("Post", "User") | entity("User", "1"),
        ),
        # What an error took below: the author, not the post.
        (
            '{"data":{"a":{"@0":"5","title":"t","author":null},"b":{"@0":"1","name":"n"}},'
            '"errors":[{"path":["a","author","name"]}]}',
            post("5") | types("User") | entity("User", "1"),
        ),
        (
            '{"data":{"a":{"@0":"5","title":null,"author":null},"b":{"@0":"1","name":"n"}},'
            '"errors":[{"path":["a","title"]}]}',
            post("5") | entity("User", "1"),
        ),
        # An error that does not say where it stands, or stands nowhere.
        (
            '{"data":{"a":{"@0":"5","title":"t","author":null},"b":{"@0":"1","name":"n"}},'
            '"errors":[{"message":"m"}]}',
            post("5") | entity("User", "1") | types("Post", "User"),
        ),
        (
            '{"data":{"a":{"@0":"5","title":"t","author":null},"b":{"@0":"1","name":"n"}},'
            '"errors":[{"path":["a","nope"]}]}',
            post("5") | entity("User", "1") | types("Post", "User"),
        ),
    ],
)
def test_an_answer_with_errors_purges_what_came_and_what_the_failed_field_could_touch(
    answer: str, expected: set[str]
) -> None:
    assert set(purge(index(), TWO, answer).tags) == expected


NULL = '{"data":null,"errors":[{"path":["updatePost"]}]}'
FIELD_NULL = '{"data":{"updatePost":null},"errors":[{"path":["updatePost"]}]}'


@pytest.mark.parametrize("answer", [NULL, FIELD_NULL])
def test_a_failed_mutation_purges_by_type_unless_the_origin_rolls_back(answer: str) -> None:
    assert set(purge(index(), UPDATE, answer).tags) == types("Post", "User")
    assert purge(index(failed=False), UPDATE, answer) == MutationPurge((), ())
    # A gateway that gave up has not rolled back anything.
    late = purge(index(failed=False), UPDATE, answer, status=504)
    assert set(late.tags) == types("Post", "User")


def test_what_failed_beside_another_field_leaves_that_one_in_doubt() -> None:
    shop = index(failed=False)
    both = '{"data":null,"errors":[{"path":["b"]}]}'
    assert set(purge(shop, TWO, both).tags) == types("Post", "User")
    one = '{"data":{"a":{"@0":"5","title":"t","author":null},"b":null},"errors":[{"path":["b"]}]}'
    assert set(purge(shop, TWO, one).tags) == post("5")
    without_error = '{"data":{"updatePost":null}}'
    assert set(purge(shop, UPDATE, without_error).tags) == types("Post")


def test_no_entity_that_an_error_hides_is_missed() -> None:
    """Against the same world without errors: what would have stood there may have been written."""
    seen = {"named": 0, "errors": 0, "narrow": 0}
    shop = SchemaIndex(SCHEMA, POLICY)

    @settings(max_examples=examples(200), deadline=None)
    @given(documents("mutation"), st.integers(0, 2**30))
    def check(text: str, seed: int) -> None:
        asked = operation(text)
        sent = instrument_source(shop, asked, prefix=PREFIX)
        response = World(seed, errors=0.05, nulls=0.0).run(sent.text, VARIABLES)
        answer = read_mutation_answer(sent, json.dumps(response).encode())
        found = purge_for_mutation(shop, asked, sent.layout, answer.outcome)
        complete = World(seed, nulls=0.0).run(naive_text(text), VARIABLES)["data"] or {}
        everything = set()
        for key, value in complete.items():
            if sent.layout.root_fields[key].name == "__typename":
                continue
            in_doubt = Unknown(response["data"])
            widest = _root_field(shop, asked, sent.layout, key, in_doubt, {}) or set()
            everything |= widest
            for name, entities in naive_entities({key: value}):
                of_it = {f"type:{name}"} | entities
                if of_it & widest:
                    assert of_it & set(found.tags), (name, entities)
        seen["named"] += any(t.startswith("key:") for t in found.tags)
        seen["errors"] += "errors" in response
        seen["narrow"] += len(found.tags) < len(everything)

    check()
    assert min(seen.values()) > 20, seen


def test_an_entry_is_not_purged_where_the_field_was_left_out() -> None:
    shop = index(deletePost=(PurgeType("Post", None, (ARGS_ID,)),))
    text = "mutation($y: Boolean!) { ping deletePost(id: 5) @include(if: $y) }"
    assert purge(shop, text, '{"data":{"ping":true}}').tags == ()
