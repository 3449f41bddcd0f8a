"""What ``shellac check`` finds in a config and a schema."""

from __future__ import annotations

import pytest
from graphql import build_client_schema, build_schema, introspection_from_schema

from controller.cli.check import Finding, check_schema
from vclgen.config import load_config_text

DIRECTIVE = """enum CacheControlScope { PUBLIC PRIVATE }
directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean)
  on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
"""
SDL = "type Query { post: Post } type Post { id: ID! }"
RULES = "rules: [{types: [Query], maxAge: 5}]\n"


def found(config: str, sdl: str = SDL, *, introspected: bool = False) -> list[Finding]:
    schema = build_schema(sdl)
    if introspected:
        schema = build_client_schema(introspection_from_schema(schema))
    loaded = load_config_text(f"originUrl: http://origin/graphql\n{config}").config
    return list(check_schema(loaded, schema))


def test_nothing_is_found_where_all_is_well() -> None:
    assert found(RULES) == []


def test_nothing_cached_is_said() -> None:
    (finding,) = found("")
    assert (finding.where, finding.level) == ("rules", "warning")
    assert "nothing is cached" in finding.message


@pytest.mark.parametrize("config", ["cacheIntrospection: true", "passThroughOnly: true"])
def test_no_rules_are_fine_where_they_are_not_needed(config: str) -> None:
    assert found(config) == []


def test_hints_are_rules_enough() -> None:
    assert found("", DIRECTIVE + SDL.replace("ID!", "ID! @cacheControl(maxAge: 5)")) == []


def test_hints_of_an_introspected_schema_are_missed() -> None:
    sdl = DIRECTIVE + SDL.replace("ID!", "ID! @cacheControl(maxAge: 5)")
    (finding,) = found(RULES, sdl, introspected=True)
    assert (finding.where, finding.level) == ("schema", "note")
    assert "SDL" in finding.message


def test_private_hints_without_a_scope_are_named() -> None:
    sdl = DIRECTIVE + SDL.replace("ID!", "ID! @cacheControl(scope: PRIVATE)")
    (finding,) = found(RULES, sdl)
    assert finding.where == "cacheControl.privateScope"
    assert "Post.id passes" in finding.message
    scoped = 'scopes: {USER: "cookie:u"}\ncacheControl: {privateScope: USER}\n'
    assert found(RULES + scoped, sdl) == []


def test_a_root_that_the_schema_names_otherwise_is_said() -> None:
    (finding,) = found(RULES + "rootTypeNames: {query: query_root}\n")
    assert (finding.where, finding.level) == ("rootTypeNames.query", "warning")
    assert "is Query" in finding.message


@pytest.mark.parametrize("name", ["Query", "query_root"])
def test_a_root_is_known_under_both_names(name: str) -> None:
    sdl = "schema { query: query_root } " + SDL.replace("Query", "query_root")
    config = f"""rootTypeNames: {{query: query_root}}
rules: [{{types: {{{name}: [post]}}, maxAge: 5}}]
nonCacheable: [{name}.post]
fieldTypes: {{{name}.post: [Post]}}
"""
    assert found(config, sdl) == []


def test_an_unknown_type_is_no_root() -> None:
    (finding,) = found(RULES + "nonCacheable: [Qery.post]\n")
    assert "no type Qery, did you mean Query?" in finding.message
