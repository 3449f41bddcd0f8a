"""From the origin's answer to what the client gets and the tags it can be purged by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic

from graphql import GraphQLObjectType
from typing_extensions import TypeVar

from controller.core.arguments import root_field_arguments
from controller.core.cut import cut
from controller.core.instrument import Instrumented, as_written
from controller.core.layout import Layout
from controller.core.operation import Operation
from controller.core.policy import GLOBAL_ID, Policy
from controller.core.schema import SchemaIndex
from controller.core.shape import Selected
from controller.core.sites import selected_types
from controller.core.tags import (
    NULL_ID,
    SOME_ID,
    Tag,
    entity_tag,
    id_tag,
    list_tag,
    null_tag,
    operation_tag,
    root_field_arguments_tag,
    root_field_tag,
    service_tag,
    type_tag,
    unidentified_tag,
)
from controller.core.walk import Seen, parse_answer, parse_exactly, walk

S = TypeVar("S", bound=Seen, default=Seen)


@dataclass(frozen=True, slots=True)
class Answer:
    """``body`` is what the client gets. ``has_errors``: ``errors`` is there and not empty.

    ``too_many_tags``: even with every type's entities as one tag there are more than ``max_tags``,
    so the answer must not be stored.
    """

    body: bytes
    tags: tuple[Tag, ...]
    has_errors: bool
    has_data: bool
    too_many_tags: bool


@dataclass(frozen=True, slots=True)
class Uncuttable:
    """The answer cannot be read as one to this operation: ask the origin again as sent, and do
    not store what it says.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Reading(Generic[S]):
    """A parsed answer: ``members`` are those of the response, ``seen`` is what ``data`` holds."""

    members: Mapping[str, object]
    seen: S

    @property
    def has_errors(self) -> bool:
        return bool(self.members.get("errors"))


def read_answer(
    index: SchemaIndex,
    operation: Operation,
    instrumented: Instrumented | None,
    body: bytes,
    variables: Mapping[str, object],
) -> Answer | Uncuttable:
    """Read a decoded body. ``instrumented`` is what was sent; None: the operation as written."""
    sent = instrumented or as_written(index, operation)
    reading = read(sent.layout, body)
    if isinstance(reading, Uncuttable):
        return reading
    if sent.layout.opaque:
        return Uncuttable("too-intricate")
    cut_body = without_injected(reading.seen, sent.prefix if sent.aliases else None, body)
    if isinstance(cut_body, Uncuttable):
        return cut_body
    tags, too_many = _tags(index, operation, sent.layout, reading, variables)
    has_data = reading.members.get("data") is not None
    return Answer(cut_body, tags, reading.has_errors, has_data, too_many)


def without_injected(seen: Seen, prefix: str | None, body: bytes) -> bytes | Uncuttable:
    """The body for the client. ``prefix`` is that of injected members, None: there are none."""
    if seen.unexpected:
        return Uncuttable("unexpected-data")
    if prefix is None:
        return body
    result = cut(body, prefix)
    if result.count != seen.injected or prefix.encode() in result.body:
        return Uncuttable("injected-members-differ")
    return result.body


def read(layout: Layout, body: bytes) -> Reading | Uncuttable:
    """Parse and walk."""
    return read_by(lambda data: walk(layout, data), Seen, body)


def read_by(
    walked: Callable[[object], S], nothing: Callable[[], S], body: bytes
) -> Reading[S] | Uncuttable:
    """Parse and walk; once more with exact numbers if a key value went through a float."""
    parser = parse_answer
    while True:
        try:
            members = parser(body)
        except ValueError:
            return Uncuttable("not-json")
        if not isinstance(members, dict):
            return Uncuttable("not-an-object")
        data = members.get("data")
        seen = walked(data) if isinstance(data, dict) else nothing()
        seen.unexpected |= not isinstance(data, dict | None)
        if not seen.inexact:
            return Reading(members, seen)
        parser = parse_exactly


def entity_tags(index: SchemaIndex, seen: Seen) -> dict[str, set[Tag]]:
    """The entity tags of an answer per type, with ``globalIds`` those without their type too."""
    return entity_tags_under(index.policy, seen)


def entity_tags_under(policy: Policy, seen: Seen) -> dict[str, set[Tag]]:
    """The same for whoever has no schema."""
    tags: dict[str, set[Tag]] = {}
    for (name, key), found in seen.entities.items():
        if found:
            each = {entity_tag(name, key, values) for values in found}
            if policy.global_ids and key == GLOBAL_ID:
                each.update(id_tag(value) for (value,) in found)
            tags[name] = tags.get(name, set()) | each
    return tags


def _tags(
    index: SchemaIndex,
    operation: Operation,
    layout: Layout,
    reading: Reading,
    variables: Mapping[str, object],
) -> tuple[tuple[Tag, ...], bool]:
    seen = reading.seen
    roots = seen.root_fields.union(layout.root_fields.values())
    # Nobody can say which entities a declared field was made of.
    nulls, unidentified = set(seen.nulls), seen.unidentified | layout.declared
    if reading.has_errors or reading.members.get("data") is None:
        # A null can come from anything below it, and a null key from a failure.
        root = index.schema.get_root_type(operation.type)
        assert root is not None
        start = [(operation.definition.selection_set, root)]
        nulls |= selected_types(index, operation.fragments, start)
        unidentified |= seen.null_keys
    tags = {service_tag(index.policy.service)}
    if operation.name is not None:
        tags.add(operation_tag(operation.name))
    tags.update(map(type_tag, seen.types | layout.declared))
    tags.update(map(list_tag, seen.lists | layout.declared))
    tags.update(map(null_tag, nulls))
    tags.update(_root_field_tags(operation, roots, variables))
    if index.policy.global_ids and any(_has_id(index, name) for name in nulls):
        tags.add(NULL_ID)
    return limited_tags(index.policy, tags, entity_tags(index, seen), unidentified)


def _root_field_tags(
    operation: Operation, roots: Iterable[Selected], variables: Mapping[str, object]
) -> Iterator[Tag]:
    for selected in roots:
        if selected.field is None:
            continue
        yield root_field_tag(selected.name)
        for arguments in root_field_arguments(
            selected.field, selected.nodes[0], operation.definition, variables
        ):
            yield root_field_arguments_tag(selected.name, arguments)


def _has_id(index: SchemaIndex, name: str) -> bool:
    type_ = index.named(name)
    return isinstance(type_, GraphQLObjectType) and GLOBAL_ID in index.keys(type_)


def limited_tags(
    policy: Policy, tags: set[Tag], entities: dict[str, set[Tag]], unidentified: set[str]
) -> tuple[tuple[Tag, ...], bool]:
    """All tags in order; over the limit the busiest types' entities become one tag each."""
    limit, global_ids = policy.max_tags, policy.global_ids
    total = len(tags) + len(unidentified) + sum(map(len, entities.values())) + global_ids
    for name in sorted(entities, key=lambda name: (-len(entities[name]), name)):
        if total <= limit:
            break
        total -= len(entities.pop(name)) - (name not in unidentified)
        unidentified.add(name)
    every = tags.union(map(unidentified_tag, unidentified), *entities.values())
    if global_ids and unidentified:
        every.add(SOME_ID)
    return tuple(sorted(every)), len(every) > limit
