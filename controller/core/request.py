"""What an HTTP request asks, by GraphQL over HTTP.

Only a request that every server reads alike becomes a ``Single``: its origin request is built
anew. All others are ``Unread`` and passed as sent, with the reason (details.py) and with every
operation that could be found in them (aside.py), so that no write goes unseen.
"""

from __future__ import annotations

from typing import Final

from controller.core.aside import aside, names_operation, operations
from controller.core.asked import Asked, Batch, HttpRequest, Single, Unread
from controller.core.bodies import form, loose_form, media_type
from controller.core.canonical import canonical_json
from controller.core.lexemes import Json, read_json

__all__ = ["Asked", "Batch", "HttpRequest", "Single", "Unread", "read_request"]

MEMBERS: Final = frozenset({"query", "variables", "operationName", "extensions"})
"""What GraphQL over HTTP defines, in a body and in a URL."""
_OTHER_BODIES: Final = {
    "application/graphql": "graphql-body",
    "application/x-www-form-urlencoded": "form-body",
    "multipart/form-data": "multipart-body",
}


def read_request(http: HttpRequest) -> Asked:
    """Read a request. Never raises for anything that a client can send."""
    if http.content_encoding not in (None, "", "identity"):
        return aside(http, "content-encoding", f"a body with {http.content_encoding!r}")
    if http.method in ("GET", "HEAD"):
        if http.body:
            return aside(http, "body-on-get", f"{http.method} with a body")
        return _from_url(http)
    if http.method != "POST":
        return aside(http, "method", f"method {http.method!r}")
    if http.query_string:
        return aside(http, *_url_on_post(http.query_string))
    return _from_body(http)


def _from_url(http: HttpRequest) -> Asked:
    try:
        pairs = form(http.query_string)
    except ValueError as error:
        return aside(http, "url-encoding", str(error))
    members: dict[str, Json] = {}
    for name, text in pairs:
        if name in members:
            return aside(http, "repeated-parameter", f"{name!r} twice")
        if not text and name in MEMBERS and name != "query":
            return aside(http, "empty-parameter", f"{name!r} is empty")
        members[name] = text
        if name in ("variables", "extensions"):
            try:
                parsed = read_json(text)
            except ValueError as error:
                return aside(http, "unparsable-json", f"{name}: {error}")
            if parsed.repeated:
                return aside(http, "duplicate-member", f"in {name}")
            members[name] = parsed.value
    return _from_members(members, "url-parameters", by_get=True)


def _url_on_post(query_string: bytes) -> tuple[str, str]:
    """Why a POST with a query string is passed."""
    names = {name for name, _ in loose_form(query_string).groups[0]} & MEMBERS
    if names:
        return "url-and-body", f"{sorted(names)} in the URL of a POST"
    return "url-parameters", "a POST with URL parameters"


def _from_body(http: HttpRequest) -> Asked:
    media, options = media_type(http.content_type)
    if media in _OTHER_BODIES:
        return aside(http, _OTHER_BODIES[media], f"a body of type {media}")
    charset = options.pop("charset", "utf-8").lower()
    if media != "application/json" or charset != "utf-8" or options:
        return aside(http, "content-type", f"content type {http.content_type!r}")
    try:
        parsed = read_json(http.body.decode("utf-8"))
    except ValueError as error:
        return aside(http, "unparsable-json", str(error))
    if parsed.repeated:
        return aside(http, "duplicate-member", "a JSON object has a member twice")
    value = parsed.value
    if isinstance(value, list):
        return Batch(tuple(_item(element) for element in value))
    return _item(value)


def _item(value: Json) -> Single | Unread:
    if isinstance(value, dict):
        return _from_members(value, "unknown-member", by_get=False)
    write = "mutation" in canonical_json(value)
    return Unread("no-query", "the JSON is not an object", may_write=write)


def _from_members(members: dict[str, Json], unknown: str, *, by_get: bool) -> Single | Unread:
    """One operation from the members of an object; ``unknown`` is the detail for another one."""
    problem = _problem(members, unknown)
    if problem is not None:
        items, opaque = operations(members.items(), by_get=by_get)
        if not items:
            # A wrapper that this reader does not know can hold one.
            unknown_members = [
                value
                for member, value in members.items()
                if member not in MEMBERS and not names_operation(member, value)
            ]
            opaque = opaque or "mutation" in canonical_json(unknown_members)
        return Unread(*problem, items, opaque)
    document, name = members["query"], members.get("operationName")
    variables = members.get("variables")
    assert isinstance(document, str)
    return Single(
        document=document,
        operation_name=name if isinstance(name, str) else None,
        variables=variables if isinstance(variables, dict) else {},
        by_get=by_get,
    )


def _problem(members: dict[str, Json], unknown: str) -> tuple[str, str] | None:
    """Detail and message if this is not an operation that every server reads alike."""
    document, extensions = members.get("query"), members.get("extensions")
    others = sorted(members.keys() - MEMBERS)
    if document is None or document == "":
        # A JSON member that nobody knows may name an operation as well.
        named = any(names_operation(name, value) for name, value in members.items())
        if named or (others and unknown == "unknown-member"):
            return "persisted-query", "an operation without its text"
        return "no-query", "there is no query"
    if not isinstance(document, str):
        return "bad-query", "query is not a string"
    if others:
        return unknown, f"{others[0]!r} is not of GraphQL over HTTP"
    if not isinstance(members.get("variables"), dict | None):
        return "bad-variables", "variables is not an object"
    name = members.get("operationName")
    if name == "":
        return "empty-parameter", "operationName is empty"
    if not isinstance(name, str | None):
        return "bad-operation-name", "operationName is not a string"
    if isinstance(extensions, dict) and "persistedQuery" in extensions:
        return "persisted-query-text", "a persisted query with its text"
    if extensions is not None and extensions != {}:
        return "extensions", "extensions is not empty"
    return None
