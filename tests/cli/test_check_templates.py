"""What `check` says of ``tagTemplates``."""

from __future__ import annotations

from controller.cli.check_mutations import check_mutations
from controller.cli.findings import Finding
from controller.core.direct import Direct, Templates
from controller.core.policy import MutationEntry, Policy, PurgeOperation
from controller.core.schema import SchemaIndex
from controller.policy_of import policy_of
from tests.core.test_direct_purges import SHOP, TEMPLATES
from vclgen.config import load_config_text
from vclgen.direct.profiles import MAGENTO

ORIGIN = "originUrl: http://127.0.0.1:9/graphql\n"


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
    assert says({"SimpleProdukt": ("p",)}, "no type SimpleProdukt") == "warning"


def test_a_shop_need_not_have_all_types_that_its_profile_knows() -> None:
    policy = policy_of(load_config_text(f"{ORIGIN}profile: magento\n").config)
    levels = {
        finding.level: finding
        for finding in check_mutations(SchemaIndex(SHOP, policy))
        if "no type" in finding.message
    }
    assert not levels
    renamed = {**MAGENTO.tag_templates, "GiftCardProduct": ("gift_{id}",)}
    assert says(renamed, "no type GiftCardProduct") == "warning"


def test_an_origin_without_any_template_is_warned_of() -> None:
    assert says({}, "so for none at all; what the origin purges by itself") == "warning"


def test_what_magento_never_lets_be_cached_is_named() -> None:
    assert says(TEMPLATES, "lets no answer be cached that holds cart:") == "note"


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
