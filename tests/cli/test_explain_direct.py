"""``shellac explain`` in a direct profile, as people call it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.explaining import explained, run

SDL = """
interface ProductInterface { id: Int sku: String }
type SimpleProduct implements ProductInterface { id: Int sku: String }
type CategoryTree { id: Int }
type Cart { id: ID total: Int }
type Query { product: ProductInterface category: CategoryTree cart: Cart }
type Mutation {
  renameProduct(id: Int): SimpleProduct
  renameCategory(id: Int): CategoryTree
  addToCart: Cart
  reindex: Boolean
  logout: Boolean
}
"""
MAGENTO = """
originUrl: http://127.0.0.1:9/graphql
profile: magento
schema: schema.graphql
bypassCacheHeaders: [{name: x-preview}]
tagTemplates: {CategoryTree: ["cat_c_{id}"]}
mutations: {logout: {policy: None}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "schema.graphql").write_text(SDL)
    (tmp_path / "shellac.yaml").write_text(MAGENTO)
    return tmp_path


def purge_of(folder: Path, document: str, *headers: str) -> Any:
    found = explained(folder, document, *headers)
    return found["purge"]


def test_a_mutation_purges_the_tags_that_the_templates_make_of_its_types(folder: Path) -> None:
    found = explained(folder, "mutation { renameProduct(id: 1) { sku } }")
    assert found["outcome"] == "mutation"
    purge = found["purge"]
    assert purge["types"] == [
        {"name": "SimpleProduct", "entity": ["cat_p_{id}"], "whole": ["cat_p"]}
    ]
    assert purge["fields"] == [{"name": "renameProduct", "policy": "Entity"}]
    assert (purge["tags"], purge["everything"]) == (["cat_p"], False)
    assert "all of a type" in purge["words"]


def test_a_type_without_a_template_for_all_of_it_can_mean_everything(folder: Path) -> None:
    purge = purge_of(folder, "mutation { renameCategory(id: 1) { id } }")
    assert purge["types"] == [{"name": "CategoryTree", "entity": ["cat_c_{id}"], "whole": []}]
    assert purge["everything"] is True
    assert "everything where it is not known which CategoryTree it changed" in purge["words"]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("mutation { addToCart { total } }", "nothing: tagTemplates has nothing for Cart"),
        ("mutation { reindex }", "neither payload nor name of reindex says"),
        ("mutation { logout }", "nothing: policy None"),
        ("{ cart { id } }", "nothing: it is no mutation"),
    ],
)
def test_why_a_document_purges_nothing_is_said(folder: Path, document: str, words: str) -> None:
    purge = purge_of(folder, document)
    assert words in purge["words"]
    assert (purge["tags"], purge["everything"]) == ([], False)


def test_a_bypassed_mutation_purges_nothing(folder: Path) -> None:
    found = explained(folder, "mutation { renameProduct(id: 1) { sku } }", "X-Preview: 1")
    assert found["reason"]["detail"] == "bypass-header"
    assert found["purge"]["words"].startswith("nothing")


def test_what_may_hold_a_mutation_that_cannot_be_read_purges_everything(folder: Path) -> None:
    found = explained(folder, "mutation { renameProduct(id: 1) { nothing } }", code=2)
    assert found["errors"][0]["locations"] == [{"line": 1, "column": 35}]
    unread = explained(folder, "mutation { renameProduct(id: 1 {", code=2)
    assert unread["purge"]["everything"] is True


def test_without_a_controller_a_mutation_purges_nothing_and_no_schema_is_asked_for(
    folder: Path,
) -> None:
    (folder / "shellac.yaml").write_text(
        "originUrl: http://127.0.0.1:9/graphql\nprofile: magento\ndirect: {controller: false}\n"
    )
    purge = purge_of(folder, "mutation { renameProduct(id: 1) { sku } }")
    assert purge["words"] == "nothing: no controller reads it (direct.controller)"


def test_without_a_schema_the_answer_says_what_a_mutation_changes(folder: Path) -> None:
    text = MAGENTO.replace("schema: schema.graphql", "schema: false")
    (folder / "shellac.yaml").write_text(text)
    purge = purge_of(folder, "mutation { renameProduct(id: 1) { sku } }")
    assert "there is no schema" in purge["words"]


def test_a_mutation_by_get_is_nothing_that_is_read(folder: Path) -> None:
    found = explained(folder, "http://shop.test/graphql?query=mutation%7Blogout%7D")
    assert found["outcome"] == "perhaps cached"
    assert "no controller reads a GET" in found["notes"][0]


def test_a_client_over_tls_is_told_which_header_its_proxy_sends(folder: Path) -> None:
    found = explained(folder, "https://Shop.test:8443/a.html")
    assert {"name": "host", "value": "shop.test:8443"} in found["key"]
    assert "x-forwarded-proto: https" in found["notes"][0]
    told = explained(folder, "https://shop.test/a.html", "X-Forwarded-Proto: https")
    assert told["notes"] == []


@pytest.mark.parametrize(
    ("path", "header", "effect"),
    [
        ("/graphql?query=1", "Origin: https://a.test", "dropped"),
        ("/a.html", "Origin: https://a.test", "keyed"),
        ("/graphql?query=1", "X-Requested-With: XMLHttpRequest", "dropped"),
        ("/a.html", "X-Requested-With: XMLHttpRequest", "keyed"),
        ("/a.html", "Cache-Control: no-store", "passes"),
        ("/graphql?query=1", "Cache-Control: no-cache", "dropped"),
        ("/graphql?query=1", "Pragma: no-cache", "dropped"),
    ],
)
def test_what_the_edge_reads_itself_has_its_effect(
    folder: Path, path: str, header: str, effect: str
) -> None:
    (folder / "shellac.yaml").write_text(
        MAGENTO + "cors: {origins: ['https://a.test']}\nclientBypass: true\n"
    )
    (shown,) = explained(folder, f"http://shop.test{path}", header)["headers"]
    assert (shown["name"], shown["effect"]) == (header.partition(":")[0].lower(), effect)


def test_people_read_that_any_purge_of_a_url_takes_a_long_one_along(folder: Path) -> None:
    url = f"http://shop.test/graphql?query={'a' * 200}"
    done = run(folder, url, "-A", "Cache-Control: max-age=60")
    assert "over 200 bytes or has a comma" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("url", "status"), [("http://shop.test/ä", "400"), ("http://sho p/", "400")]
)
def test_what_varnish_answers_itself_is_refused(folder: Path, url: str, status: str) -> None:
    found = explained(folder, url)
    assert (found["outcome"], found["reason"]["detail"]) == ("refused", status)


def test_other_paths_are_refused_where_the_graphql_path_alone_is_served(folder: Path) -> None:
    config = MAGENTO.replace("profile: magento", "profile: magento\ndirect: {serve: graphql}")
    (folder / "shellac.yaml").write_text(config)
    assert explained(folder, "http://shop.test/a.html")["reason"]["detail"] == "404"


def test_people_read_what_is_stored_for_how_long_and_what_purges_it(folder: Path) -> None:
    url = "http://shop.test/graphql?query=%7Bcart%7Bid%7D%7D"
    answer = ["--answer-header", "Cache-Control: max-age=60", "-A", "X-Magento-Tags: cat_p,cat_p_1"]
    done = run(folder, url, *answer)
    assert done.returncode == 0, done.stderr
    assert "cached for 60 s, then stale for at most 300 s" in done.stdout
    assert "cat_p cat_p_1" in done.stdout
    private = run(folder, url, "-A", "Cache-Control: private")
    assert private.stdout.startswith("not stored: origin-no-store")


def test_people_read_what_a_mutation_purges(folder: Path) -> None:
    done = run(folder, "mutation { renameProduct(id: 1) { sku } addToCart { total } }")
    assert done.stdout.startswith("mutation: method: only GET and HEAD are cached")
    assert "one: cat_p_{id}" in done.stdout
    assert "Cart: tagTemplates has nothing for them" in done.stdout


def test_an_answers_headers_mean_nothing_to_the_gateway(folder: Path) -> None:
    (folder / "shellac.yaml").write_text("originUrl: http://127.0.0.1:9/graphql\n")
    done = run(folder, "{ cart { id } }", "-A", "Cache-Control: private")
    assert done.returncode == 2
    assert "--answer-header" in done.stderr


def test_an_answers_header_that_is_none_is_refused(folder: Path) -> None:
    done = run(folder, "http://shop.test/", "-A", "private")
    assert done.returncode == 2
    assert "--answer-header" in done.stderr
