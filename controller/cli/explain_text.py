"""``shellac explain`` for people: an explanation as Rich prints it, readable at 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from graphql import OperationType, parse, print_ast
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from controller.cli.explained import (
    Explained,
    HeaderEffect,
    LeftToTheAnswer,
    Reason,
    ShownPurge,
    ShownScope,
)
from controller.core.faults import Fault
from controller.core.ruled import HINT, Cause, RuledType

STYLES = {
    "cached": "bold green",
    "perhaps cached": "bold green",
    "mutation": "bold yellow",
    "not stored": "bold yellow",
    "refused": "bold red",
}
_FEW = 5
"""Names of types that stand in one line."""

Row = Sequence[str | Text]


def rendered(found: Explained) -> RenderableType:
    """Everything that is known, most important first."""
    return Group(*_parts(found))


def _parts(found: Explained) -> Iterator[RenderableType]:
    yield _headline(found)
    facts = list(_facts(found))
    if facts:
        yield table(facts)
    yield from errors(found.errors)
    yield from headers(found.headers)
    if found.rules:
        yield title("Rules")
        yield table(
            (
                r.name,
                f"maxAge {r.max_age}, swr {r.swr}, {r.scope}",
                ", ".join(r.entries),
                r.description or "",
            )
            for r in found.rules
        )
    if found.types:
        yield title("Selected, and what matches it")
        yield table(_selected(found.types))
    if found.left is not None and (found.left.rules or found.left.non_cacheable):
        yield title("Left to the answer")
        yield table(_left(found.left))
    if found.tags is not None:
        yield title("Tags")
        tags = found.tags
        yield table(
            (title, "\n".join(names))
            for title, names in (
                ("service", tags.service),
                ("types", tags.types),
                ("fieldTypes", tags.declared),
                ("root fields", tags.root_fields),
                ("with arguments", tags.root_field_arguments),
                ("operation", tags.operation),
            )
            if names
        )
    if found.purge is not None:
        yield title("Purges at most")
        yield table(_purged(found.purge))
    if found.sent is not None:
        yield title("Sent to the origin")
        yield Padding(Text(_readable(found), overflow="fold"), (0, 0, 0, 2), expand=False)
    if found.operation is not None:
        yield title("SHA-256, as operationHashes has it")
        yield table(
            [
                ("document", found.operation.document_hash),
                ("operation", found.operation.operation_hash),
            ]
        )
    yield from listed("Notes", found.notes)


def _headline(found: Explained) -> Text:
    line = Text(found.outcome, style=STYLES.get(found.outcome, "bold"))
    if found.outcome in ("cached", "perhaps cached"):
        most = "at most " if found.left is not None and found.left.rules else ""
        line.append(f" for {most}{found.max_age} s", style="not bold")
        if found.swr:
            line.append(f", then stale for at most {found.swr} s", style="not bold")
    return headline_reason(line, found.reason, found.outcome, alone=bool(found.errors))


def headline_reason(
    line: Text, reason: Reason | None, outcome: str, *, alone: bool = False
) -> Text:
    """The first line with why; ``alone``: the message stands elsewhere."""
    if reason is None:
        return line
    detail = "" if reason.detail == outcome else f"{reason.detail}: "
    line.append(f": {detail}{reason.meaning or reason.message}", style="not bold")
    if reason.meaning is not None and not alone:
        line.append(f" ({reason.message})", style="not bold")
    return line


def _facts(found: Explained) -> Iterator[Row]:
    if found.operation is not None:
        name = found.operation.name or "without a name"
        yield "operation", f"{found.operation.type} {name}"
    if found.max_age is not None and found.outcome in ("passed", "refused"):
        yield "would be", f"cached for {found.max_age} s, stale for at most {found.swr} s"
    for scope in found.scopes:
        yield "scope", _scope(scope)
    if found.key is not None:
        yield "key", found.key


def _scope(scope: ShownScope) -> str:
    held = ""
    if scope.source is not None:
        held = f" by {scope.source}"
        if scope.value is not None or scope.claim is not None:
            held += f" = {scope.value or scope.claim}"
    elif scope.sources:
        held = f" by {'|'.join(scope.sources)}"
    refused = f"{scope.refused}: " if scope.refused else ""
    return f"{scope.name}{held}: {refused}{scope.words}"


def _selected(types: Iterable[RuledType]) -> Iterator[Row]:
    """Types of which the same is selected and matched, like the members of an interface, are one
    row, and so are fields that nothing names.
    """
    alike: dict[object, list[str]] = {}
    for type_ in types:
        alike.setdefault((type_.causes, type_.fields), []).append(type_.name)
    shown = {names[0]: names for names in alike.values()}
    for type_ in types:
        names = shown.get(type_.name)
        if names is None:
            continue
        more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
        yield Text(", ".join(names[:_FEW]) + more, style="bold"), _causes(type_.causes)
        plain = [f.name for f in type_.fields if not f.causes]
        for field in type_.fields:
            if field.causes:
                yield f"  {field.name}", _causes(field.causes)
        if plain:
            yield "  " + ", ".join(plain), "-"


def _causes(causes: Sequence[Cause]) -> str:
    return "\n".join(map(_cause, causes)) or "-"


def _cause(cause: Cause) -> str:
    """Of a rule times and scope stand above; of a hint here."""
    said = ""
    if cause.source == HINT:
        age = "" if cause.max_age is None else f" maxAge {cause.max_age}"
        said = f":{age}{'' if cause.scope is None else f' {cause.scope}'}"
    return f"{cause.source} {cause.entry}{said}"


def _left(left: LeftToTheAnswer) -> Iterator[Row]:
    for rule in left.rules:
        said = f"maxAge {rule.max_age}, swr {rule.swr}, {rule.scope}"
        yield rule.name, said, f"if it shows {' or '.join(rule.entries)}"
    if left.non_cacheable:
        yield "nonCacheable", "not stored", f"if it shows {' or '.join(left.non_cacheable)}"


def _purged(purge: ShownPurge) -> Iterator[Row]:
    if purge.everything and purge.unnamed:
        fields = ", ".join(purge.unnamed)
        yield "everything", f"nothing says which type {fields} changes, before an answer has named"
    elif purge.everything:
        yield "everything", "what it writes cannot be read"
    for title, names in (
        ("types", purge.types),
        ("lists", purge.lists),
        ("nulls", purge.nulls),
        ("others", purge.others),
    ):
        if names:
            yield title, " ".join(names)
    if purge.unnamed and not purge.everything:
        fields = ", ".join(purge.unnamed)
        yield "nothing", f"for {fields}: neither payload nor name says which type it changes"


def _readable(found: Explained) -> str:
    """A query is sent without ignored characters, a mutation in its own layout."""
    assert found.sent is not None
    if found.operation is None or found.operation.type != OperationType.QUERY.value:
        return found.sent
    return print_ast(parse(found.sent, no_location=True))


def errors(faults: Iterable[Fault]) -> Iterator[RenderableType]:
    """What is wrong with a document, each on a line with its place."""
    for fault in faults:
        where = ", ".join(f"line {line}, column {column}" for line, column in fault.locations)
        yield table([("error", f"{where}: {fault.message}" if where else fault.message)])


def headers(effects: Sequence[HeaderEffect]) -> Iterator[RenderableType]:
    """What the headers of a request do."""
    if effects:
        yield title("Headers")
        yield table((h.name, _tagged(h.effect, h.detail), h.words) for h in effects)


def listed(heading: str, texts: Sequence[str]) -> Iterator[RenderableType]:
    """Texts under a heading."""
    if texts:
        yield title(heading)
        yield from (Padding(Text(text), (0, 0, 0, 2), expand=False) for text in texts)


def _tagged(word: str, detail: str | None) -> Text:
    """A word, red with the detail of a pass."""
    text = Text(word, style="red" if detail else "")
    return text.append(f" ({detail})") if detail else text


def title(words: str) -> Text:
    """The heading of a section."""
    return Text(f"\n{words}", style="bold")


def table(rows: Iterable[Row]) -> RenderableType:
    """Rows in columns, indented."""
    table = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    for row in rows:
        cells = [cell if isinstance(cell, Text) else Text(cell) for cell in row]
        while len(table.columns) < len(cells):
            table.add_column(overflow="fold")
        table.add_row(*cells)
    return Padding(table, (0, 0, 0, 2), expand=False)
