"""What ``shellac check`` finds in a config and a schema."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import build_client_schema, build_schema, introspection_from_schema

from controller.cli.check import Finding, check_config, check_schema
from tests.cli.explaining import CONFIG as SHOP
from tests.cli.explaining import run, shop
from tests.support.jwts import jwk, key_server
from vclgen.config import Config, load_config_text

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


def with_keys(**keys: str) -> Config:
    """A config with a claim scope for each key."""
    lines = ["originUrl: http://origin/graphql", f"schema: '{SDL}'", RULES + "scopes:"]
    for name, key in keys.items():
        algorithm = "RS256" if "jwksUrl" in key else "HS256"
        jwt = f"{{claim: sub, algorithm: {algorithm}, {key}}}"
        lines.append(f"  {name}: {{definition: header:x-{name}, jwt: {jwt}}}")
    return load_config_text("\n".join(lines)).config


async def test_keys_that_cannot_be_used_are_findings(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("too short")
    (tmp_path / "good").write_text("long enough for the hash of HS256, 32 bytes")
    config = with_keys(
        a=f"secretFile: {tmp_path / 'missing'}",
        b=f"secretFile: {tmp_path / 'short'}",
        c=f"secretFile: {tmp_path / 'good'}",
    )
    first, second = await check_config(config, ())
    assert (first.level, first.where) == ("error", "scopes.a.jwt.secretFile")
    assert "cannot be read" in first.message
    assert (second.level, second.where) == ("error", "scopes.b.jwt")
    assert str(tmp_path / "short") in second.message


async def test_an_issuer_without_keys_is_a_finding() -> None:
    with key_server([jwk("RS256", "first")]) as issuer:
        config = with_keys(a=f"jwksUrl: '{issuer.url}'")
        assert await check_config(config, ()) == []
        issuer.answer = []
        (finding,) = await check_config(config, ())
    assert (finding.level, finding.where) == ("error", "scopes.a.jwt.jwksUrl")
    assert "no key for RS256" in finding.message


def test_check_says_that_a_key_is_missing_and_ends_with_4(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    before, _, after = SHOP.partition("secret:")
    (folder / "shellac.yaml").write_text(f"{before}secretFile: gone{after[after.index('}') :]}")
    done = run(folder, command="check")
    assert done.returncode == 4
    assert "error: scopes.USER.jwt.secretFile: " in done.stdout
