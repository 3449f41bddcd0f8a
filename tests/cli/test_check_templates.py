"""What `check` says of ``tagTemplates``."""

from __future__ import annotations

from controller.cli.check_mutations import check_mutations
from controller.cli.findings import Finding
from controller.core.direct import Direct, Templates
from controller.core.policy import MutationEntry, Policy, PurgeOperation
from controller.core.schema import SchemaIndex
from tests.core.test_direct_purges import SHOP, TEMPLATES


def found(templates: Templates, **policy: object) -> list[Finding]:
    given = Policy("shop", "0", direct=Direct("magento", templates), **policy)  # type: ignore[arg-type]
    return list(check_mutations(SchemaIndex(SHOP, given)))


def says(templates: Templates, words: str) -> str | None:
    """The level of the finding that holds these words."""
    levels = [finding.level for finding in found(templates) if words in finding.message]
    return levels[0] if levels else None


def test_types_without_a_template_are_named() -> None:
    assert says(TEMPLATES, "has nothing for Cart") == "note"
    whole = {**TEMPLATES, "Cart": ("cart_{id}", "cart")}
    assert says(whole, "has nothing for") is None


def test_a_type_that_is_known_by_its_entities_alone_is_named() -> None:
    assert says(TEMPLATES, "CategoryTree has no template without key fields") == "note"
    assert says(TEMPLATES, "SimpleProduct has no template without") is None


def test_a_type_that_the_schema_does_not_have_is_named() -> None:
    assert says({"SimpleProdukt": ("p",)}, "no type SimpleProdukt") == "note"


def test_a_field_that_a_type_does_not_have_is_named_with_what_follows() -> None:
    assert (
        says({"Cart": ("cart_{uid}",)}, "Cart has no field uid that can be a key, so a mutation")
        == "warning"
    )
    assert says({"Cart": ("cart_{uid}",)}, "purges everything") is not None
    assert says({"Cart": ("cart_{uid}", "carts")}, "purges all of Cart (carts)") == "warning"


def test_a_type_that_nothing_identifies_is_named() -> None:
    assert says({"CmsBlock": ("cms_b",)}, "nothing identifies a CmsBlock") == "warning"
    keyed = found({"CmsBlock": ("cms_b",)}, key_fields={"CmsBlock": (("identifier",),)})
    assert not [finding for finding in keyed if "nothing identifies" in finding.message]


def test_entries_that_no_tag_stands_for_are_named() -> None:
    entry = MutationEntry(targets=(PurgeOperation("Home"),))
    levels = [
        finding.level
        for finding in found(TEMPLATES, mutations={"reindex": entry})
        if "no tag of the origin stands for" in finding.message
    ]
    assert levels == ["warning"]


def test_the_gateway_is_told_nothing_of_templates() -> None:
    findings = check_mutations(SchemaIndex(SHOP, Policy("shop", "0")))
    assert not [finding for finding in findings if "emplate" in finding.message]
