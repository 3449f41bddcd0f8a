"""What clients give as arguments, read tolerantly: one value or several, any leaf as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from graphql import GraphQLError

from controller.admin.scalars import text_of
from controller.core.tags import Tag


def flag(given: Mapping[str, Any], name: str) -> bool:
    """An option; absent and null are false.

    Raises:
        GraphQLError: it is no boolean.
    """
    found = given.get(name)
    if found is None or isinstance(found, bool):
        return bool(found)
    raise _bad_input(f"{name} is true or false")


def all_tags(tags: Callable[[Any], Iterable[Tag]], given: object) -> list[Tag]:
    """The tags of one value, or of each in a list: a variable may hold either."""
    return [tag for one in several(given) for tag in tags(one)]


def several(given: object) -> list[Any]:
    """A list as it is, anything else as a list of one."""
    return given if isinstance(given, list) else [given]


def texts(value: object) -> list[str]:
    """One leaf or several, as text.

    Raises:
        GraphQLError: it is none.
    """
    return [text_of(item) for item in several(value)]


def by_field(given: object) -> dict[str, list[str]] | None:
    """``keyFields`` by name; None: not given.

    Raises:
        GraphQLError: one is no ``{name, value}``.
    """
    if given is None:
        return None
    found: dict[str, list[str]] = {}
    for item in several(given):
        if not isinstance(item, Mapping):
            raise _bad_input("a key field is {name, value}")
        found.setdefault(text_of(item.get("name")), []).extend(texts(item.get("value")))
    return found


def query_field(given: object) -> tuple[str, Mapping[str, object]]:
    """Name and arguments of a ``QueryFieldInput``.

    Raises:
        GraphQLError: it is none.
    """
    if not isinstance(given, Mapping):
        raise _bad_input("a query field is {name, args}")
    return text_of(given.get("name")), object_of(given.get("args"))


def object_of(given: object) -> Mapping[str, object]:
    """Arguments; null is none.

    Raises:
        GraphQLError: they are no object.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise _bad_input("args is an object: {name: value}")
    return given


def _bad_input(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})
