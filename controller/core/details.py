"""Every reason for which a request is passed, as the token that stands in ``Cache-Status``.

The one list of them: what a token means for the owner, and what would make it go away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DETAILS: Final[Mapping[str, str]] = {
    # The request (request.py).
    "method": "neither GET, HEAD nor POST",
    "body-on-get": "a GET or HEAD with a body",
    "content-encoding": "the request body is compressed",
    "content-type": "the body's content type is not application/json (charset utf-8)",
    "graphql-body": "the body is application/graphql",
    "form-body": "the body is a form",
    "multipart-body": "the body is multipart/form-data: a file upload",
    "url-parameters": "the URL has a parameter that GraphQL over HTTP does not define",
    "url-and-body": "GraphQL parameters in both the URL and a body, or in the URL of a POST",
    "url-encoding": "the query string is not percent-encoded UTF-8",
    "repeated-parameter": "a URL parameter that stands there twice",
    "empty-parameter": "variables, operationName or extensions is the empty string",
    "unparsable-json": "the JSON does not parse: syntax, NaN, not UTF-8, nested too deeply",
    "duplicate-member": "a JSON object has a member twice",
    "unknown-member": "the JSON body has a member that GraphQL over HTTP does not define",
    "no-query": "there is no GraphQL document",
    "bad-query": "`query` is not a string",
    "bad-variables": "`variables` is not an object",
    "bad-operation-name": "`operationName` is not a string",
    "extensions": "`extensions` holds something",
    "persisted-query": "an operation named by a hash or id, without its text",
    "persisted-query-text": "a persisted query sent together with its text",
    "batch": "several operations in one JSON array",
    "introspection-blocked": "answered with an error: it asks for the schema, blockIntrospection",
    # The document (operation.py, verdict.py).
    "no-schema": "the schema is not known yet",
    "unparsable-document": "the document does not parse, or has too many tokens",
    "ambiguous-operation": "several operations and no operationName",
    "unknown-operation": "no operation of that name",
    "invalid-document": "the document does not validate against the schema",
    "incremental-delivery": "@defer or @stream",
    "subscription": "a subscription",
    # The rules (rules.py).
    "pass-through-only": "caching is off: passThroughOnly",
    "introspection": "the schema is asked for: __schema or __type",
    "non-cacheable": "something selected is listed in nonCacheable",
    "private-hint": "something selected is PRIVATE by @cacheControl; cacheControl names no scope",
    "no-rule": "no rule matches anything that is selected",
    "max-age-0": "the rules come to maxAge 0 and swr 0",
    "too-complex": "reading the document takes too many steps",
    # The edge of all this.
    "internal-error": "a bug in Shellac; the log has it",
}
