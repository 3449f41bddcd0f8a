"""A mutation's own text with injected members, and its error locations put back.

A mutation cannot be sent a second time when the origin dislikes what was injected, so nothing but
the members is changed, and a probe beside it finds out first whether the origin accepts them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    TokenKind,
    parse,
)
from graphql.language import SelectionSetNode

from controller.core.instrument import (
    PREFIX,
    Insertion,
    L,
    insert,
    may_instrument,
    missing_members,
    too_much,
)
from controller.core.jsontext import Member, members
from controller.core.layout import Layout
from controller.core.operation import MAX_TOKENS, Operation
from controller.core.schema import SchemaIndex
from controller.core.sites import Fragments

_LINE_END: Final = re.compile(r"\r\n|[\n\r]")
"""A line terminator of the GraphQL specification (2.1.2)."""


@dataclass(frozen=True, slots=True, eq=False)
class SourceInstrumented(Generic[L]):
    """``operation.source`` with members inserted; the same fields as ``Instrumented``.

    ``shifts`` holds line, column and length of each insertion in ``text``, counted from 1.
    """

    text: str
    aliases: Mapping[str, str]
    prefix: str
    layout: L
    shifts: tuple[tuple[int, int, int], ...]
    probe: tuple[str, str]

    def restore_locations(self, body: bytes) -> bytes:
        """``body`` with the locations of its errors as they are in the text without insertions.

        Only numbers in ``errors[].locations[]``. Columns count characters, as in the reference
        implementation; on a line with characters outside ASCII other servers may count otherwise.
        """
        if not self.shifts or b'"errors"' not in body:
            return body
        found: dict[tuple[str | int, ...], dict[str, Member]] = {}
        for member in members(body):
            if _is_location(member.path) and member.name in ("line", "column"):
                found.setdefault(member.path, {})[member.name] = member
        text = bytearray(body)
        for location in sorted(
            found.values(), key=lambda pair: -max(m.value for m in pair.values())
        ):
            if len(location) == 2:
                self._restore(text, location["line"], location["column"])
        return bytes(text)

    def _restore(self, text: bytearray, line: Member, column: Member) -> None:
        numbers = bytes(text[line.value : line.end]), bytes(text[column.value : column.end])
        if all(number.isdigit() for number in numbers):
            restored = self._column(int(numbers[0]), int(numbers[1]))
            text[column.value : column.end] = b"%d" % restored

    def _column(self, line: int, column: int) -> int:
        shifted = column
        for at, start, length in self.shifts:
            if at == line and column > start:
                shifted -= min(length, column - start)
        return shifted


def instrument_source(
    index: SchemaIndex, operation: Operation, *, prefix: str = PREFIX
) -> SourceInstrumented:
    """The operation's source with what its answer needs to be tagged. The document must be valid;
    other operations and fragments it holds stay as they are.
    """

    def missing(
        definition: OperationDefinitionNode, fragments: Fragments
    ) -> tuple[list[Insertion], dict[str, str]]:
        if not may_instrument(index, operation, prefix):
            return [], {}
        return missing_members(index, definition, fragments, prefix, opened=_opened)

    return sourced(operation, missing, lambda a: Layout(index, operation, a), prefix)


def sourced(
    operation: Operation,
    missing: Callable[[OperationDefinitionNode, Fragments], tuple[list[Insertion], dict[str, str]]],
    layout: Callable[[Mapping[str, str]], L],
    prefix: str,
) -> SourceInstrumented[L]:
    """The operation's source with what ``missing`` says of its nodes, and the aliases used."""
    parsed = parse(operation.source, max_tokens=MAX_TOKENS)
    definition = _same(parsed, operation)
    fragments = {
        d.name.value: d for d in parsed.definitions if isinstance(d, FragmentDefinitionNode)
    }
    insertions, aliases = missing(definition, fragments)
    if too_much(insertions, operation.source):
        insertions, aliases = [], {}
    return SourceInstrumented(
        text=insert(operation.source, insertions),
        aliases=aliases,
        prefix=prefix,
        layout=layout(aliases),
        shifts=tuple(_shifts(operation.source, insertions)),
        probe=_probe(parsed, definition, operation.source, insertions),
    )


def source_as_written(
    index: SchemaIndex, operation: Operation, *, prefix: str = PREFIX
) -> SourceInstrumented:
    """The source as it is, for an origin that refused the probe."""
    layout = Layout(index, operation, {})
    return SourceInstrumented(operation.source, {}, prefix, layout, (), ("", ""))


def _opened(node: SelectionSetNode) -> int:
    assert node.loc is not None
    return node.loc.start + 1


def _same(parsed: DocumentNode, operation: Operation) -> OperationDefinitionNode:
    """The node of ``parsed`` that is ``operation``."""
    operations = [d for d in parsed.definitions if isinstance(d, OperationDefinitionNode)]
    for definition in operations:
        if (definition.name.value if definition.name else None) == operation.name:
            return definition
    raise LookupError(operation.name)


def _shifts(source: str, insertions: list[Insertion]) -> list[tuple[int, int, int]]:
    shifts = []
    starts = [0, *(end.end() for end in _LINE_END.finditer(source))]
    line, on_line = 0, 0
    for offset, text in insertions:
        here = bisect_right(starts, offset)
        if here != line:
            line, on_line = here, 0
        shifts.append((line, offset - starts[here - 1] + 1 + on_line, len(text)))
        on_line += len(text)
    return shifts


def _probe(
    parsed: DocumentNode,
    definition: OperationDefinitionNode,
    source: str,
    insertions: list[Insertion],
) -> tuple[str, str]:
    """A document that the origin validates with all that was inserted, and the harmless operation
    to execute in it. An anonymous operation gets a name, since it may not have company.
    """
    taken = {
        d.name.value
        for d in parsed.definitions
        if isinstance(d, OperationDefinitionNode) and d.name is not None
    }
    first, second = (_free_name(taken, stem) for stem in ("P", "Probed"))
    named = insertions
    if definition.name is None:
        named = sorted([*insertions, (_keyword_end(definition), f" {second} ")])
    return f"{insert(source, named)}\nquery {first}{{__typename}}", first


def _free_name(taken: set[str], stem: str) -> str:
    while stem in taken:
        stem += "_"
    return stem


def _keyword_end(definition: OperationDefinitionNode) -> int:
    assert definition.loc is not None
    token = definition.loc.start_token
    while token.kind is not TokenKind.NAME and token.next is not None:
        token = token.next
    return token.end


def _is_location(path: tuple[str | int, ...]) -> bool:
    match path:
        case ("errors", int(), "locations", int()):
            return True
        case _:
            return False
