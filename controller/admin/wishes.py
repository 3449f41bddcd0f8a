"""What a script can ask ``POST /purge`` for, typed: what stands here stands in OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, assert_never

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    WithJsonSchema,
)
from pydantic import Tag as Case
from pydantic_core import PydanticCustomError

from controller.admin.targets import Targets
from controller.core.tags import Tag


def _texts(value: object) -> list[str]:
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int) and not isinstance(one, bool) for one in several):
        raise PydanticCustomError("texts", "give a string, a whole number, or a list of these")
    return [str(one) for one in several]


_ONE: Final = ({"type": "string"}, {"type": "integer"})
Texts = Annotated[
    list[str],
    BeforeValidator(_texts),
    WithJsonSchema({"anyOf": [*_ONE, {"type": "array", "items": {"anyOf": [*_ONE]}}]}),
]
"""One or several; a number counts as its text."""


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    soft: bool = Field(False, description="Mark as stale instead of removing.")
    dryRun: bool = Field(False, description="Count what would go, and purge nothing.")
    refresh: bool = Field(False, description="Then fetch the hottest of it again.")


class TypeWish(_Wish):
    """A type, or the entities of it that have one of these keys."""

    type: str = Field(examples=["Post"])
    id: Texts | None = Field(None, description="Entities by their `id`; null: see keys.")
    keys: dict[str, Texts] | None = Field(
        None, description="Entities by any key field.", examples=[{"slug": "first-post"}]
    )


class QueryWish(_Wish):
    """The answers in which a field of the query root stands."""

    query: Texts = Field(examples=["posts"])
    args: dict[str, Any] | None = Field(
        None, description="Only with exactly these arguments; {} is without any; null: whichever."
    )


class OperationWish(_Wish):
    """The answers to operations of these names."""

    operation: Texts = Field(examples=["listPosts"])


class IdWish(_Wish):
    """The entities with one of these ids, whatever their type (`globalIds`)."""

    globalId: Texts = Field(examples=["R2lkOjU="])


class TagsWish(_Wish):
    """The answers with one of these tags, as `shellac-debug: 1` prints them."""

    tags: Texts = Field(examples=["key:Post:id:5"])


class AllWish(_Wish):
    """Everything the service has stored."""

    all: Literal[True] = Field(description="true")


_CASES: Final = ("type", "query", "operation", "globalId", "tags", "all")


def _case(value: object) -> str | None:
    """By which member a wish says what it is about."""
    if isinstance(value, Mapping):
        found = [name for name in _CASES if name in value]
        return found[0] if len(found) == 1 else None
    return next((name for name in _CASES if hasattr(value, name)), None)


Wish = Annotated[
    Annotated[TypeWish, Case("type")]
    | Annotated[QueryWish, Case("query")]
    | Annotated[OperationWish, Case("operation")]
    | Annotated[IdWish, Case("globalId")]
    | Annotated[TagsWish, Case("tags")]
    | Annotated[AllWish, Case("all")],
    Discriminator(
        _case,
        custom_error_type="wish",
        custom_error_message=f"say what to purge by one of {', '.join(_CASES)}",
    ),
]
ONE: Final = "one"
SEVERAL: Final = "several"
Wishes = Annotated[
    Annotated[Wish, Case(ONE)] | Annotated[list[Wish], Case(SEVERAL)],
    Discriminator(lambda value: SEVERAL if isinstance(value, list) else ONE),
]


def place(location: tuple[int | str, ...]) -> str:
    """Where in a body something is wrong: ``[0].keys.slug``. Names of cases are no places."""
    several = SEVERAL in location[:2]
    inside = [part for part in location if part != "body"][1:]
    if several and inside:
        number, *inside = inside
        inside = inside[1:]
        return f"[{number}]" + "".join(f".{part}" for part in inside)
    return ".".join(str(part) for part in inside[1:])


def subject(wish: Wish) -> str:
    """The member that says what a wish is about."""
    return next(name for name in _CASES if hasattr(wish, name))


def wished(wish: Wish, targets: Targets) -> list[Tag] | None:
    """The tags of what is to be purged, None for everything.

    Raises:
        GraphQLError: the schema has no such thing.
    """
    return None if isinstance(wish, AllWish) else list(_tags(wish, targets))


def _tags(
    wish: TypeWish | QueryWish | OperationWish | IdWish | TagsWish, targets: Targets
) -> Iterator[Tag]:
    match wish:
        case TypeWish(type=name):
            given = {**({} if wish.id is None else {"id": wish.id}), **(wish.keys or {})}
            nothing_said = wish.id is None and wish.keys is None
            yield from targets.tags(name, None if nothing_said else given)
        case QueryWish(query=names, args=args):
            for name in names:
                yield from targets.query(name) if args is None else targets.query_with(name, args)
        case OperationWish(operation=names):
            for name in names:
                yield from targets.operation(name)
        case IdWish(globalId=ids):
            for value in ids:
                yield from targets.ids(value)
        case TagsWish(tags=tags):
            for text in tags:
                yield from targets.tag(text)
        case _:
            assert_never(wish)
