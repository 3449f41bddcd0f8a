"""Documents that ask for the schema are found in whatever form a server may take them from."""

import gzip
import json
from urllib.parse import quote, urlencode

import pytest

from controller.core.asked import HttpRequest
from controller.core.introspection import asks_for_schema, names_schema

ASKS = "{ __schema { types { name } } }"
PLAIN = "{ post { __typename title } }"
JSON_TYPE = "application/json"


def posted(body: object, content_type: str | None = JSON_TYPE, **more: str | bytes) -> HttpRequest:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpRequest(
        **{  # type: ignore[arg-type]
            **{"method": "POST", "query_string": b"", "content_type": content_type, "body": data},
            **more,
        }
    )


def got(**parameters: str) -> HttpRequest:
    return HttpRequest("GET", urlencode(parameters).encode(), None, b"")


def form(**fields: str) -> HttpRequest:
    return posted(urlencode(fields).encode(), "application/x-www-form-urlencoded")


def multipart(*parts: tuple[str, str], headers: str = "") -> HttpRequest:
    texts = [
        f'--B\r\nContent-Disposition: form-data; name="{name}"{headers}\r\n\r\n{text}\r\n'
        for name, text in parts
    ]
    return posted(("".join(texts) + "--B--\r\n").encode(), "multipart/form-data; boundary=B")


@pytest.mark.parametrize(
    "document",
    [
        ASKS,
        '{ __type(name: "Post") { name } }',
        "{ a: __schema { types { name } } }",
        "{ post { title } ...F } fragment F on Query { __schema { types { name } } }",
        "{ ... on Query { ... { __type(name: 1) { name } } } }",
        "query A { post { title } } query B { __schema { types { name } } }",
        "{ post { title } __schema @skip(if: true) { types { name } } }",
        "#\n{,,__schema,,}",
        '{ post(a: "x", b: """ \\""" """) { title } __schema { types { name } } }',
        "subscription { __schema { types { name } } }",
        # No parser of ours takes these; another may.
        "{ __schema { types { name } }",
        "{ __schema { types { name } } } " + "{ a } " * 20_000,
        '{ post(a: "never closed) { title } __schema { types { name } } }',
    ],
)
def test_a_document_that_names_the_schema(document: str) -> None:
    assert names_schema(document)
    assert asks_for_schema(posted({"query": document}))
    assert asks_for_schema(got(query=document))


@pytest.mark.parametrize(
    "document",
    [
        PLAIN,
        "{ __typename }",
        '{ search(text: "__schema") { title } }',
        '{ search(text: """ __type """) { title } }',
        "{ post { title } } # __schema",
        "{ my__schema a__type __types __typed }",
    ],
)
def test_a_document_that_only_looks_like_it(document: str) -> None:
    assert not names_schema(document)
    assert not asks_for_schema(posted({"query": document, "variables": {"a": "__type"}}))
    assert not asks_for_schema(got(query=document))
    assert not asks_for_schema(posted([{"query": document}, {"query": PLAIN}]))


REQUESTS = {
    "escaped": posted(b'{"query": "{ \\u005f\\u005fschema { types { name } } }"}'),
    "another operation": posted({"query": f"query A {PLAIN} query B {ASKS}", "operationName": "A"}),
    "a batch": posted([{"query": PLAIN}, {"query": ASKS}]),
    "a nested batch": posted([{"query": PLAIN}, [{"query": ASKS}]]),
    "a member twice": posted(b'{"query": "{ a }", "query": "{ __schema { a } }"}'),
    "another case": posted({"query": PLAIN, "Query": ASKS}),
    "a list for a query": posted({"query": [ASKS]}),
    "a list beside a query": posted({"query": PLAIN, "Query": [ASKS]}),
    "a wrapper": posted({"data": {"query": ASKS}}),
    "with a hash": posted({"query": ASKS, "extensions": {"persistedQuery": {"sha256Hash": "a"}}}),
    "with extensions": posted({"query": ASKS, "extensions": {"a": 1}}),
    "with a wrong operation name": posted({"query": ASKS, "operationName": 3}),
    "with wrong variables": posted({"query": ASKS, "variables": []}),
    "JSON that others read": posted(json.dumps({"query": ASKS}).encode() + b"\0,"),
    "behind a byte order mark": posted(b"\xef\xbb\xbf" + json.dumps({"query": ASKS}).encode()),
    "UTF-16": posted(json.dumps({"query": ASKS}).encode("utf-16-le")),
    "no content type": posted({"query": ASKS}, None),
    "another content type": posted({"query": ASKS}, "text/plain"),
    "two content types": posted({"query": ASKS}, "multipart/form-data; boundary=B, text/plain"),
    "a charset that is not known": posted({"query": PLAIN}, "application/json; charset=utf-7"),
    "application/graphql": posted(ASKS.encode(), "application/graphql"),
    "a form": form(query=ASKS),
    "a form with brackets": form(**{"query[]": ASKS}),
    "multipart": multipart(("operations", json.dumps({"query": ASKS})), ("0", "file")),
    "a field of multipart": multipart(("query", ASKS)),
    "a broken multipart": posted(b"--X\r\n" + ASKS.encode(), "multipart/form-data; boundary=B"),
    "an encoded part": multipart(
        ("operations", "e30="), headers="\r\nContent-Transfer-Encoding: base64"
    ),
    "gzip": posted(gzip.compress(json.dumps({"query": ASKS}).encode()), content_encoding="gzip"),
    "gzip twice": posted(
        gzip.compress(gzip.compress(json.dumps({"query": ASKS}).encode())),
        content_encoding="gzip, gzip",
    ),
    "an encoding that is not known": posted(b"\x1b\x00", content_encoding="br"),
    "in the URL of a POST": posted(
        {"query": PLAIN}, query_string=urlencode({"query": ASKS}).encode()
    ),
    "percent by percent": HttpRequest(
        "GET", b"query=" + "".join(f"%{ord(c):02x}" for c in ASKS).encode(), None, b""
    ),
    "semicolons": HttpRequest("GET", f"a=b;query={quote(ASKS)}".encode(), None, b""),
    "a GET with a body": HttpRequest("GET", b"", JSON_TYPE, json.dumps({"query": ASKS}).encode()),
    "another method": HttpRequest("PUT", b"", JSON_TYPE, json.dumps({"query": ASKS}).encode()),
    "many documents": form(**{f"query[{i}]": f"{{ a{i} }}" for i in range(20)}, query=ASKS),
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_request_in_which_a_server_may_find_it(request_: HttpRequest) -> None:
    assert asks_for_schema(request_)


OTHERS = {
    "nothing": posted(b""),
    "a hash": posted({"extensions": {"persistedQuery": {"sha256Hash": "a" * 64}}}),
    "an upload of a schema": multipart(
        ("operations", json.dumps({"query": PLAIN})), ("map", "{}"), ("0", ASKS)
    ),
    "an upload that says how it is sent": multipart(
        ("operations", json.dumps({"query": PLAIN})),
        headers="\r\nContent-Transfer-Encoding: binary",
    ),
    "gzip": posted(gzip.compress(json.dumps({"query": PLAIN}).encode()), content_encoding="gzip"),
    "an unknown member": posted({"query": PLAIN, "id": "__schema"}),
    "no JSON": posted(b"not json"),
}


@pytest.mark.parametrize("request_", OTHERS.values(), ids=OTHERS.keys())
def test_a_request_in_which_none_will(request_: HttpRequest) -> None:
    assert not asks_for_schema(request_)
