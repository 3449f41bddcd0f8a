"""What a mutation purges: named entities, or what its field can be about, or all it selects."""

from __future__ import annotations

from graphql import build_schema
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.instrument_source import instrument_source
from controller.core.mutation import (
    Answered,
    MutationPurge,
    NotExecuted,
    Unknown,
    purge_entity_tags,
    purge_for_mutation,
    purge_type_tags,
)
from controller.core.schema import SchemaIndex
from tests.core.documents import VARIABLES, documents
from tests.core.mutating import entity, purge, types
from tests.core.naive import naive_entities, naive_text
from tests.core.world import INDEX, POLICY, PREFIX, World, operation
from tests.support.effort import examples


def test_every_entity_of_the_answer_is_purged() -> None:
    found = purge(
        "mutation{updatePost{post{title owner{name}}}}",
        '{"updatePost":{"post":{"@0":5,"title":"t","owner":{"@0":"7","name":"n"}}}}',
    )
    assert set(found.tags) == entity("Post", "5") | entity("User", "7")
    assert found.unnamed == ()
    assert list(found.tags) == sorted(found.tags)


def test_alternative_and_compound_keys_are_all_purged() -> None:
    schema = build_schema(
        "type Query { product: Product } type Mutation { edit: Product } "
        "type Product { id: ID sku: String store: Int }"
    )
    index = SchemaIndex(schema, POLICY)
    found = purge("mutation{edit{id sku store}}", '{"edit":{"id":1,"sku":"a","store":2}}', index)
    assert set(found.tags) == {
        "key:Product:sku=a,store=2",
        "key:Product:id:1",
        "some:Product",
        "null:Product",
    }


def test_without_instrumentation_the_clients_own_keys_serve() -> None:
    asked = operation("mutation{befriend{i:id friends{name}}}")
    found = purge_for_mutation(
        INDEX, asked, None, Answered({"befriend": {"i": 7, "friends": [{"name": "n"}]}})
    )
    assert set(found.tags) == entity("User", "7") | types("User")


def test_an_entity_that_does_not_tell_its_key_purges_its_type() -> None:
    found = purge("mutation{befriend{name}}", '{"befriend":{"@0":null,"name":"n"}}')
    assert set(found.tags) == types("User")


def test_an_empty_list_beside_a_named_entity_purges_no_type() -> None:
    found = purge(
        "mutation{updatePost{post{id}friends{id}}}", '{"updatePost":{"post":{"id":5},"friends":[]}}'
    )
    assert set(found.tags) == entity("Post", "5")


def test_each_root_field_stands_for_itself() -> None:
    found = purge(
        "mutation{a:befriend{id}b:befriend{id}deletePost ping __typename}",
        '{"a":{"id":1},"b":null,"deletePost":null,"ping":true,"__typename":"Mutation"}',
    )
    assert set(found.tags) == entity("User", "1") | types("User") | types("Post")
    assert found.unnamed == ("ping",)


def test_a_root_field_that_was_skipped_purges_nothing() -> None:
    text = "mutation($y:Boolean!){befriend@include(if:$y){id}deletePost@skip(if:$y)}"
    assert purge(text, '{"deletePost":true}').tags == tuple(sorted(types("Post")))
    assert purge(text, '{"deletePost":true}').unnamed == ()


def test_a_root_field_that_should_be_there_and_is_not_may_have_been_executed() -> None:
    assert set(purge("mutation{deletePost}", "{}").tags) == types("Post")


def test_a_refused_document_purges_nothing() -> None:
    assert purge("mutation{deletePost}", NotExecuted()) == MutationPurge((), ())


def test_an_unknown_outcome_purges_the_fallback_and_everything_selected() -> None:
    text = "mutation{updatePost{post{id comments{nodes{text}}price{amount}}}ping}"
    found = purge(text, Unknown())
    assert set(found.tags) == types("Post", "User", "Comment")
    assert found.unnamed == ("ping",)
    known = purge(text, Unknown({"updatePost": {"post": {"id": "5"}}}))
    assert set(known.tags) == set(found.tags) | entity("Post", "5")


def test_of_an_abstract_type_the_members_with_content_are_selected() -> None:
    text = "mutation{befriend{favourite{...on Counter{n}...on Money{amount}}}}"
    assert set(purge(text, Unknown()).tags) == types("User", "Counter")


def test_unexpected_data_widens_the_purge() -> None:
    answer = '{"befriend":{"@0":"1","favourite":{"@1":"Comet"}}}'
    found = purge("mutation{befriend{favourite{...on Counter{id}}}}", answer)
    assert set(found.tags) == entity("User", "1") | types("User", "Counter")


def test_an_intricate_mutation_purges_what_it_selects() -> None:
    fields = " ".join(f"a{n}: favourite {{ ... on Post {{ id }} }}" for n in range(300))
    roots = " ".join(f"b{n}: befriend {{ ...F }}" for n in range(300))
    text = f"mutation {{ {roots} }} fragment F on User {{ {fields} }}"
    asked = operation(text)
    layout = instrument_source(INDEX, asked).layout
    assert layout.opaque
    found = purge_for_mutation(INDEX, asked, layout, Answered({"b0": {"id": "7"}}))
    assert set(found.tags) == types("User", "Post")


def test_purges_by_type_name() -> None:
    assert set(purge_entity_tags(INDEX, "User", ("id",), ["7"])) == entity("User", "7")
    assert set(purge_type_tags(INDEX, "User")) == types("User")
    everything = entity("Post", "7") | entity("User", "7") | entity("Page", "7")
    assert set(purge_entity_tags(INDEX, "Node", ("id",), ["7"])) == everything
    assert set(purge_type_tags(INDEX, "Node")) == types("Post", "User", "Page")
    assert set(purge_type_tags(INDEX, "Nope")) == types("Nope")
    assert set(purge_entity_tags(INDEX, "Nope", ("id",), ["7"])) == entity("Nope", "7")


def test_no_entity_of_any_answer_is_missed() -> None:
    seen = {"named": 0, "fallback": 0, "errors": 0}

    @settings(max_examples=examples(200), deadline=None)
    @given(documents("mutation"), st.integers(0, 2**30), st.booleans(), st.booleans())
    def check(text: str, seed: int, instrumented: bool, unknown: bool) -> None:
        asked, world = operation(text), World(seed, errors=0.05)
        sent = instrument_source(INDEX, asked, prefix=PREFIX) if instrumented else None
        response = world.run(sent.text if sent else text, VARIABLES)
        data = response["data"]
        outcome = Unknown(data) if unknown or data is None else Answered(data)
        found = purge_for_mutation(INDEX, asked, sent.layout if sent else None, outcome)
        complete = world.run(naive_text(text), VARIABLES)["data"] or {}
        for name, entities in naive_entities(complete):
            assert f"type:{name}" in found.tags or entities & set(found.tags)
        seen["named"] += any(t.startswith("key:") for t in found.tags)
        seen["fallback"] += any(t.startswith("type:") for t in found.tags)
        seen["errors"] += "errors" in response

    check()
    assert min(seen.values()) > 20, seen
