"""Which types a mutation's name speaks of: ``deletePost``, ``remove_order_items``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")


def types_by_form(names: Iterable[str]) -> dict[str, set[str]]:
    """The forms in which a type can stand in a field's name: its own and its singulars."""
    found: dict[str, set[str]] = {}
    for name in names:
        for form in _forms(name.replace("_", "").lower()):
            found.setdefault(form, set()).add(name)
    return found


def named_types(field_name: str, known: Mapping[str, set[str]]) -> set[str]:
    """The types that ``field_name`` contains on word boundaries, in the singular or plural.

    A longer name hides what it is made of: ``deletePostComment`` speaks of PostComment alone.
    """
    words = [word.lower() for word in _WORD.findall(field_name)]
    found: set[str] = set()
    reached = 0
    for start in range(len(words)):
        for end in range(len(words), max(start, reached), -1):
            forms = _forms("".join(words[start:end]))
            types = set().union(*(known.get(form, ()) for form in forms))
            if types:
                found |= types
                reached = end
                break
    return found


def types_named(name: str, known: Mapping[str, set[str]]) -> set[str]:
    """The types that the whole of a name means, in the singular or plural: a table's."""
    forms = _forms(name.replace("_", "").lower())
    return set().union(*(known.get(form, ()) for form in forms))


def _forms(word: str) -> set[str]:
    forms = {word}
    if word.endswith("s"):
        forms.add(word[:-1])
    if word.endswith("es"):
        forms.add(word[:-2])
    if word.endswith("ies"):
        forms.add(f"{word[:-3]}y")
    return forms
