"""What an answer with ``data`` and ``errors`` leaves unsaid.

A field that failed is null, or made null what it stands in (GraphQL specification, 6.4.4): what
stood there may have been written all the same, and nothing names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controller.core.schema import SchemaIndex
from controller.core.shape import Selected

Path = tuple[str | int, ...]


def error_paths(errors: object) -> tuple[Path, ...] | None:
    """Where each error stands; None where one does not say it."""
    if not isinstance(errors, list):
        return None
    paths = []
    for error in errors:
        path = error.get("path") if isinstance(error, Mapping) else None
        if not isinstance(path, list) or not path or not isinstance(path[0], str):
            return None
        if not all(isinstance(step, str | int) for step in path):
            return None
        paths.append(tuple(path))
    return tuple(paths)


def lost(
    index: SchemaIndex, selected: Selected, value: object, path: Sequence[str | int]
) -> list[Selected] | None:
    """The fields whose value an error below a root field took. ``value`` is the root field's,
    ``path`` goes on from there. Empty where no object was lost: a leaf is null. None where the path
    does not fit the operation.
    """
    here = [selected]
    for step in path:
        if value is None:
            break
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and 0 <= step < len(value) else None
            continue
        here = [
            member
            for each in here
            if each.shape is not None
            for name in sorted(index.possible_names(each.shape.type.name))
            if (member := each.shape.on(name).get(step)) is not None
        ]
        value = value.get(step) if isinstance(value, Mapping) else None
        if not here:
            return None
    return [each for each in here if each.shape is not None] if value is None else []
