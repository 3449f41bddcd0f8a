"""The Purging API's GraphQL schema, generated from the service's own (Stellate's vocabulary).

Nothing is purged while a document is executed: resolvers collect, and what one document collected
is one batch. https://stellate.co/docs/purging-api is the model; docs/purging-api.md says what is
more than that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Final

from graphql import (
    ExecutionResult,
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    execute_sync,
    parse,
    specified_rules,
    validate,
)
from graphql.language import DocumentNode
from graphql.validation import VariablesInAllowedPositionRule

from controller.admin.batch import Batch, How
from controller.admin.direct_targets import targets_of
from controller.admin.given import all_tags, by_field, flag, object_of, query_field, texts
from controller.admin.scalars import (
    arguments_object,
    put_in_place,
    query_enum,
    text_of,
    tolerant_scalars,
)
from controller.core.policy import Policy
from controller.core.schema import SchemaIndex
from controller.core.tags import Tag

RULES: Final = tuple(rule for rule in specified_rules if rule is not VariablesInAllowedPositionRule)
"""Clients declare ``$id: ID!``, ``$id: Int``, ``$ids: [ID!]!`` for the same ``[String!]``."""
OPTIONS: Final = ("soft", "dryRun", "refresh")
"""The arguments of every purge field that say how, not what."""
SHORT: Final = 4_096
"""Characters of a document that is remembered, with the result of its validation."""
KNOWN: Final = 500
"""Documents that are remembered: a few MB at most."""

_Item = GraphQLScalarType | GraphQLEnumType | GraphQLInputObjectType
_Arguments = Mapping[str, Any]
_Named = Callable[[_Arguments], Iterable[Tag] | None]
"""The tags that a field's arguments name; None is everything."""


class PurgingApi:
    """The API of one service under one schema; ``index`` is None while there is none."""

    def __init__(self, policy: Policy, index: SchemaIndex | None) -> None:
        self.index = index
        self.policy = policy
        self.targets = targets_of(policy, index)
        self._service = policy.service
        self._known = lru_cache(KNOWN)(self._check)

    @cached_property
    def schema(self) -> GraphQLSchema:
        """The schema; made when first needed, for it has a mutation for each type."""
        scalars = tolerant_scalars()
        text = scalars["String"]
        arguments = arguments_object()
        mutations = {
            **self._everywhere(text),
            **self._queries(query_enum(self.targets.query_fields) or text, arguments),
            **self._types(text),
        }
        schema = GraphQLSchema(
            query=self._query(),
            mutation=GraphQLObjectType("Mutation", mutations),
            types=[*scalars.values(), arguments],  # what clients declare variables as
        )
        return put_in_place(schema, scalars)

    def checked(self, text: str) -> tuple[DocumentNode, Sequence[GraphQLError]]:
        """A document, and what is wrong with it. Those that come again are remembered.

        Raises:
            GraphQLError: it is no document.
            RecursionError: it is nested too deeply.
        """
        return self._known(text) if len(text) <= SHORT else self._check(text)

    def _check(self, text: str) -> tuple[DocumentNode, Sequence[GraphQLError]]:
        document = parse(text)
        return document, validate(self.schema, document, RULES)

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

    def _everywhere(self, text: GraphQLScalarType) -> dict[str, GraphQLField]:
        """What needs no schema and has no other form with one."""
        targets = self.targets
        key_field = _input(
            "KeyFieldInput", {"name": GraphQLNonNull(text), "value": GraphQLNonNull(text)}
        )

        def of_type(given: _Arguments) -> Iterable[Tag]:
            return targets.tags(text_of(given["type"]), by_field(given.get("keyFields")))

        def of_operations(given: _Arguments) -> Iterable[Tag]:
            return all_tags(targets.operation, given["names"])

        return {
            "_purgeAll": _field("Purge everything.", {}, lambda _: None),
            "_purgeType": _field(
                "Purge a type, or the entities of it that have one of these key fields.",
                {"type": GraphQLNonNull(text), "keyFields": _list(key_field)},
                of_type,
            ),
            "_purgeOperationName": _field(
                "Purge the answers to operations of these names.",
                {"names": GraphQLNonNull(_list(text))},
                of_operations,
            ),
            "_purgeId": _field(
                "Purge the entities with one of these ids, whatever their type (globalIds).",
                {"ids": GraphQLNonNull(_list(text))},
                lambda given: all_tags(lambda one: targets.ids(text_of(one)), given["ids"]),
            ),
            "_purgeTags": _field(
                "Purge the answers with one of these tags, as shellac-debug prints them.",
                {"tags": GraphQLNonNull(_list(text))},
                lambda given: all_tags(lambda one: targets.tag(text_of(one)), given["tags"]),
            ),
        }

    def _queries(
        self, name: GraphQLScalarType | GraphQLEnumType, arguments: GraphQLScalarType
    ) -> dict[str, GraphQLField]:
        """What purges by the fields of the query root."""
        targets = self.targets
        chosen = _input("QueryFieldInput", {"name": GraphQLNonNull(name), "args": arguments})

        def of_fields(given: _Arguments) -> Iterable[Tag]:
            return all_tags(lambda one: targets.query_with(*query_field(one)), given["fields"])

        def of_one(field: str) -> _Named:
            return lambda given: all_tags(
                lambda one: targets.query_with(field, object_of(one)), given["args"]
            )

        fields = {
            "_purgeQuery": _field(
                "Purge the answers in which one of these query fields stands.",
                {"queries": GraphQLNonNull(_list(name))},
                lambda given: all_tags(targets.query, given["queries"]),
            ),
            "_purgeQueryField": _field(
                "Purge the answers in which a query field stands with exactly these arguments; "
                "without args those in which it has none.",
                {"fields": GraphQLNonNull(_list(chosen))},
                of_fields,
            ),
        }
        for field in targets.query_fields:
            fields[f"purgeQuery_{field}"] = _field(
                f"Purge the answers in which {field} stands with exactly these arguments.",
                {"args": GraphQLNonNull(GraphQLList(arguments))},
                of_one(field),
            )
        return fields

    def _types(self, text: GraphQLScalarType) -> dict[str, GraphQLField]:
        """A mutation for each type that can stand in an answer. A query field's comes first where
        a type is called so that both would have one name; ``_purgeType`` reaches the type.
        """
        queries = {f"Query_{name}" for name in self.targets.query_fields}
        mutations = {}
        for name in self.targets.names:
            if name in queries:
                continue
            keys = self.targets.key_fields(name)
            mutations[f"purge{name}"] = _field(
                _described(name, keys),
                dict.fromkeys(("id", *keys), _list(text)),
                self._named(name),
            )
        return mutations

    def _named(self, name: str) -> _Named:
        def named(given: _Arguments) -> Iterable[Tag]:
            values = {
                field: texts(value)
                for field, value in given.items()
                if field not in OPTIONS and value is not None
            }
            return self.targets.tags(name, values or None)

        return named


def _field(
    description: str, arguments: Mapping[str, GraphQLInputType], named: _Named
) -> GraphQLField:
    """A field that adds to the batch what its arguments name. A type's key field that is called
    like an option cannot be given here.
    """

    def resolve(_root: None, info: GraphQLResolveInfo[Batch], /, **given: Any) -> bool:
        how = How(*(flag(given, option) for option in OPTIONS))
        info.context.add(info.field_name, str(info.path.key), named(given), how)
        return True

    taken = {**arguments, **dict.fromkeys(OPTIONS, GraphQLBoolean)}
    return GraphQLField(
        GraphQLBoolean,
        {name: GraphQLArgument(type_) for name, type_ in taken.items()},
        resolve,
        description=description,
    )


def _described(name: str, keys: Iterable[str]) -> str:
    text = f"Purge {name}: all of it, or the entities with one of these key fields."
    shadowed = [key for key in keys if key in OPTIONS]
    if shadowed:
        text += f" For its key field {' or '.join(shadowed)} use _purgeType."
    return text


def _list(type_: _Item) -> GraphQLList[Any]:
    return GraphQLList(GraphQLNonNull(type_))


def _input(name: str, fields: Mapping[str, GraphQLInputType]) -> GraphQLInputObjectType:
    return GraphQLInputObjectType(
        name, {field: GraphQLInputField(type_) for field, type_ in fields.items()}
    )
