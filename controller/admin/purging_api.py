"""The Purging API's GraphQL schema, generated from the service's own (Stellate's vocabulary).

Nothing is purged while a document is executed: resolvers collect, and what one document collected
is one batch. https://stellate.co/docs/purging-api is the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from graphql import (
    ExecutionResult,
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLError,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLString,
    execute_sync,
    specified_rules,
    validate,
)
from graphql.language import DocumentNode
from graphql.validation import VariablesInAllowedPositionRule

from controller.admin.scalars import named_string, text_of, tolerant_string
from controller.admin.targets import Targets
from controller.core.policy import Policy
from controller.core.schema import SchemaIndex
from controller.core.tags import Purge, Tag

RULES: Final = tuple(rule for rule in specified_rules if rule is not VariablesInAllowedPositionRule)
"""Clients declare ``$id: ID!``, ``$id: Int``, ``$ids: [ID!]!`` for the same ``[String!]``."""
SOURCE_LENGTH: Final = 200

_Arguments = Mapping[str, Any]


@dataclass(slots=True)
class Batch:
    """What one document asked to purge. ``by`` is the name of who sent it, where that is known."""

    by: str | None = None
    asked: dict[str, None] = field(default_factory=dict)
    tags: dict[bool, dict[Tag, None]] = field(default_factory=lambda: {False: {}, True: {}})
    everything: set[bool] = field(default_factory=set)

    def purges(self) -> list[Purge]:
        """At most one hard and one soft purge."""
        source = f"api {', '.join(self.asked)}"[:SOURCE_LENGTH]
        if self.by is not None:
            source += f" by {self.by}"
        return [
            Purge((), source, soft, everything=True)
            if soft in self.everything
            else Purge(tuple(tags), source, soft)
            for soft, tags in self.tags.items()
            if tags or soft in self.everything
        ]


class PurgingApi:
    """The API of one service under one schema; ``index`` is None while there is none."""

    def __init__(self, policy: Policy, index: SchemaIndex | None) -> None:
        self.index = index
        self._service = policy.service
        self._targets = Targets(policy, index)

    @cached_property
    def schema(self) -> GraphQLSchema:
        """The schema; made when first needed, for it has a mutation for each type."""
        text = tolerant_string()
        texts = GraphQLList(GraphQLNonNull(text))
        key_field = GraphQLInputObjectType(
            "KeyFieldInput",
            {
                "name": GraphQLInputField(GraphQLNonNull(text)),
                "value": GraphQLInputField(GraphQLNonNull(text)),
            },
        )
        soft = GraphQLArgument(GraphQLBoolean)
        mutations = {
            "_purgeAll": _field("Purge everything.", {"soft": soft}, _purge_all),
            "_purgeType": _field(
                "Purge a type, or the entities of it that have one of these key fields.",
                {
                    "type": GraphQLArgument(GraphQLNonNull(text)),
                    "keyFields": GraphQLArgument(GraphQLList(GraphQLNonNull(key_field))),
                    "soft": soft,
                },
                self._purge_type,
            ),
        }
        for name in self._targets.names:
            fields = dict.fromkeys(("id", *self._targets.key_fields(name)))
            mutations[f"purge{name}"] = _field(
                f"Purge {name}: all of it, or the entities with one of these key fields.",
                {**{field: GraphQLArgument(texts) for field in fields}, "soft": soft},
                self._purge_named(name),
            )
        schema = GraphQLSchema(
            query=self._query(),
            mutation=GraphQLObjectType("Mutation", mutations),
            types=[GraphQLID, GraphQLInt, GraphQLFloat],  # what clients declare variables as
        )
        return named_string(schema, text)

    def validate(self, document: DocumentNode) -> list[GraphQLError]:
        """What is wrong with a document."""
        return validate(self.schema, document, RULES)

    def execute(
        self, document: DocumentNode, variables: _Arguments | None, operation_name: str | None
    ) -> tuple[ExecutionResult, Batch]:
        """Execute a valid document; the batch is what has to be purged for the result to be so."""
        batch = Batch()
        result = execute_sync(
            self.schema,
            document,
            context_value=batch,
            variable_values=dict(variables or {}),
            operation_name=operation_name,
        )
        for error in result.errors or ():
            if not isinstance(error.original_error, GraphQLError | None):
                raise error.original_error  # a mistake of ours, not the caller's
        return result, batch

    def _query(self) -> GraphQLObjectType:
        service = GraphQLObjectType(
            "_Service", {"name": GraphQLField(GraphQLNonNull(GraphQLString))}
        )
        resolved = {"name": self._service}
        return GraphQLObjectType(
            "Query",
            {
                "_service": GraphQLField(
                    GraphQLNonNull(service),
                    description="The service whose cache this purges.",
                    resolve=lambda *_: resolved,
                )
            },
        )

    def _purge_type(self, batch: Batch, arguments: _Arguments) -> None:
        named = _by_field(arguments.get("keyFields"))
        _collect(batch, arguments, self._targets.tags(text_of(arguments["type"]), named))

    def _purge_named(self, name: str) -> Callable[[Batch, _Arguments], None]:
        def purge(batch: Batch, arguments: _Arguments) -> None:
            given = {
                field: _texts(value)
                for field, value in arguments.items()
                if field != "soft" and value is not None
            }
            _collect(batch, arguments, self._targets.tags(name, given or None))

        return purge


def _field(
    description: str,
    arguments: dict[str, GraphQLArgument],
    purge: Callable[[Batch, _Arguments], None],
) -> GraphQLField:
    def resolve(_root: None, info: GraphQLResolveInfo[Batch], /, **given: Any) -> bool:
        purge(info.context, given)
        info.context.asked[info.field_name] = None
        return True

    return GraphQLField(GraphQLBoolean, arguments, resolve, description=description)


def _purge_all(batch: Batch, arguments: _Arguments) -> None:
    batch.everything.add(_soft(arguments))


def _collect(batch: Batch, arguments: _Arguments, tags: Iterable[Tag]) -> None:
    batch.tags[_soft(arguments)].update(dict.fromkeys(tags))


def _soft(arguments: _Arguments) -> bool:
    soft = arguments.get("soft")
    if soft is None or isinstance(soft, bool):
        return bool(soft)
    raise _bad_input("soft is true or false")


def _texts(value: object) -> list[str]:
    """One value or a list of them, from a literal or from a variable of whatever type."""
    return [text_of(item) for item in value] if isinstance(value, list) else [text_of(value)]


def _by_field(given: object) -> dict[str, list[str]] | None:
    """``keyFields`` by name; None: not given."""
    if given is None:
        return None
    found: dict[str, list[str]] = {}
    for item in given if isinstance(given, list) else [given]:
        if not isinstance(item, Mapping):
            raise GraphQLError(
                "a key field is {name, value}", extensions={"code": "BAD_USER_INPUT"}
            )
        found.setdefault(text_of(item.get("name")), []).extend(_texts(item.get("value")))
    return found


def _bad_input(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})
