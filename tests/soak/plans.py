"""GraphQL executed by hand: documents are parsed and validated once, then only looked up.

graphql-core would take a core for itself at the rate at which the checker reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    build_schema,
    get_operation_ast,
    graphql_sync,
    parse,
    validate,
    value_from_ast_untyped,
)

from tests.soak.world import SDL, Group, Item, Mine, World

SCHEMA: Final = build_schema(SDL)
Variables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A selected field: its key in the answer, its arguments with variables by name."""

    key: str
    name: str
    constants: Mapping[str, Any]
    variables: Mapping[str, str]
    fields: tuple[Field, ...] | None

    def arguments(self, given: Variables) -> dict[str, Any]:
        found = {name: given[variable] for name, variable in self.variables.items()}
        return {**self.constants, **found}


@dataclass(frozen=True, slots=True)
class Plan:
    """A valid operation."""

    writes: bool
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked, and as whom."""

    query: str
    variables: Variables
    operation_name: str | None
    owner: str


class Executor:
    """Executes requests on a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._plans: dict[tuple[str, str | None], Plan | dict[str, Any]] = {}

    def plan(self, request: Request) -> Plan | dict[str, Any]:
        """The plan, or the whole answer where there is none: errors, or an introspection."""
        known = (request.query, request.operation_name)
        if known not in self._plans:
            self._plans[known] = _planned(request.query, request.operation_name)
        return self._plans[known]

    def run(self, plan: Plan, request: Request) -> dict[str, Any]:
        """The answer, read and written in this instant."""
        root = "Mutation" if plan.writes else "Query"
        return {"data": _selected(root, (self._world, request), plan.fields, request.variables)}


def _planned(query: str, operation_name: str | None) -> Plan | dict[str, Any]:
    if "__schema" in query:
        return dict(graphql_sync(SCHEMA, query, operation_name=operation_name).formatted)
    try:
        document = parse(query)
    except GraphQLError as error:
        return {"errors": [error.formatted]}
    if invalid := validate(SCHEMA, document):
        return {"errors": [error.formatted for error in invalid]}
    operation = get_operation_ast(document, operation_name)
    assert isinstance(operation, OperationDefinitionNode)
    return Plan(operation.operation is OperationType.MUTATION, _fields(operation.selection_set))


def _fields(selected: SelectionSetNode) -> tuple[Field, ...]:
    return tuple(_field(node) for node in selected.selections if isinstance(node, FieldNode))


def _field(node: FieldNode) -> Field:
    constants, variables = {}, {}
    for argument in node.arguments or ():
        if isinstance(argument.value, VariableNode):
            variables[argument.name.value] = argument.value.name.value
        else:
            constants[argument.name.value] = value_from_ast_untyped(argument.value)
    key = (node.alias or node.name).value
    inner = _fields(node.selection_set) if node.selection_set else None
    return Field(key, node.name.value, constants, variables, inner)


def _selected(
    parent: str, value: Any, fields: tuple[Field, ...], variables: Variables
) -> dict[str, Any]:
    found = {}
    resolvers = _RESOLVERS[parent]
    for field in fields:
        if field.name == "__typename":
            found[field.key] = parent
            continue
        arguments = field.arguments(variables) if field.constants or field.variables else {}
        inner = resolvers[field.name](value, arguments)
        if field.fields is not None:
            inner = _completed(inner, field.fields, variables)
        found[field.key] = inner
    return found


def _completed(value: Any, fields: tuple[Field, ...], variables: Variables) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return [_selected(type(one).__name__, one, fields, variables) for one in value]
    return _selected(type(value).__name__, value, fields, variables)


def _mine(root: tuple[World, Request], _: Variables) -> Mine:
    world, request = root
    return world.mine(request.owner)


def _bump_mine(root: tuple[World, Request], arguments: Variables) -> Mine:
    world, request = root
    return world.bump_mine(request.owner, arguments["ref"])


def _item(root: tuple[World, Request], arguments: Variables) -> Item | None:
    return root[0].items.get(str(arguments["id"]))


def _group(root: tuple[World, Request], arguments: Variables) -> Group | None:
    return root[0].groups.get(str(arguments["id"]))


_RESOLVERS: Final[Mapping[str, Mapping[str, Callable[[Any, Variables], Any]]]] = {
    "Query": {
        "item": _item,
        "items": lambda root, given: root[0].groups[str(given["group"])].items,
        "group": _group,
        "mine": _mine,
    },
    "Mutation": {
        "bump": lambda root, given: root[0].bump(str(given["id"]), given["ref"]),
        "add": lambda root, given: root[0].add(str(given["group"]), given["ref"]),
        "bumpMine": _bump_mine,
    },
    "Item": {
        "id": lambda item, _: item.id,
        "version": lambda item, _: item.version,
        "group": lambda item, _: item.group,
        "note": lambda item, _: item.note,
    },
    "Group": {"id": lambda group, _: group.id, "items": lambda group, _: group.items},
    "Mine": {"id": lambda mine, _: mine.id, "version": lambda mine, _: mine.version},
}
