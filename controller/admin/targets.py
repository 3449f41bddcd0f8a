"""What a caller of the Purging API names, as tags."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from graphql import GraphQLError, GraphQLObjectType
from graphql.pyutils import did_you_mean, suggestion_list

import controller.core.schemaless.tags as free
from controller.core.arguments import purge_arguments
from controller.core.mutation import purge_entity_tags, purge_id_tags, purge_type_tags
from controller.core.policy import Key, Policy
from controller.core.schema import SchemaIndex
from controller.core.tags import (
    KINDS,
    NULL_ID,
    SOME_ID,
    Tag,
    list_tag,
    null_tag,
    operation_tag,
    printed_tags,
    root_field_arguments_tag,
    root_field_tag,
    unidentified_tag,
)

_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")

Named = Mapping[str, Sequence[str]]
"""Values by key field. Each field's values stand for an entity each."""


class Targets:
    """The types that can be purged, with or without a schema."""

    def __init__(self, policy: Policy, index: SchemaIndex | None) -> None:
        self._policy = policy
        self._index = index
        self.names = _purgeable(index) if index is not None else ()
        root = index.schema.query_type if index is not None else None
        self._fields = root.fields if root is not None else {}

    def tags(self, type_name: str, named: Named | None) -> tuple[Tag, ...]:
        """The tags of the entities of ``type_name`` that ``named`` identifies; None: all of it.

        Several key fields are alternatives. The fields of one compound key are taken together:
        the first value of each, the second of each, and so on. Of an interface or union a member
        that has such a field, but not as its key, is purged whole: no tag says which it is.

        Raises:
            GraphQLError: there is no such type, or a field is no key field of it.
        """
        types = self._types(type_name)
        if self._index is None:
            return self._free_tags(type_name, named)
        if named is None:
            return purge_type_tags(self._index, type_name)
        keys = list(dict.fromkeys(key for name in types for key in self._keys(name)))
        _check_fields(type_name, named, keys)
        tags: dict[Tag, None] = {}
        for key in keys:
            for values in _values(type_name, key, named):
                for name in types:
                    if key in self._keys(name):
                        found = purge_entity_tags(self._index, name, key, values)
                    elif self._keys(name) and self._has_fields(name, key):
                        found = purge_type_tags(self._index, name)
                    else:
                        continue
                    tags.update(dict.fromkeys(found))
        return tuple(tags)

    def _free_tags(self, type_name: str, named: Named | None) -> tuple[Tag, ...]:
        """The same without a schema: the name stands for itself, and nobody can contradict it."""
        if named is None:
            return free.purge_type_tags(type_name)
        keys = self._keys(type_name)
        _check_fields(type_name, named, keys)
        found = (
            tag
            for key in keys
            for values in _values(type_name, key, named)
            for tag in free.purge_entity_tags(self._policy, type_name, key, values)
        )
        return tuple(dict.fromkeys(found))

    def key_fields(self, type_name: str) -> tuple[str, ...]:
        """The names of all fields that are, or are part of, a key of a type."""
        keys = (key for name in self._types(type_name) for key in self._keys(name))
        return tuple(dict.fromkeys(field for key in keys for field in key))

    def keys(self, type_name: str) -> tuple[Key, ...]:
        """The keys of a type, of an interface or union those of its members."""
        keys = (key for name in self._types(type_name) for key in self._keys(name))
        return tuple(dict.fromkeys(keys))

    def list_tags(self, type_name: str) -> tuple[Tag, ...]:
        """The tags of all lists of a type, and of nulls where it could stand."""
        return tuple(
            tag for name in self._types(type_name) for tag in (list_tag(name), null_tag(name))
        )

    @property
    def query_fields(self) -> tuple[str, ...]:
        """The fields of the query root; none without a schema."""
        return tuple(self._fields)

    def query(self, name: str) -> tuple[Tag, ...]:
        """The tag of all answers in which this field of the query root stands.

        Raises:
            GraphQLError: the query root has no such field.
        """
        self._check_query_field(name)
        return (root_field_tag(name),)

    def query_with(self, name: str, arguments: Mapping[str, object]) -> tuple[Tag, ...]:
        """The tags of the answers in which this field stands with exactly these arguments.

        Raises:
            GraphQLError: the query root has no such field, or the field no such argument.
        """
        self._check_query_field(name)
        field = self._fields.get(name)
        known = list(field.args) if field is not None else list(arguments)
        for argument in arguments:
            if argument not in known:
                meant = did_you_mean(suggestion_list(argument, known))
                message = f"Query.{name} has no argument {argument!r}.{meant}"
                raise _error(message, "UNKNOWN_ARGUMENT")
        return tuple(
            root_field_arguments_tag(name, form) for form in purge_arguments(arguments, field)
        )

    def operation(self, name: str) -> tuple[Tag, ...]:
        """The tag of all answers to operations of this name. Any name can have been stored.

        Raises:
            GraphQLError: it is no name.
        """
        if not _NAME.fullmatch(name):
            raise _error(f"{name!r} is no operation name", "UNKNOWN_OPERATION")
        return (operation_tag(name),)

    def ids(self, value: str) -> tuple[Tag, ...]:
        """The tags of the entity with this ``id``, whatever its type (``globalIds``).

        Raises:
            GraphQLError: answers have no such tags.
        """
        if not self._policy.global_ids:
            message = "Ids identify nothing without their type: set globalIds, or name the type"
            raise _error(message, "GLOBAL_IDS_OFF")
        return purge_id_tags(value)

    def tag(self, text: str) -> tuple[Tag, ...]:
        """A tag as ``shellac-debug`` and `shellac explain` print it.

        With one entity go the answers with so many of its type that they are not tagged one by one.

        Raises:
            GraphQLError: no tag begins so.
        """
        kind, colon, rest = text.partition(":")
        if text not in (SOME_ID, NULL_ID) and not (kind in KINDS and colon and rest):
            kinds = ", ".join(f"{each}:" for each in KINDS)
            raise _error(f"{text!r} is no tag: they begin with {kinds}", "UNKNOWN_TAG")
        tags = printed_tags(text)
        if kind == "key":
            tags += (unidentified_tag(rest.partition(":")[0]),)
        elif kind == "id":
            tags += (SOME_ID,)
        return tags

    def _check_query_field(self, name: str) -> None:
        if self._index is None:
            if not _NAME.fullmatch(name):
                raise _error(f"{name!r} is no field name", "UNKNOWN_QUERY_FIELD")
        elif name not in self._fields:
            meant = did_you_mean(suggestion_list(name, self.query_fields))
            message = f"The schema has no query field {name!r}.{meant}"
            raise _error(message, "UNKNOWN_QUERY_FIELD")

    def _types(self, type_name: str) -> tuple[str, ...]:
        """The object types that a name stands for."""
        if self._index is None:
            if not _NAME.fullmatch(type_name):
                raise _error(f"{type_name!r} is not a type name", "UNKNOWN_TYPE")
            return (type_name,)
        type_ = self._index.named(type_name)
        if type_ is None or type_name not in self.names:
            meant = did_you_mean(suggestion_list(type_name, self.names))
            raise _error(f"The schema has no type {type_name!r} to purge.{meant}", "UNKNOWN_TYPE")
        return tuple(possible.name for possible in self._index.possible_types(type_))

    def _has_fields(self, type_name: str, key: Key) -> bool:
        type_ = self._index.named(type_name) if self._index is not None else None
        fields = getattr(type_, "fields", {})
        return all(name in fields for name in key)

    def _keys(self, type_name: str) -> tuple[Key, ...]:
        if self._index is None:
            return self._policy.key_fields.get(type_name, self._policy.default_keys)
        type_ = self._index.named(type_name)
        assert isinstance(type_, GraphQLObjectType)
        return self._index.keys(type_)


def _purgeable(index: SchemaIndex) -> tuple[str, ...]:
    return tuple(
        name
        for name in index.schema.type_map
        if not name.startswith("__") and index.named(name) is not None and not index.is_root(name)
    )


def _check_fields(type_name: str, named: Named, keys: Sequence[Key]) -> None:
    known = {field for key in keys for field in key}
    for field in named:
        if field not in known:
            fields = " or ".join(" with ".join(key) for key in keys)
            which = f"its key is {fields}" if keys else "it has none: purge the whole type"
            raise _error(f"{field!r} is no key field of {type_name}: {which}", "UNKNOWN_KEY_FIELD")
    for field in named:
        of_field = [key for key in keys if field in key]
        if not any(set(key) <= set(named) for key in of_field):
            whole = " with ".join(of_field[0])
            raise _error(f"{type_name} is identified by {whole}: give all", "INCOMPLETE_KEY")


def _values(type_name: str, key: Key, named: Named) -> Iterator[tuple[str, ...]]:
    """The values of each entity that ``named`` identifies by this key."""
    if not set(key) <= set(named):
        return
    try:
        yield from zip(*(named[field] for field in key), strict=True)
    except ValueError:
        raise _error(
            f"{type_name} is identified by {' with '.join(key)}: give as many values of each",
            "INCOMPLETE_KEY",
        ) from None


def _error(message: str, code: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})
