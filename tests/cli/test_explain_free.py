"""``shellac explain`` and ``shellac check`` without a schema (``schema: false``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.explaining import explained, run

CONFIG = """
name: shop
originUrl: http://127.0.0.1:9/graphql
schema: false
scopes: {SESSION: "cookie:session"}
fieldTypes: {Query.count: [Post]}
nonCacheable: [Vault.word, Query.secret]
rules:
  - {types: [Post, Cart], maxAge: 900, swr: 60, scope: PUBLIC, description: for everybody}
  - {types: {Query: [ruled]}, maxAge: 120, scope: PUBLIC}
  - {types: {Cart: [total]}, maxAge: 40, scope: SESSION}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shellac.yaml").write_text(CONFIG)
    return tmp_path


def test_a_document_that_leaves_nothing_open_is_cached(folder: Path) -> None:
    found = explained(folder, "query Ruled { ruled count }")
    assert (found["outcome"], found["maxAge"], found["swr"]) == ("cached", 120, 0)
    assert found["left"] == {"rules": [], "nonCacheable": []}
    assert [scope["name"] for scope in found["scopes"]] == ["PUBLIC"]
    assert found["tags"] == {
        "service": ["app:shop"],
        "types": [],
        "declared": ["type:Post", "list:Post"],
        "rootFields": ["query:ruled", "query:count"],
        "rootFieldArguments": ["query:ruled({})", "query:count({})"],
        "operation": ["operation:Ruled"],
    }


def test_what_only_the_answer_decides_stands_there_by_rule(folder: Path) -> None:
    found = explained(folder, "{ ruled cart { total word } }")
    assert (found["outcome"], found["maxAge"], found["swr"]) == ("perhaps cached", 120, 0)
    rules = [(rule["name"], rule["scope"], rule["entries"]) for rule in found["left"]["rules"]]
    assert rules == [
        ("rules[0]", "PUBLIC", ["Post", "Cart"]),
        ("rules[2]", "SESSION", ["Cart.total"]),
    ]
    assert found["left"]["nonCacheable"] == ["Vault.word"]
    assert [rule["name"] for rule in found["rules"]] == ["rules[1]"]
    assert any("the longest there can be" in note for note in found["notes"])
    assert any("further scopes (SESSION)" in note for note in found["notes"])


def test_where_no_rule_is_certain_the_figures_are_the_longest(folder: Path) -> None:
    found = explained(folder, "{ post(id: 1) { title } }")
    assert (found["outcome"], found["maxAge"], found["swr"]) == ("perhaps cached", 900, 60)
    assert any("no rule matches for certain" in note for note in found["notes"])
    assert "__typename" in found["sent"]
    said = run(folder, "{ post(id: 1) { title } }").stdout
    assert said.startswith("perhaps cached for at most 900 s, then stale for at most 60 s\n")
    assert "rules[0]  maxAge 900, swr 60, PUBLIC  if it shows Post or Cart" in said


def test_types_that_fragments_name_count_before_the_answer(folder: Path) -> None:
    found = explained(folder, "{ node { ...on Cart { total } } }")
    assert found["maxAge"] == 40
    assert [scope["name"] for scope in found["scopes"]] == ["SESSION"]
    assert [rule["entries"] for rule in found["rules"]] == [["Cart"], ["Cart.total"]]
    names = {t["name"]: [field["name"] for field in t["fields"]] for t in found["types"]}
    assert names == {"Query": ["node"], "Cart": ["total"]}


@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        ("{ secret ruled }", "non-cacheable"),
        ("{ safe { ...on Vault { word } } }", "non-cacheable"),
        ("{ plain }", "no-rule"),
        ("{ __schema { queryType { name } } }", "introspection"),
    ],
)
def test_what_no_answer_can_change_is_passed(folder: Path, asked: str, detail: str) -> None:
    found = explained(folder, asked)
    assert (found["outcome"], found["reason"]["detail"]) == ("passed", detail)
    assert found["left"] is None
    assert found["operation"]["type"] == "query"


def test_an_error_of_any_schema_stands_with_its_place(folder: Path) -> None:
    found = explained(folder, "{ ruled ...Gone ...Away }", code=2)
    assert found["reason"]["detail"] == "invalid-document"
    assert [error["message"] for error in found["errors"]] == [
        "Unknown fragment 'Gone'.",
        "Unknown fragment 'Away'.",
    ]
    assert found["errors"][0]["locations"] == [{"line": 1, "column": 12}]


def test_a_mutation_purges_the_configs_types_that_its_name_holds(folder: Path) -> None:
    found = explained(folder, "mutation { renamePost(id: 1) { title } }")
    assert found["purge"]["types"] == ["type:Post"]
    assert found["purge"]["others"] == ["mixed-list", "unknown-type"]
    assert not found["purge"]["everything"]
    assert "__typename" in found["sent"]


def test_a_mutation_of_which_nothing_speaks_can_purge_everything(folder: Path) -> None:
    found = explained(folder, "mutation { ping }")
    assert found["purge"]["everything"] is True
    assert found["purge"]["unnamed"] == ["ping"]
    assert "nothing says which type ping changes" in run(folder, "mutation { ping }").stdout


def test_headers_are_judged_as_with_a_schema(folder: Path) -> None:
    found = explained(folder, "{ node { ...on Cart { total } } }", "Cookie: session=5")
    (scope,) = found["scopes"]
    assert scope["source"] == "cookie:session"
    assert explained(folder, "{ ruled }", "X-Api-Key: k")["outcome"] == "passed"


def test_check_says_what_is_lost_and_what_has_no_effect(folder: Path) -> None:
    (folder / "shellac.yaml").write_text(CONFIG + "cacheControl: {privateScope: SESSION}\n")
    done = run(folder, command="check")
    assert done.returncode == 0, done.stderr
    assert "note: schema: there is none (schema: false): types are known only" in done.stdout
    assert "warning: cacheControl.privateScope: has no effect" in done.stdout
    assert "warning: nonCacheable: Vault.word: an answer with a null" in done.stdout
    assert "Query.secret:" not in done.stdout
