"""Whether a request asks for the schema (``__schema`` or ``__type``), in whatever form it comes.

For ``blockIntrospection``: in doubt it does. Without one of the two words in any encoding that a
request may use it does not; with one it is excused only where every document was read and the word
stands in none, outside of strings and comments. Which of several operations is meant, or whether a
directive leaves the field out, makes no difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from controller.core.aside import operations
from controller.core.asked import Batch, HttpRequest, Single, Unread
from controller.core.bodies import loose_body, loose_form, means, plain_body
from controller.core.lexemes import Member
from controller.core.mutation_text import decodings, stands_outside
from controller.core.request import read_request

_NAMES: Final = ("__schema", "__type")
_WORD: Final = re.compile(r"__(?:schema|type)(?![A-Za-z0-9_])")
_TRANSFER_ENCODED: Final = re.compile(
    rb"content-transfer-encoding[ \t]*+:[ \t]*+(?!7bit|8bit|binary)", re.IGNORECASE
)
"""A part of a multipart body that few servers decode (deprecated by RFC 7578, section 4.7)."""


def asks_for_schema(http: HttpRequest) -> bool:
    """Whether a server may find such a field in a request. True for what cannot be read."""
    body = plain_body(http.content_type, http.content_encoding, http.body)
    if body is None:
        return True
    if "multipart" in (http.content_type or "").lower() and _TRANSFER_ENCODED.search(body):
        return True
    in_url, in_body = may_name_schema(http.query_string), may_name_schema(body)
    if not (in_url or in_body):
        return False
    asked = read_request(http)
    match asked:
        case Single(document=document):
            return names_schema(document)
        case Batch(items=items):
            return in_url or any(map(_element, items))
        case Unread():
            read = loose_body(http.content_type, http.content_encoding, http.body)
            url = loose_form(http.query_string)
            return (in_url and _any(url.groups)) or (in_body and _any(read.groups))


def names_schema(document: str) -> bool:
    """Whether the text of a document holds such a name."""
    return _WORD.search(document) is not None and stands_outside(document, _NAMES)


def may_name_schema(data: bytes) -> bool:
    """The same for bytes of unknown meaning, under every encoding that a request may use."""
    return any(_WORD.search(text) for text in decodings(data))


def _element(item: Single | Unread) -> bool:
    """One of a batch in which the word stands somewhere."""
    documents = [item] if isinstance(item, Single) else item.items
    return not documents or any(names_schema(each.document) for each in documents)


def _any(groups: Iterable[tuple[Member, ...]]) -> bool:
    """The same for a URL or a body in which the word stands somewhere."""
    filled = [group for group in groups if group]
    for group in filled:
        odd = any(means(name, "query") and not isinstance(value, str) for name, value in group)
        found, _ = operations(group, by_get=False)
        if odd or not found or any(names_schema(each.document) for each in found):
            return True
    return not filled
