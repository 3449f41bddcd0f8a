"""``mutations``: what a mutation purges where its answer does not say it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from vclgen.config.graphql import Key
from vclgen.config.refusal import refusal, shown
from vclgen.config.sections import Section
from vclgen.config.tokens import GraphQLName, Text
from vclgen.config.values import LABEL

MutationPolicy = Literal["Entity", "List", "Type", "None"]

_NAME: Final = r"[_A-Za-z][_0-9A-Za-z]*"
_PLACE: Final = re.compile(rf"args(\.{_NAME})+|result(\.{_NAME})*")


def _places(value: Any) -> tuple[str, ...]:
    places = value if isinstance(value, list | tuple) else [value]
    for place in places:
        if not isinstance(place, str) or not _PLACE.fullmatch(place):
            raise refusal(
                f"{shown(place)} is no place of a value",
                "write it like args.id, args.input.ids, result or result.deletedId",
            )
    if not places:
        raise refusal("is empty", "name at least one place, or remove the key")
    return tuple(places)


Places = Annotated[
    tuple[str, ...],
    BeforeValidator(_places),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            LABEL: "place",
        }
    ),
]


class MutationTarget(Section):
    """One thing that a mutation purges: a `type`, a `query` or an `operation`."""

    type: GraphQLName | None = None
    """A type, or with `from` the entities of it that have these key values."""

    key: Key | None = None
    """The key that `from` gives values of. Default: the first key of the type."""

    from_: Places | None = Field(default=None, alias="from")
    """Where the value stands: `args.id`, `args.input.ids` (a list is an entity each), or in the
    answer: `result`, `result.deletedId`. One place for each field of `key`. Where there is no
    value the whole type is purged."""

    query: GraphQLName | None = None
    """A field of the query root: all answers that hold it."""

    operation: Text | None = None
    """An operation name: all answers to operations of that name."""

    @model_validator(mode="after")
    def _one_thing(self) -> MutationTarget:
        if sum(name is not None for name in (self.type, self.query, self.operation)) != 1:
            raise refusal(
                "does not name one thing", "write one of type, query and operation in each entry"
            )
        if self.type is None and (self.key or self.from_):
            raise refusal("has key or from without a type", "name the type, or remove them")
        if self.key and not self.from_:
            raise refusal("has a key without values", "say where they stand, like from: args.id")
        if self.from_ and len(self.from_) != len(self.key or ("id",)):
            raise refusal(
                f"names {len(self.from_)} places for {len(self.key or ('id',))} key fields",
                "name one place for each field of key",
            )
        return self


class Mutation(Section):
    """What one field of the mutation root purges."""

    policy: MutationPolicy | None = None
    """As `mutationPolicy`, for this mutation. `None`: its answer purges nothing; what `purge` names
    is purged all the same."""

    purge: tuple[MutationTarget, ...] = ()
    """What it purges besides the entities in its answer, and in place of what is guessed where the
    answer names none. An entity that it names reaches as far as the policy says."""

    @model_validator(mode="after")
    def _says_something(self) -> Mutation:
        if self.policy is None and not self.purge:
            raise refusal("says nothing", "give it a policy or a purge, or remove it")
        return self
