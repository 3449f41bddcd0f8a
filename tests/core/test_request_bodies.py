"""Bodies that are no plain JSON: passed as sent, and understood for the writes in them."""

from __future__ import annotations

import gzip
import json
import zlib
from urllib.parse import urlencode

import pytest

from controller.core.lexemes import Lexeme
from controller.core.request import HttpRequest, Single, Unread, read_request
from tests.core.requests import MEMBERS, MULTIPART, M, Q, documents, multipart, post, single, unread


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
        "application/json; boundary=x",
        "application/json;",
        "application/json, text/plain",
        "application/graphql+json",
        "application/graphql-response+json",
        "\u2603",
    ],
)
def test_other_content_types(content_type: str | None) -> None:
    found = unread(post({"query": M}, content_type), "content-type")
    assert documents(found) == [(M, None)]
    assert unread(post(f"<<{M}", content_type), "content-type").may_write
    assert not unread(post(f"<<{Q}", content_type), "content-type").may_write


def test_an_operation_with_its_text_is_no_hash() -> None:
    found = unread(post({"query": M, "id": "abc"}, "text/plain"), "content-type")
    assert documents(found) == [(M, None)]


def test_a_charset_that_nobody_expects_may_write() -> None:
    for charset in ("utf-7", "cp037", "nonsense"):
        assert unread(
            post(b"\xa0", f"application/json; charset={charset}"), "content-type"
        ).may_write


def test_application_graphql() -> None:
    found = unread(post(M, "application/graphql; charset=utf-8"), "graphql-body")
    assert documents(found) == [(M, None)]
    http = post(f"{Q} {M}", "application/graphql", b"operationName=M")
    assert documents(unread(http, "url-and-body")) == [(f"{Q} {M}", "M")]


def test_a_form() -> None:
    text = urlencode({"query": M, "operationName": "M", "variables": '{"a":1}'})
    found = unread(post(text, "application/x-www-form-urlencoded"), "form-body")
    assert found.items == (Single(M, "M", {"a": Lexeme("1")}, by_get=False),)
    found = unread(
        post(b"query[]=mutation{a}%zz\xff", "application/x-www-form-urlencoded"), "form-body"
    )
    assert documents(found) == [("mutation{a}%zz\ufffd", None)]


def test_a_file_upload() -> None:
    operations = json.dumps({"query": M, "variables": {"file": None}})
    body = multipart(
        ("operations", operations), ("map", '{"0":["variables.file"]}'), ("0", "mutation")
    )
    found = unread(post(body, MULTIPART), "multipart-body")
    assert found.items == (Single(M, None, {"file": None}, by_get=False),)
    assert not found.may_write


def test_a_batch_of_file_uploads() -> None:
    body = multipart(("operations", json.dumps([{"query": Q}, {"query": M}])))
    assert documents(unread(post(body, MULTIPART), "multipart-body")) == [(Q, None), (M, None)]


def test_an_upload_with_fields_as_in_a_form() -> None:
    body = multipart(("query", M), ("variables", '{"a":true}'))
    found = unread(post(body, MULTIPART), "multipart-body")
    assert found.items == (Single(M, None, {"a": True}, by_get=False),)


def test_the_parts_come_in_any_order_and_more_than_once() -> None:
    body = multipart(
        ("0", "x"), ("operations", f'{{"query":"{Q}"}}'), ("Operations", f'{{"query":"{M}"}}')
    )
    assert documents(unread(post(body, MULTIPART), "multipart-body")) == [(Q, None), (M, None)]


@pytest.mark.parametrize(
    "body",
    [
        multipart(("operations", f'{{"query":"{M}"')),
        multipart(("operations", f'{{"query":"{M}"}}'), end=""),
        multipart(("operations", f'{{"query":"{M}"}}')).replace("\r\n", "\n"),
        multipart(("other", f'{{"query":"{M}"}}')),
        multipart(("operations", '"\\u006dutation{a}"')),
        multipart(("operations", Q), headers=f"Content-Transfer-Encoding: base64\r\nX: {M}\r\n"),
        multipart(("x\"; name*=utf-8''operations; y=\"", f'{{"query":"{M}"}}')),
        M,
    ],
)
def test_an_upload_that_cannot_be_read_may_write(body: str) -> None:
    found = unread(post(body, MULTIPART), "multipart-body")
    assert found.may_write
    assert not unread(
        post(body.replace(M, Q).replace("6d", "6e"), MULTIPART), "multipart-body"
    ).may_write


def test_an_encoded_part_name_may_be_any_name() -> None:
    query, write = f'{{"query":"{Q}"}}', f'{{"query":"{M}"}}'
    body = multipart(("operations", query), ("0", write))
    assert not unread(post(body, MULTIPART), "multipart-body").may_write
    other = body.replace('name="0"', "name=\"0\"; name*=utf-8''operations")
    assert unread(post(other, MULTIPART), "multipart-body").may_write
    photo = body.replace('name="0"', "name=\"0\"; filename*=utf-8''a%20photo")
    assert not unread(post(photo, MULTIPART), "multipart-body").may_write


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "x" * 5_000])
def test_an_upload_without_a_boundary_may_write(boundary: str) -> None:
    body = multipart(("operations", f'{{"query":"{M}"}}'))
    assert unread(post(body, "multipart/form-data" + boundary), "multipart-body").may_write


@pytest.mark.parametrize(
    ("encoding", "compressed"),
    [
        ("gzip", gzip.compress(json.dumps({"query": M}).encode(), mtime=0)),
        ("X-GZIP", gzip.compress(json.dumps({"query": M}).encode(), mtime=0)),
        ("deflate", zlib.compress(json.dumps({"query": M}).encode())),
    ],
)
def test_a_compressed_body_is_understood_for_its_writes(encoding: str, compressed: bytes) -> None:
    found = unread(post(compressed, encoding=encoding), "content-encoding")
    assert documents(found) == [(M, None)]
    assert not found.may_write


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("br", b"\x0b\x02\x80"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0)),
        ("gzip", b"no gzip"),
        ("gzip", gzip.compress(b'{"query":"{a}"}', mtime=0)[:-9]),
        ("gzip", gzip.compress(b'{"query":"{a}"}', mtime=0) + gzip.compress(b"x", mtime=0)),
        ("gzip", gzip.compress(b" " * 9_000_000, mtime=0)),
    ],
)
def test_a_body_that_cannot_be_decompressed_may_write(encoding: str, body: bytes) -> None:
    assert unread(post(body, encoding=encoding), "content-encoding").may_write


def test_an_identity_encoding_is_none() -> None:
    assert single(post(MEMBERS, encoding="identity")).document == Q


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("mutation{a}".encode("utf-16le"), "application/graphql; charset=utf-16le"),
        (b"x=1;query=mutation%7Ba%7D", "application/x-www-form-urlencoded"),
        (b'{"requests": [{"query": "mutation{a}"}]}', "application/json"),
        (b'{"mutation": "mutation{a}"}', "application/json"),
    ],
)
def test_a_write_in_odd_clothes_is_not_overlooked(body: bytes, content_type: str) -> None:
    found = read_request(HttpRequest("POST", b"", content_type, body))
    assert isinstance(found, Unread)
    assert found.may_write or any("mutation" in item.document for item in found.items)
