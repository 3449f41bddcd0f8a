"""Requests that are passed as sent: which operations could an origin find in them?

Origins read what the specification leaves open each in their own way, so every member that one of
them could take for a document counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from controller.core.asked import HttpRequest, Single, Unread
from controller.core.bodies import Reading, loose_body, loose_form, means
from controller.core.canonical import canonical_json
from controller.core.lexemes import Json, Member, read_json
from controller.core.mutation_text import holds_mutation

NAMING: Final = frozenset(
    {"documentId", "document_id", "doc_id", "docId", "id", "queryId", "operationId", "hash"}
)
"""Members by which origins name an operation without its text."""
_COMBINATIONS: Final = 16


def aside(http: HttpRequest, detail: str, message: str) -> Unread:
    """Pass it as sent, with all that an origin could find in URL and body."""
    encoding = http.content_encoding if http.content_encoding != "identity" else None
    body = loose_body(http.content_type, encoding, http.body)
    url = loose_form(http.query_string) if http.query_string else Reading()
    by_get = http.method in ("GET", "HEAD")
    groups = url.groups + body.groups
    if url.groups and len(body.groups) == 1:
        # A name in the URL can select among the operations of a document in the body.
        groups = (url.groups[0] + body.groups[0],)
    items: list[Single] = []
    may_write = url.opaque or body.opaque
    for group in groups:
        found, opaque = operations(group, by_get=by_get)
        items += found
        may_write = may_write or opaque
    if not items and any(names_operation(name, value) for g in groups for name, value in g):
        return Unread("persisted-query", f"an operation without its text; {message}", (), may_write)
    return Unread(detail, message, tuple(items), may_write)


def operations(members: Iterable[Member], *, by_get: bool) -> tuple[tuple[Single, ...], bool]:
    """Every operation these could mean, and whether there may be a mutation beyond them."""
    documents: dict[str, None] = {}
    names: dict[str | None, None] = {}
    variables: dict[str, Json] = {}
    opaque = False
    for name, value in members:
        if means(name, "variables"):
            variables = _variables(value) or variables
        elif means(name, "operationname") and isinstance(value, str) and value:
            names[value] = None
        elif means(name, "query") and isinstance(value, str):
            documents[value] = None
        elif means(name, "query"):
            opaque = opaque or "mutation" in canonical_json(value)
    documents.pop("", None)
    if len(documents) * max(1, len(names)) > _COMBINATIONS:
        return (), opaque or any(map(holds_mutation, documents))
    items = [Single(d, n, variables, by_get) for d in documents for n in names or (None,)]
    return tuple(items), opaque


def names_operation(name: str, value: Json) -> bool:
    """Whether a member names an operation by a hash or an id."""
    if name in NAMING:
        return True
    if not means(name, "extensions"):
        return False
    return "persistedQuery" in (value if isinstance(value, str) else canonical_json(value))


def _variables(value: Json) -> dict[str, Json]:
    """Also as text, as in a form."""
    if isinstance(value, str):
        try:
            value = read_json(value).value
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}
