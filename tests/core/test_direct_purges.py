"""Which of the origin's tags a mutation purges, by templates."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import build_schema
from hypothesis import given
from hypothesis import strategies as st

from controller.brain import Brain
from controller.core.direct import Direct, Templates
from controller.core.direct_purges import entity_of, in_origin_tags
from controller.core.mutation import Answered, NotExecuted, Outcome, Unknown
from controller.core.operation import Operation, select_operation
from controller.core.policy import MutationEntry, MutationPolicy, Policy, PurgeQuery, PurgeType
from controller.core.tags import Purge, entity_tag
from controller.core.verdict import Mutation
from controller.schemaless import SchemalessBrain

SHOP = build_schema(
    """
    interface ProductInterface { id: Int sku: String name: String }
    type SimpleProduct implements ProductInterface { id: Int sku: String name: String }
    type BundleProduct implements ProductInterface { id: Int sku: String name: String }
    type CategoryTree { id: Int name: String }
    type CmsBlock { identifier: String content: String }
    type Cart { id: ID! total: Int }
    type Query {
        products: [ProductInterface] categories: [CategoryTree] blocks: [CmsBlock] cart: Cart
    }
    type Mutation {
        renameProduct(id: Int, name: String): SimpleProduct
        renameProducts: [ProductInterface]
        renameCategory(id: Int): CategoryTree
        editBlock(identifier: String): CmsBlock
        setCart: Cart
        reindex: Boolean
    }
    """
)
TEMPLATES: Templates = {
    "ProductInterface": ("cat_p_{id}", "cat_p"),
    "CategoryTree": ("cat_c_{id}", "cat_c_p_{id}"),
    "CmsBlock": ("cms_b_{identifier}",),
}


def policy(templates: Templates = TEMPLATES, **given: Any) -> Policy:
    return Policy("shop", "0", direct=Direct("magento", templates), **given)


def purged(brain: Brain, text: str, outcome: Outcome | dict[str, Any]) -> Purge:
    """What a mutation purges; of data every entity's fields stand as they are in it."""
    operation = select_operation(text, None)
    assert isinstance(operation, Operation)
    sent = brain.source_as_written(operation)
    found = Answered(outcome) if isinstance(outcome, dict) else outcome
    return brain.effect(Mutation(operation, {}), sent, found).purge


def tags(brain: Brain, text: str, outcome: Outcome | dict[str, Any]) -> set[str]:
    found = purged(brain, text, outcome)
    assert not found.everything
    return {tag.removeprefix("origin:") for tag in found.tags}


RENAME = "mutation { renameProduct(id: 5) { id } }"
RENAMED = {"renameProduct": {"id": 5}}


def test_an_entity_is_the_tags_of_its_templates() -> None:
    brain = Brain(policy(), SHOP)
    assert tags(brain, RENAME, RENAMED) == {"cat_p_5"}
    answer = {"renameCategory": {"id": 7}}
    assert tags(brain, "mutation { renameCategory(id: 7) { id } }", answer) == {
        *("cat_c_7", "cat_c_p_7")
    }
    block = {"editBlock": {"identifier": "footer"}}
    asked = 'mutation { editBlock(identifier: "footer") { identifier } }'
    assert tags(brain, asked, block) == {"cms_b_footer"}


@pytest.mark.parametrize("what", ["List", "Type"])
def test_policies_that_reach_further_purge_the_type_as_a_whole(what: MutationPolicy) -> None:
    found = tags(Brain(policy(mutation_policy=what), SHOP), RENAME, RENAMED)
    assert found == ({"cat_p_5", "cat_p"} if what == "List" else {"cat_p"})


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("mutation { renameProduct { name } }", "id"),
        ("mutation { editBlock { content } }", "identifier"),
    ],
)
def test_the_fields_of_templates_are_added_to_mutations(text: str, field: str) -> None:
    operation = select_operation(text, None)
    assert isinstance(operation, Operation)
    sent = Brain(policy(), SHOP).instrumented_source(operation)
    (alias,) = sent.aliases
    assert f"{alias}:{field}" in sent.text


def test_an_entity_without_the_field_is_its_type_or_everything() -> None:
    brain = Brain(policy(), SHOP)
    asked = "mutation { renameProduct { name } }"
    assert tags(brain, asked, {"renameProduct": {"name": "x"}}) == {"cat_p"}
    asked = "mutation { renameCategory { name } }"
    assert purged(brain, asked, {"renameCategory": {"name": "x"}}).everything


def test_of_several_fields_all_have_to_be_known() -> None:
    templates = {"SimpleProduct": ("p_{id}_{sku}", "sku_{sku}", "p")}
    brain = Brain(policy(templates), SHOP)
    whole = {"renameProduct": {"id": 5, "sku": "a,b"}}
    asked = "mutation { renameProduct { id sku } }"
    assert purged(brain, asked, whole).everything  # a tag with a comma is none
    known = {"renameProduct": {"id": 5, "sku": "a=b"}}
    assert tags(brain, asked, known) == {"p_5_a=b", "sku_a=b"}
    assert tags(brain, "mutation { renameProduct { id } }", {"renameProduct": {"id": 5}}) == {"p"}


def test_a_field_that_the_type_does_not_have_leaves_its_type() -> None:
    brain = Brain(policy({"SimpleProduct": ("p_{uid}", "p")}), SHOP)
    assert tags(brain, RENAME, RENAMED) == {"p"}


def test_a_type_without_templates_purges_nothing() -> None:
    brain = Brain(policy(), SHOP)
    asked = "mutation { setCart { id } }"
    assert tags(brain, asked, {"setCart": {"id": "c"}}) == set()
    found = in_origin_tags(
        TEMPLATES, SHOP, ["key:Cart:id:c", "null:Cart", "key:CmsBlock:identifier:a"]
    )
    assert (found.tags, found.unmapped) == (("origin:cms_b_a",), {"Cart"})


def test_a_mutation_of_unknown_outcome_purges_its_types() -> None:
    brain = Brain(policy(), SHOP)
    assert tags(brain, RENAME, Unknown()) == {"cat_p"}
    assert purged(brain, "mutation { renameCategory { id } }", Unknown()).everything
    assert tags(brain, RENAME, NotExecuted()) == set()


def test_entries_of_mutations_name_entities_too() -> None:
    places = (("args", "id"),)
    entry = MutationEntry(targets=(PurgeType("CategoryTree", ("id",), places),))
    brain = Brain(policy(mutations={"renameProduct": entry}), SHOP)
    assert tags(brain, RENAME, RENAMED) == {"cat_p_5", "cat_c_5", "cat_c_p_5"}


def test_what_no_tag_of_the_origin_stands_for_is_everything() -> None:
    entry = MutationEntry("None", (PurgeQuery("products"),))
    brain = Brain(policy(mutations={"reindex": entry}), SHOP)
    assert purged(brain, "mutation { reindex }", {"reindex": True}).everything


def test_without_a_schema_types_are_known_by_their_own_names() -> None:
    brain = SchemalessBrain(policy({"SimpleProduct": ("cat_p_{id}", "cat_p")}))
    operation = select_operation(RENAME, None)
    assert isinstance(operation, Operation)
    sent = brain.instrumented_source(operation)
    answer = {"renameProduct": {"id": 5, next(iter(sent.aliases)): "SimpleProduct"}}
    found = brain.effect(Mutation(operation, {}), sent, Answered(answer)).purge
    assert found.tags == ("origin:cat_p_5",)


@given(
    st.lists(st.text(), min_size=1, max_size=3),
    st.from_regex(r"[_A-Za-z][_0-9A-Za-z]*", fullmatch=True),
)
def test_the_tag_of_an_entity_is_read_as_it_was_made(values: list[str], name: str) -> None:
    key = tuple(f"{name}{number}" for number in range(len(values)))
    assert entity_of(entity_tag("Product", key, values)) == (
        "Product",
        dict(zip(key, values, strict=True)),
    )
