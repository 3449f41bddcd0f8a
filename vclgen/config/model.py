"""The whole of ``shellac.yaml``, typed and frozen.

What stands in a `Config` was checked: names, header lines and paths can stand in VCL
(``vclgen.config.tokens`` names the templates), and no two keys contradict each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from vclgen.config.checks import contradictions
from vclgen.config.direct import Direct, Profile, TemplateList
from vclgen.config.edge import Edge
from vclgen.config.graphql import Schema
from vclgen.config.mutations import Mutation, MutationPolicy
from vclgen.config.origins import Origins
from vclgen.config.profiles import profile_findings
from vclgen.config.refusal import refusal
from vclgen.config.scopes import Scope
from vclgen.config.sections import (
    BypassHeader,
    CacheControl,
    Controller,
    KeyFields,
    Purge,
    Retries,
    RootTypeNames,
    Rule,
    SchemaPolling,
    Section,
    Varnish,
)
from vclgen.config.staleness import Staleness
from vclgen.config.tokens import (
    ConstantHeader,
    CookieName,
    CookiePattern,
    FieldCoordinate,
    GraphQLName,
    HeaderPattern,
    HeaderValue,
    KeyedHeader,
    PublicPath,
    ScopeName,
    ServiceName,
    TypeOrField,
)
from vclgen.config.values import Flag, LocalPath, Size, is_one_address

INCONSISTENT = "inconsistent"
"""The pydantic error type that carries the findings of ``contradictions``."""


def _once_each(headers: Any) -> Any:
    if isinstance(headers, Mapping):
        names = [str(name).lower() for name in headers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise refusal(f"sets {twice[0]} twice", "header names ignore case: keep one of the two")
    return headers


def _without_repeats(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


Headers = Annotated[dict[ConstantHeader, HeaderValue], BeforeValidator(_once_each)]
_Once = AfterValidator(_without_repeats)


class Origin(Section):
    """Service and schema"""

    name: ServiceName = "shellac"
    """The service's name: in every key and tag, and the path of the Purging API. `app` is its old
    name."""

    schema_source: Schema = Field(
        default=None, alias="schema", json_schema_extra={"shown": "introspect `originUrl`"}
    )
    """Where the schema comes from: a URL to introspect, a `.graphql` file, or SDL. `false`: run
    without one, and know types from answers alone (docs/no-schema.md says what is lost)."""

    schema_polling: SchemaPolling = SchemaPolling()
    """How the schema is kept up to date."""

    root_type_names: RootTypeNames = RootTypeNames()
    """The names of the root types."""

    headers: Headers = Field(default={})
    """Headers sent when introspecting."""

    inject_headers: Flag = False
    """Send `headers` on every other origin request, too."""

    origin_headers: Headers = Field(default={})
    """Headers set on every origin request, whatever the client sent."""

    retries: Retries = Retries()
    """When a query is asked again."""


class Caching(Section):
    """What is cached, for whom, for how long"""

    pass_through_only: Flag = False
    """Cache nothing."""

    rules: tuple[Rule, ...] = ()
    """What is cached and for how long. Without a matching rule a document passes uncached."""

    default_scope: Literal["ANONYMOUS", "PUBLIC"] = "ANONYMOUS"
    """The scope of rules without one. `ANONYMOUS`: shared among requests without credentials, all
    others pass. `PUBLIC` (Stellate's meaning): shared by everybody, credentials are dropped."""

    scopes: dict[ScopeName, Scope] = Field(default={})
    """What separates users, by name: `header:x`, `cookie:y`, or several joined by `|`, of which the
    first that is present counts; or the same with a claim of the token there."""

    non_cacheable: tuple[TypeOrField, ...] = ()
    """`Type` or `Type.field`: an answer that holds one is not stored."""

    cache_control: CacheControl = CacheControl()
    """What `@cacheControl` in the schema means."""

    ignore_origin_cache_control: Flag = True
    """`false`: the origin's Cache-Control counts as one more rule on each answer. It can shorten
    times and forbid storing, never make cacheable what no rule matches."""

    cache_introspection: Flag = False
    """Cache documents that ask for nothing but the schema, as PUBLIC, for 63 minutes and one day
    stale. A change that Shellac sees in the schema ends them at once."""

    cache_errors: Flag = False
    """Store answers with GraphQL errors in them."""

    remove_cookies: Annotated[tuple[CookieName, ...], _Once] = ()
    """Cookies taken out of the origin's Set-Cookie, so that the answer can be stored."""


class Invalidation(Section):
    """Tags and purges"""

    key_fields: KeyFields = KeyFields()
    """What identifies an entity."""

    field_types: dict[
        FieldCoordinate, Annotated[tuple[GraphQLName, ...], Field(min_length=1), _Once]
    ] = Field(default={})
    """What a field is made of where its type does not say it: `{Query.postCount: [Post]}`. An
    answer to a document that selects the field is purged by every purge of one of the types."""

    global_ids: Flag = False
    """`id` identifies an entity whatever its type: every entity with an `id` is tagged by the id
    alone as well. Makes `id` a key field of all types that have it, except those with no key."""

    instrument: Flag = True
    """Add `__typename` and key fields to documents on the way to the origin. Switch it off for
    origins that allow only known documents."""

    max_tags: int = Field(default=2_000, ge=10, le=2_000, strict=True)
    """Most tags of one answer; above it the busiest types are tagged as a whole."""

    mutation_policy: MutationPolicy = "Entity"
    """What a mutation purges. `Entity`: what holds an entity of its answer. `List`: besides, what
    holds a list of such a type. `Type`: what holds such a type at all. `None`: nothing."""

    mutations: dict[GraphQLName, Mutation] = Field(default={})
    """What single mutations purge, by their name in the schema, where `mutationPolicy` or the
    answer does not say it: `{deletePost: {purge: [{type: Post, key: id, from: args.id}]}}`."""

    failed_mutations: Literal["Type", "None"] = "Type"
    """What a mutation purges whose answer is null with an error. `Type`: the types it can be about,
    for an origin can write before it fails. `None`: nothing, for origins that roll back."""

    tag_templates: dict[GraphQLName, TemplateList] = Field(default={})
    """Direct profiles: which of the origin's tags a type's entities have, so that mutations can
    purge them: `{Product: ["cat_p_{id}", cat_p]}`. A template without a key field in braces is the
    tag of all of the type. `magento` knows its own; an entry replaces the type's."""

    purge: Purge = Purge()
    """How purges travel."""


class Requests(Section):
    """Requests and keys"""

    path: PublicPath = "/graphql"
    """The one public path."""

    vary_headers: Annotated[tuple[KeyedHeader, ...], _Once] = ()
    """Headers that split the cache and are sent to the origin, like Magento's `Store`."""

    pass_headers: Annotated[tuple[HeaderPattern, ...], _Once] = ()
    """Headers known to change answers, besides the built-in ones: a request that carries one
    passes. A trailing `*` stands for any ending."""

    ignore_headers: Annotated[tuple[HeaderPattern, ...], _Once] = ()
    """Headers known to change answers elsewhere, not at this origin: dropped, the request is
    cached. Takes names off the built-in list. A trailing `*` stands for any ending."""

    ignore_cookies: Annotated[tuple[CookiePattern, ...], _Once] = ()
    """Cookies that are no credentials, besides the built-in ones: dropped. A trailing `*` stands
    for any ending."""

    bypass_cache_headers: tuple[BypassHeader, ...] = ()
    """A request with such a header passes; a mutation with it purges nothing."""

    max_body_size: Size = 10 * 1024**2
    """Largest answer that is stored."""

    lookup_body_size: Size = 256 * 1024
    """Largest POST body that Varnish looks up; a larger one passes."""

    debug: Flag = False
    """Answer requests with `shellac-debug: 1` with tags, key, scopes and reasons."""


class Deployment(Section):
    """Processes"""

    profile: Profile = "gateway"
    """How answers are fetched. `gateway`: through the controller, for any origin. `magento`,
    `wpgraphql`, `tagged`: by Varnish itself, from an origin that tags its answers and purges them
    itself."""

    direct: Direct = Direct()
    """What the direct profiles have beside the other keys."""

    varnish: Varnish = Varnish()
    """The Varnish in front."""

    controller: Controller = Controller()
    """The sidecar that understands GraphQL."""

    state_dir: LocalPath = Field(default=Path(".shellac"), validate_default=True)
    """Where purge log, schema and Varnish's working directory live."""


class Config(Deployment, Edge, Requests, Invalidation, Staleness, Caching, Origins, Origin):
    """One service. Read it with ``load_config``; all paths in it are absolute."""

    @property
    def secret_file(self) -> Path:
        """Where the secret of Varnish's admin listener stands."""
        return self.varnish.secret_file or self.state_dir / "varnish.secret"

    @property
    def fetch_headers(self) -> Mapping[str, str]:
        """Headers set on every origin request, by lowercase name."""
        return {**(self.headers if self.inject_headers else {}), **self.origin_headers}

    @property
    def leased(self) -> bool:
        """Whether a node's health depends on its lease: whether purges can be made while its
        controller is away, or while it cannot be reached though other nodes can."""
        hosts = [urlsplit(node).hostname or "" for node in self.varnish.nodes]
        several = len(hosts) > 1 or not all(is_one_address(host) for host in hosts)
        return several or self.purge.log != "sqlite" or self.purge.wait == "all"

    def scope_of(self, rule: Rule) -> str:
        """A rule's scope, the default one filled in."""
        return rule.scope or self.default_scope

    @property
    def digest(self) -> str:
        """16 hex digits that change with anything that shapes VCL, keys or tags.

        Left out: what differs between the nodes of one service (addresses, sizes, files), how often
        the schema is fetched, further servers of the same API and their probes (but where VCL names
        them), and what mutations purge, which changes no object that is there. The schema itself is
        not in it; verdicts have a generation of their own for that.
        """
        apart = {"state_dir", "schema_polling", "varnish", "controller", "origin_probe"}
        apart |= {"origins"} if self.profile == "gateway" else set()
        apart |= {"mutation_policy", "mutations", "failed_mutations", "tag_templates"}
        data = self.model_dump(mode="json", by_alias=True, exclude=apart)
        text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @model_validator(mode="after")
    def _consistent(self) -> Config:
        findings = (*contradictions(self), *profile_findings(self))
        if findings:
            summary = "; ".join(f"{finding.what}; {finding.fix}" for finding in findings)
            raise PydanticCustomError(
                INCONSISTENT, "{summary}", {"summary": summary, "findings": findings}
            )
        return self
