"""``shellac explain`` in a direct profile for people, readable at 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from controller.cli.explain_text import STYLES, Row, hanging, headline_reason, table, tagged, title
from controller.cli.explained_direct import DirectExplained, DirectPurge, ShownAnswer


def rendered_directly(found: DirectExplained) -> RenderableType:
    """Everything that is known, most important first."""
    return Group(*_parts(found))


def _parts(found: DirectExplained) -> Iterator[RenderableType]:
    line = Text(found.outcome, style=STYLES.get(found.outcome, "bold"))
    if found.answer is not None:
        line.append(_times(found.answer), style="not bold")
    yield headline_reason(line, found.reason, found.outcome)
    for error in found.errors:
        where = ", ".join(f"line {row}, column {column}" for row, column in error.locations)
        yield hanging("error", f"{where}: {error.message}" if where else error.message)
    if found.answer is not None:
        yield title("Purged by")
        yield table(_tags(found.answer))
    if found.purge is not None:
        yield title("Purges")
        yield table(_purged(found.purge))
    if found.key:
        yield title("Key")
        yield table((part.name, "-" if part.value is None else part.value) for part in found.key)
    if found.headers:
        yield title("Headers")
        yield table((h.name, tagged(h.effect, h.detail), h.words) for h in found.headers)
    if found.needs:
        yield title("The origin's answer is stored if it has")
        yield from (Padding(Text(need), (0, 0, 0, 2), expand=False) for need in found.needs)
    if found.notes:
        yield title("Notes")
        yield from (Padding(Text(note), (0, 0, 0, 2), expand=False) for note in found.notes)


def _times(answer: ShownAnswer) -> str:
    said = f" for {answer.ttl} s"
    if answer.stale:
        said += f", then stale for at most {answer.stale} s"
    if answer.covered and answer.covered != answer.stale:
        said += f", for at most {answer.covered} s while the origin is not well"
    return said


def _tags(answer: ShownAnswer) -> Iterator[Row]:
    if answer.by_any_tag:
        yield "any tag", "its list is too long, or holds a tag that cannot be written"
    elif answer.tags:
        yield "tags", " ".join(answer.tags)
    else:
        yield "its URL", "and what purges everything: it has no tags"
    if answer.by_any_url:
        yield "any URL", "its own is over 200 bytes or has a comma, and cannot be written"


def _purged(purge: DirectPurge) -> Iterator[Row]:
    yield "answered", purge.words
    for field in purge.fields:
        yield field.name, f"policy {field.policy}"
    for type_ in purge.types:
        entity = " ".join(type_.entity) or "-"
        yield type_.name, f"one: {entity}\nnot known which: {' '.join(type_.whole) or 'everything'}"
    if purge.everything:
        yield "unknown outcome", "everything"
    elif purge.tags:
        yield "unknown outcome", " ".join(purge.tags)
    if purge.without:
        yield "nothing for", f"{', '.join(purge.without)}: tagTemplates has nothing for them"
    if purge.unnamed:
        yield "nothing for", f"{', '.join(purge.unnamed)}: no type is named"
