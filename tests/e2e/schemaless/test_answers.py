"""Without a schema types are what answers say they are, and purges reach what holds them."""

from __future__ import annotations

import pytest

from tests.e2e.schemaless.asking import ALICE, detail, mutate, settled, ttl
from tests.e2e.schemaless.conftest import Origin
from tests.support.stack import (
    Stack,
    assert_hit,
    assert_miss,
    assert_pass,
    assert_same_body,
    describe,
)


def test_an_answer_is_stored_by_the_types_it_names(stack: Stack, origin: Origin) -> None:
    asked = "query Both { a: post(id: 1) { id title } posts { id author { name } } }"
    direct = stack.query(asked, direct=True)
    origin.documents.clear()
    assert_same_body(assert_miss(stack.query(asked)), direct)
    hit = assert_hit(stack.query(asked.replace(" ", "\n")))
    assert_same_body(hit, direct)
    assert 290 <= ttl(hit) <= 300
    (sent,) = origin.documents
    assert sent.count("__typename") == 3
    assert sent.startswith("query Both{a:post")


def test_what_the_client_selects_of_type_names_stays(stack: Stack) -> None:
    asked = "{ __typename post(id: 1) { kind: __typename id } posts { __typename } }"
    direct = stack.query(asked, direct=True)
    assert_same_body(assert_miss(stack.query(asked)), direct)
    assert_same_body(assert_hit(stack.query(asked)), direct)


def test_a_purge_of_a_type_ends_what_holds_it(stack: Stack) -> None:
    for asked in ("{ post(id: 1) { title } }", "{ feed { nodes { title } } }"):
        assert_miss(stack.query(asked))
        assert_hit(stack.query(asked))
    stack.purge('mutation { _purgeType(type: "Author") }')
    assert_hit(stack.query("{ post(id: 1) { title } }"))
    stack.purge('mutation { _purgeType(type: "Post") }')
    assert_miss(stack.query("{ post(id: 1) { title } }"))
    assert_miss(stack.query("{ feed { nodes { title } } }"))


def test_a_purge_of_an_entity_spares_others(stack: Stack) -> None:
    for number in (1, 2):
        assert_miss(stack.query(f"{{ post(id: {number}) {{ id title }} }}"))
    purge = 'mutation { _purgeType(type: "Post", keyFields: [{name: "id", value: 1}]) }'
    stack.purge(purge)
    assert_miss(stack.query("{ post(id: 1) { id title } }"))
    assert_hit(stack.query("{ post(id: 2) { id title } }"))


def test_what_does_not_show_its_key_goes_with_every_entity(stack: Stack) -> None:
    assert_miss(stack.query("{ post(id: 2) { title } }"))
    stack.purge('mutation { _purgeType(type: "Post", keyFields: [{name: "id", value: 1}]) }')
    assert_miss(stack.query("{ post(id: 2) { title } }"))


def test_a_mutation_purges_what_its_answer_names(stack: Stack) -> None:
    one, two = "{ post(id: 1) { id title } }", "{ post(id: 2) { id title } }"
    for asked in (one, two):
        assert_miss(stack.query(asked))
    answer = mutate(stack, 'mutation { renamePost(id: 1, title: "new") { id title } }')
    assert answer.json() == {"data": {"renamePost": {"id": "1", "title": "new"}}}
    assert assert_miss(stack.query(one)).json()["data"]["post"]["title"] == "new"
    assert_hit(stack.query(two))


def test_a_mutation_that_answers_with_a_flag_purges_by_its_name(stack: Stack) -> None:
    asked = "{ post(id: 2) { id title } }"
    assert_miss(stack.query(asked))
    mutate(stack, "mutation { deletePost(id: 2) }")
    assert assert_miss(stack.query(asked)).json() == {"data": {"post": None}}


def test_a_mutation_of_nothing_known_is_counted(stack: Stack) -> None:
    asked = "{ post(id: 1) { id title } }"
    assert_miss(stack.query(asked))
    mutate(stack, "mutation { ping }")
    assert_hit(stack.query(asked))
    metrics = stack.http.get(f"{stack.admin_url}/metrics").text
    assert 'shellac_mutations_unnamed_total{field="other"} 1.0' in metrics


@pytest.mark.parametrize(
    "asked", ['{ posts(tag: "none") { id } ruled }', "{ post(id: 99) { id } ruled }"]
)
def test_an_empty_place_is_purged_by_whatever_could_fill_it(stack: Stack, asked: str) -> None:
    settled(stack, asked)
    mutate(stack, 'mutation { createPost(title: "new") { post { id } } }')
    assert_miss(stack.query(asked))
    assert_hit(stack.query(asked))
    stack.purge('mutation { _purgeType(type: "Post") }')
    assert_miss(stack.query(asked))
    assert_hit(stack.query(asked))
    stack.purge('mutation { _purgeType(type: "Author", keyFields: [{name: "id", value: 7}]) }')
    assert_miss(stack.query(asked))


def test_what_is_not_cacheable_is_not_stored(stack: Stack) -> None:
    by_document = "query Word { ruled thing { ...on Vault { word } } }"
    assert detail(assert_pass(stack.query(by_document))) == "non-cacheable"
    by_answer = "query Word { ruled vault { word } }"
    for _ in range(2):
        answer = stack.query(by_answer)
        assert detail(answer) == "non-cacheable", describe(answer)
    harmless = "query Word { ruled vault { id } }"
    assert_miss(stack.query(harmless))
    assert_hit(stack.query(harmless))


def test_a_document_that_names_no_type_and_no_ruled_field_is_not_stored(stack: Stack) -> None:
    for _ in range(2):
        answer = stack.query("query Plain { __typename }")
        assert detail(answer) == "no-rule", describe(answer)


def test_other_operations_of_the_document_are_asked_with_it(stack: Stack) -> None:
    broken = "query A { post(id: 1) { id } } query B { nowhere }"
    direct = stack.query(broken, operation_name="A", direct=True)
    assert "errors" in direct.json()
    assert_miss(stack.query("query A { post(id: 1) { id } }"))
    for _ in range(2):
        answer = stack.query(broken, operation_name="A")
        assert answer.headers["gcdn-cache"] != "HIT"
        assert_same_body(answer, direct)


def test_an_invalid_document_is_answered_as_the_origin_does(stack: Stack) -> None:
    for asked in ("{ post(id: 1) { nowhere } }", "{ ...Gone }", "query ($x: Int) { ruled }"):
        direct = stack.query(asked, direct=True)
        for _ in range(2):
            assert_same_body(stack.query(asked), direct)


def test_a_type_that_only_an_answer_has_named_is_known_to_mutations(stack: Stack) -> None:
    asked = "query Gadgets { gadget { id } ruled }"
    assert_miss(stack.query(asked))
    assert_hit(stack.query(asked))
    mutate(stack, "mutation { dropGadget }")
    assert_miss(stack.query(asked))


def test_a_rule_for_a_type_counts_from_the_answer_that_shows_it(
    stack: Stack, origin: Origin
) -> None:
    asked = "query Ruled { owned { id } ruled }"
    origin.thing = "Gadget"
    assert_miss(stack.query(asked))
    assert 110 <= ttl(assert_hit(stack.query(asked))) <= 120
    stack.purge("mutation { _purgeAll }")
    origin.thing = "User"
    settled(stack, asked)
    assert 50 <= ttl(assert_hit(stack.query(asked))) <= 60


def test_a_list_that_could_hold_more_goes_with_every_purge_of_a_type(stack: Stack) -> None:
    asked = "query Mixed { about { id ...on User { name } } }"
    settled(stack, asked, headers=ALICE)
    stack.purge('mutation { _purgeType(type: "Draft") }')
    assert_miss(stack.query(asked, headers=ALICE))
    alike = "query Alike { posts { id } }"
    assert_miss(stack.query(alike))
    stack.purge('mutation { _purgeType(type: "Draft") }')
    assert_hit(stack.query(alike))
