"""From an origin's bytes to what the client gets, what Varnish is told, and what the rules say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from controller.core.answer import (
    Answer,
    Reading,
    Uncuttable,
    entity_tags_under,
    limited_tags,
    read_by,
    without_injected,
)
from controller.core.arguments import passed_arguments
from controller.core.instrument import Instrumented
from controller.core.operation import Operation
from controller.core.policy import GLOBAL_ID, Policy
from controller.core.schemaless.layout import FreeLayout
from controller.core.schemaless.tags import MIXED, UNKNOWN, without_key_tag
from controller.core.schemaless.walk import FreeSeen, walk_freely
from controller.core.tags import (
    NULL_ID,
    SOME_ID,
    Tag,
    list_tag,
    operation_tag,
    root_field_arguments_tag,
    root_field_tag,
    service_tag,
    type_tag,
)

CONNECTION: Final = "Connection"
"""What a type is called that lists others: Relay's Cursor Connections, section 2.1."""


@dataclass(frozen=True, slots=True)
class FreeAnswer:
    """An answer and what was seen in it."""

    answer: Answer
    seen: FreeSeen


def read_free_answer(
    policy: Policy,
    operation: Operation,
    sent: Instrumented[FreeLayout],
    body: bytes,
    variables: Mapping[str, object],
) -> FreeAnswer | Uncuttable:
    """Read a decoded body. ``sent`` is what the origin was sent."""
    layout = sent.layout
    if layout.opaque:
        return Uncuttable("too-intricate")
    reading = read_free(layout, body)
    if isinstance(reading, Uncuttable):
        return reading
    cut_body = without_injected(reading.seen, sent.prefix if sent.aliases else None, body)
    if isinstance(cut_body, Uncuttable):
        return cut_body
    has_data = reading.members.get("data") is not None
    if reading.has_errors or not has_data:
        # A null can come from anything below it, and all of the data from anything.
        reading.seen.unknown = True
        reading.seen.hidden.update(layout.named.fields)
    tags, too_many = _tags(policy, operation, layout, reading.seen, variables)
    answer = Answer(cut_body, tags, reading.has_errors, has_data, too_many)
    return FreeAnswer(answer, reading.seen)


def read_free(layout: FreeLayout, body: bytes) -> Reading[FreeSeen] | Uncuttable:
    """Parse and walk."""
    return read_by(lambda data: walk_freely(layout, data), FreeSeen, body)


def declared_types(policy: Policy, layout: FreeLayout) -> frozenset[str]:
    """What the selected fields are made of by ``fieldTypes``. A field counts by its name alone:
    nobody can say on which type it stands.
    """
    return frozenset(
        name
        for coordinate, made_of in policy.field_types.items()
        if coordinate.partition(".")[2] in layout.named.fields
        for name in made_of
    )


def _tags(
    policy: Policy,
    operation: Operation,
    layout: FreeLayout,
    seen: FreeSeen,
    variables: Mapping[str, object],
) -> tuple[tuple[Tag, ...], bool]:
    declared = declared_types(policy, layout)
    tags = {service_tag(policy.service)}
    if operation.name is not None:
        tags.add(operation_tag(operation.name))
    tags.update(map(type_tag, seen.types | declared))
    connected = {name.removesuffix(CONNECTION) for name in seen.types if name.endswith(CONNECTION)}
    tags.update(map(list_tag, seen.lists | declared | connected))
    tags.update(without_key_tag(name, key) for name, key in seen.without)
    tags.update(_root_field_tags(operation, layout, variables))
    if seen.unknown:
        tags.add(UNKNOWN)
    if seen.mixed:
        tags.add(MIXED)
    if policy.global_ids:
        tags.update([NULL_ID] if seen.unknown else [])
        tags.update([SOME_ID] if any(key == GLOBAL_ID for _, key in seen.without) else [])
    return limited_tags(policy, tags, entity_tags_under(policy, seen), set(declared))


def _root_field_tags(
    operation: Operation, layout: FreeLayout, variables: Mapping[str, object]
) -> Iterator[Tag]:
    for selected in layout.root_fields.values():
        node = selected.nodes[0]
        name = node.name.value
        if not name.startswith("__"):
            yield root_field_tag(name)
            arguments = passed_arguments(node, operation.definition, variables)
            yield root_field_arguments_tag(name, arguments)
