"""``shellac check``: what the config says against what the schema has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema
from graphql.type import is_composite_type, is_introspection_type

from controller.cli.check_mutations import check_mutations
from controller.cli.direct import check_direct, is_alone
from controller.cli.findings import Finding, hint
from controller.core.hints import DIRECTIVE, read_hints
from controller.core.roots import RootNames, contradicted, schema_name
from controller.core.schema import SchemaIndex
from controller.core.schemaless.rules import is_root_entry
from controller.errors import SchemaUnavailable
from controller.gateway.identity import claim_scopes
from controller.jwks import KeySet
from controller.policy_of import policy_of, root_names
from controller.pushed_schema import pushed_file
from controller.schema_source import fetch_schema
from controller.schemaless import LOST
from vclgen.config import Config, Notice
from vclgen.errors import ConfigError

__all__ = ["Finding", "check_config", "check_schema"]


async def check_config(
    config: Config, notices: Sequence[Notice], *, include: bool = False
) -> list[Finding]:
    """Everything that can be said of a config that loads and whose VCL compiles."""
    findings = [Finding("note", n.path or n.file, f"{n.what}; {n.fix}") for n in notices]
    if pushed_file(config.state_dir).is_file():
        file = pushed_file(config.state_dir)
        said = f"{file} was pushed and is used in place of it; remove the file to go back"
        findings.append(Finding("note", "schema", said))
    findings += await check_keys(config)
    if config.profile != "gateway":
        findings += check_direct(config, include=include)
    if is_alone(config):
        return findings
    try:
        schema = await fetch_schema(config)
    except SchemaUnavailable as error:
        return [*findings, Finding("error", "schema", str(error))]
    if schema is None:
        return [*findings, *check_without_schema(config)]
    return [*findings, *check_schema(config, schema)]


async def check_keys(config: Config) -> list[Finding]:
    """The keys of claim scopes that cannot be used, or be had from their issuer."""
    try:
        scopes = claim_scopes(config)
    except ConfigError as error:
        return [Finding("error", p.path, f"{p.file}: {p.what}; {p.fix}") for p in error.problems]
    findings = []
    for name, scope in scopes.items():
        keys = scope.keys
        if isinstance(keys, KeySet):
            await keys.named(None)
            if keys.error is not None:
                findings.append(Finding("error", f"scopes.{name}.jwt.jwksUrl", keys.error))
    return findings


def check_without_schema(config: Config) -> Iterator[Finding]:
    """What is lost, and what of the config can have no effect then."""
    for lost in LOST:
        yield Finding("note", "schema", f"there is none (schema: false): {lost}")
    policy = policy_of(config)
    if not (config.rules or config.pass_through_only):
        yield Finding("warning", "rules", "there are none, so nothing is cached")
    if config.cache_control.private_scope is not None:
        said = "has no effect: without a schema there are no hints"
        yield Finding("warning", "cacheControl.privateScope", said)
    by_type = [name for name in config.non_cacheable if not is_root_entry(policy, name)]
    if by_type:
        yield Finding(
            "warning",
            "nonCacheable",
            f"{', '.join(by_type[:5])}{' …' if len(by_type) > 5 else ''}: an answer with a null or "
            "an empty list could hold one, so it is not stored; name root fields (Query.cart)",
        )


def check_schema(config: Config, schema: GraphQLSchema) -> Iterator[Finding]:
    """Names of the config that the schema does not know, roots that it names otherwise, hints that
    cannot count, and mutations whose answers name no entity.
    """
    roots = root_names(config)
    yield from _check_roots(schema, roots)
    if config.profile == "gateway":
        yield from _check_caching(config, schema)
    for index, rule in enumerate(config.rules):
        for written, fields in rule.types.items():
            name = schema_name(schema, roots, written)
            yield from _check_coordinate(schema, f"rules[{index}].types", name, fields or ())
    for position, written in enumerate(config.non_cacheable):
        type_name, _, field = written.partition(".")
        where = f"nonCacheable[{position}]"
        name = schema_name(schema, roots, type_name)
        yield from _check_coordinate(schema, where, name, [field] if field else ())
    for name, keys in config.key_fields.types.items():
        names = [field for key in keys for field in key]
        yield from _check_coordinate(schema, "keyFields.types", name, names)
    for written, made_of in config.field_types.items():
        type_name, _, field = written.partition(".")
        name = schema_name(schema, roots, type_name)
        yield from _check_coordinate(schema, "fieldTypes", name, [field])
        for name in made_of:
            yield from _check_coordinate(schema, f"fieldTypes.{written}", name, ())
    yield from check_mutations(SchemaIndex(schema, policy_of(config)))


def _check_roots(schema: GraphQLSchema, roots: RootNames) -> Iterator[Finding]:
    for kind, word in contradicted(schema, roots):
        yield Finding(
            "warning",
            f"rootTypeNames.{kind.value}",
            f"the schema's {kind.value} root is {word}: the schema decides",
        )


def _check_caching(config: Config, schema: GraphQLSchema) -> Iterator[Finding]:
    """Whether anything can be cached, and what ``@cacheControl`` has to do with it."""
    hints = read_hints(schema)
    if not (config.rules or hints or config.cache_introspection or config.pass_through_only):
        yield Finding("warning", "rules", "there are none, so nothing is cached")
    if not hints and schema.get_directive(DIRECTIVE) is not None:
        yield Finding(
            "note",
            "schema",
            "it declares @cacheControl and applies it nowhere: introspection does not tell where; "
            "for its hints to count, give the SDL as `schema: schema.graphql`",
        )
    if config.cache_control.private_scope is None:
        bearers = [
            place
            for place, hint in sorted({**hints.types, **hints.fields}.items())
            if hint.scope == "PRIVATE"
        ]
        if bearers:
            yield Finding(
                "note",
                "cacheControl.privateScope",
                f"is not set, so what selects {', '.join(bearers[:5])}"
                f"{' …' if len(bearers) > 5 else ''} passes: @cacheControl says PRIVATE there",
            )


def _check_coordinate(
    schema: GraphQLSchema, where: str, name: str, fields: Iterable[str]
) -> Iterator[Finding]:
    type_ = schema.get_type(name)
    if not is_composite_type(type_):
        known = [n for n, t in schema.type_map.items() if is_composite_type(t)]
        yield Finding("error", where, f"the schema has no type {name}{hint(name, known)}")
        return
    assert type_ is not None
    if is_introspection_type(type_):
        yield Finding("warning", where, f"{name} belongs to introspection, which is not cached")
    known_fields = (
        list(type_.fields) if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) else []
    )
    for field in sorted(fields):
        if field not in known_fields:
            near = hint(field, known_fields)
            yield Finding("error", where, f"the type {name} has no field {field}{near}")
