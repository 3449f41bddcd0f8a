"""The sections of the config that have keys of their own.

A key's description is the text under its field; docs/config.md and the JSON Schema print it.
Keys are camelCase in YAML. ``null`` means absent, as in Stellate's own schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from vclgen.config.graphql import Key, OperationHash, RuleTypes
from vclgen.config.proxies import TrustedProxy
from vclgen.config.refusal import refusal, shown
from vclgen.config.tokens import GraphQLName, HeaderName, ScopeName, Text
from vclgen.config.values import (
    Address,
    Duration,
    DurationOrZero,
    Flag,
    ListenAddress,
    LocalPath,
    PurgeLogPlace,
    Seconds,
    Size,
    Url,
)
from vclgen.versions import VarnishVersion

DEFAULT_KEYS = (("id",), ("_id",), ("key",))


class Section(BaseModel):
    """What all sections share."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        use_attribute_docstrings=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        return {key: value for key, value in data.items() if value is not None}


class Rule(Section):
    """One entry of `rules`. Of several rules that match a document the shortest times win and all
    scopes apply; a document that matches none passes uncached."""

    types: RuleTypes = Field(default={})
    """The types and fields it applies to: `[Post]`, `{Post: true}`, `{Query: [posts, post]}` or
    `{Query: {posts: true}}`, also mixed. Needed unless there are `operationHashes`."""

    operation_hashes: tuple[OperationHash, ...] = ()
    """The operations it applies to, besides what `types` names: SHA-256, 64 hex digits, of the
    document's text as clients send it in `query` (an APQ hash), or of the one operation with its
    fragments. `shellac explain` prints both."""

    max_age: Seconds
    """Seconds for which an answer is fresh. 0, with `swr` 0: never cached."""

    swr: Seconds = 0
    """Seconds after `maxAge` in which a stale answer is served while it is fetched anew."""

    scope: Text | None = None
    """`PUBLIC`, `ANONYMOUS` or a name from `scopes`. Default: `defaultScope`."""

    description: Text | None = None
    """For people."""

    @model_validator(mode="after")
    def _applies(self) -> Rule:
        if not self.types and not self.operation_hashes:
            raise refusal("would never apply", "name types in `types`, or operationHashes")
        return self


class RootTypeNames(Section):
    """What the root types are called where a schema does not say it, and in `rules` and the like:
    with `query: QueryRoot` both `Query` and `QueryRoot` there mean the query root of the schema,
    unless it has another type of that name. Against a schema's own word this changes nothing."""

    query: GraphQLName | None = None
    """The query root."""

    mutation: GraphQLName | None = None
    """The mutation root."""

    subscription: GraphQLName | None = None
    """The subscription root."""


class CacheControl(Section):
    """What `@cacheControl` in the schema's SDL means. Its hints count as rules: `maxAge` of a field
    before that of the type it returns, nothing where there is no hint (Apollo's default of 0 would
    cache nothing), and `inheritMaxAge` means no `maxAge`."""

    private_scope: ScopeName | None = None
    """The scope of `scope: PRIVATE`. Without it a document that selects such a thing passes."""


class SchemaPolling(Section):
    """How the schema is kept up to date while Shellac runs."""

    enabled: Flag = True
    """Fetch the schema again and again. A new one makes new verdicts, not new answers."""

    interval: Duration = 60.0
    """Time between two fetches."""


class KeyFields(Section):
    """What identifies an entity. Several key fields of a type are alternatives, each a tag."""

    auto_add: Flag = True
    """Ask the origin for key fields that a document does not select, and cut them from answers."""

    defaults: tuple[Key, ...] = DEFAULT_KEYS
    """Key fields of every type that `types` does not name."""

    types: dict[GraphQLName, tuple[Key, ...]] = Field(default={})
    """Key fields by type: `{Post: [id, slug]}`. A nested list is a compound key:
    `{Stock: [[sku, store]]}`. An empty list: a value without identity."""


class NetworkErrors(Section):
    """No connection to the origin, or one that broke."""

    is_enabled: Flag = False
    """Ask again after them."""

    when_graphql_response: Flag = Field(default=False, alias="whenGraphQLResponse")
    """Stellate's files have it here, too: there is no response then, so it says nothing."""


class ServerErrors(Section):
    """Answers with a status of 500 or more."""

    is_enabled: Flag = False
    """Ask again after them."""

    when_graphql_response: Flag = Field(default=False, alias="whenGraphQLResponse")
    """Also where the answer is JSON, and so the GraphQL server's own."""


class Retries(Section):
    """When a query is asked again: up to three times, after 0.5, 1 and 2 seconds, at another origin
    where there is one. A mutation never is, nor what could be one: a batch, an operation named by
    its hash alone."""

    network_errors: NetworkErrors = NetworkErrors()
    """No connection to the origin, or one that broke."""

    server_errors: ServerErrors = ServerErrors()
    """Answers with a status of 500 or more."""


class BypassHeader(Section):
    """A header that sends a request past the cache."""

    name: HeaderName
    """The header's name."""


def _version(value: Any) -> Any:
    """YAML reads 7.1 as a number."""
    return str(value) if isinstance(value, float) else value


class Varnish(Section):
    """The Varnish in front."""

    version: Annotated[VarnishVersion, BeforeValidator(_version)] = "7.1"
    """The Varnish that the VCL is rendered for (docs/varnish-versions.md). The text is the same
    from 7.1 to 9.0."""

    listen: ListenAddress = Address("0.0.0.0", 8080)  # noqa: S104  the public door
    """Where clients connect."""

    admin_listen: ListenAddress = Address("127.0.0.1", 8081)
    """Where Varnish takes purges and tells its state. Keep it away from clients."""

    proxy_listen: ListenAddress | None = None
    """Where proxies connect that speak the PROXY protocol, version 1 or 2: clients are then the
    addresses that it tells (docs/front.md). On another address than this machine's own only
    `trustedProxies` may connect."""

    trusted_proxies: tuple[TrustedProxy, ...] = ()
    """Addresses and networks of the proxies in front. Of `X-Forwarded-For` what they say is
    believed, and the client is the last address that is none of them; their `X-Forwarded-Proto`
    and `X-Forwarded-Host` reach the origin. Those of everybody else are replaced."""

    storage: Size = 256 * 1024**2
    """Memory for cached answers."""

    verdict_storage: Size = 64 * 1024**2
    """Memory for verdicts, which answers never push out."""

    secret_file: LocalPath | None = Field(
        default=None, json_schema_extra={"shown": "`<stateDir>/varnish.secret`"}
    )
    """The secret of the admin listener, read by Varnish and the controller."""

    nodes: tuple[Url, ...] = Field(
        default_factory=lambda values: _own_node(values),
        min_length=1,
        json_schema_extra={"shown": "derived from `adminListen`"},
    )
    """Admin URLs of the Varnish nodes that this controller serves, as it reaches them. Each is one
    Varnish, never a balancer; a name is resolved again and again, and each of its addresses is a
    node."""


def _own_node(values: Mapping[str, Any]) -> tuple[str, ...]:
    admin: Address = values.get("admin_listen", Address("127.0.0.1", 8081))
    return (f"http://{admin.reachable}",)


class Controller(Section):
    """The sidecar that understands GraphQL."""

    gateway_listen: ListenAddress = Address("127.0.0.1", 8090)
    """Where Varnish reaches it. Keep it away from clients."""

    admin_listen: ListenAddress = Address("127.0.0.1", 8091)
    """Purging API, pages, metrics and health."""

    gateway_address: ListenAddress = Field(
        default_factory=lambda values: _own_gateway(values),
        json_schema_extra={"shown": "derived from `gatewayListen`"},
    )
    """The gateway listener as Varnish reaches it, where that is another host's name."""

    pass_listen: ListenAddress = Address("127.0.0.1", 8092)
    """Where Varnish sends what it passes, mutations among it: each on a connection of its own, for
    Varnish sends a request again when a reused one breaks. Keep it away from clients."""

    pass_address: ListenAddress = Field(
        default_factory=lambda values: _own_passes(values),
        json_schema_extra={"shown": "derived from `passListen`"},
    )
    """The pass listener as Varnish reaches it, where that is another host's name."""


def _own_gateway(values: Mapping[str, Any]) -> Address:
    listen: Address = values.get("gateway_listen", Address("127.0.0.1", 8090))
    return listen.reachable


def _own_passes(values: Mapping[str, Any]) -> Address:
    listen: Address = values.get("pass_listen", Address("127.0.0.1", 8092))
    return listen.reachable


def _wait_timeout(seconds: float) -> float:
    if seconds > 60:
        raise refusal(f"{shown(seconds)} seconds is longer than clients wait", "use at most 60s")
    return seconds


def _lease(seconds: float) -> float:
    if not 2 <= seconds <= 60:
        raise refusal(f"{shown(seconds)} seconds is no usable lease", "use 2s to 60s")
    return seconds


class Purge(Section):
    """How purges travel."""

    log: PurgeLogPlace = "sqlite"
    """Where purges are recorded before they are applied: `sqlite` (a file under `stateDir`, for
    one controller) or `redis://host:port/db` (any number of controllers; Redis 7 or newer; its
    password from `SHELLAC_REDIS_PASSWORD`)."""

    wait: Literal["local", "all"] = "local"
    """Whose confirmation the answer to a mutation or purge waits for: that of this controller's
    own nodes, or of every node of every controller. With `all` a node serves hits only while its
    controller renews its lease."""

    wait_timeout: Annotated[Duration, AfterValidator(_wait_timeout)] | None = Field(
        default=None, json_schema_extra={"shown": "`150ms`, in a direct profile `3s`"}
    )
    """How long it waits. After that it goes out with `Shellac-Purge: pending`."""

    lease: Annotated[Duration, AfterValidator(_lease)] = 5.0
    """How long a node counts as up to date after its controller last said so. Then its health
    endpoint is red, and with `wait: all` it serves no hits. Not used by a single pair."""

    origin_lag: DurationOrZero = 0.0
    """How long after a mutation the origin may still answer with older data (replicas, its own
    cache). For as long nothing that was purged is stored again."""
