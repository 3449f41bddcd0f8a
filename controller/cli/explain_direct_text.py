"""``shellac explain`` in a direct profile for people, readable at 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from controller.cli.explain_text import (
    STYLES,
    Row,
    errors,
    headers,
    headline_reason,
    listed,
    table,
    title,
)
from controller.cli.explained_direct import DirectExplained, DirectPurge, ShownAnswer


def rendered_directly(found: DirectExplained) -> RenderableType:
    """Everything that is known, most important first."""
    return Group(*_parts(found))


def _parts(found: DirectExplained) -> Iterator[RenderableType]:
    line = Text(found.outcome, style=STYLES.get(found.outcome, "bold"))
    if found.answer is not None:
        line.append(_times(found.answer), style="not bold")
    yield headline_reason(line, found.reason, found.outcome)
    yield from errors(found.errors)
    if found.answer is not None:
        yield title("Purged by")
        yield table(_tags(found.answer))
    if found.purge is not None:
        yield title("Purges")
        yield table(_purged(found.purge))
    if found.key:
        yield title("Key")
        yield table((part.name, "-" if part.value is None else part.value) for part in found.key)
    yield from headers(found.headers)
    yield from listed("The origin's answer is stored if it has", found.needs)
    yield from listed("Notes", found.notes)


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
