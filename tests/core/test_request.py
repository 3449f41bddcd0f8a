"""What an HTTP request asks, and JSON that is passed because servers read it differently."""

from __future__ import annotations

import json
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.details import DETAILS
from controller.core.lexemes import Lexeme
from controller.core.request import Batch, HttpRequest, Single, Unread, read_request
from tests.core.requests import MEMBERS, MULTIPART, M, Q, documents, get, post, single, unread

# What is read


def test_a_post_is_read() -> None:
    found = single(post(MEMBERS))
    assert found == Single(Q, "Q", {"x": Lexeme("1")}, by_get=False)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json ; charset=UTF-8",
    ],
)
def test_json_in_utf_8_is_read(content_type: str) -> None:
    assert single(post(MEMBERS, content_type)).document == Q


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_get_is_read_like_a_post(method: str) -> None:
    text = urlencode({"query": Q, "variables": '{"x":1}', "operationName": "Q"})
    found = single(get(text, method))
    assert found == Single(Q, "Q", {"x": Lexeme("1")}, by_get=True)


def test_a_query_string_is_a_form() -> None:
    assert single(get("query=%7Ba(b:%22%2B%22)+%7D&")).document == '{a(b:"+") }'
    assert single(get("&&query={a}")).document == "{a}"
    assert single(get("query=%7B%C3%A9%7D")).document == "{\u00e9}"
    assert single(get("query={a%3Bb}")).document == "{a;b}"
    assert single(get("query={a(b=c)}")).document == "{a(b=c)}"


@pytest.mark.parametrize("extensions", [None, {}])
@pytest.mark.parametrize("absent", [{"variables": None}, {"operationName": None}, {}])
def test_null_is_the_same_as_absent(absent: dict[str, None], extensions: object) -> None:
    found = single(post({"query": Q, "extensions": extensions, **absent}))
    assert found == Single(Q, None, {}, by_get=False)


def test_null_in_a_url_is_the_same_as_absent() -> None:
    assert single(get("query={a}&variables=null&extensions={}")).variables == {}


def test_numbers_keep_their_lexemes() -> None:
    body = '{"query":"{a}","variables":{"a":[1,1.0,1e0,-0,123456789012345678901234567890,1E400]}}'
    numbers = single(post(body)).variables["a"]
    expected = ["1", "1.0", "1e0", "-0", "123456789012345678901234567890", "1E400"]
    assert numbers == [Lexeme(text) for text in expected]
    by_url = single(get("query={a}&variables=" + quote('{"a":1.50}')))
    assert by_url.variables == {"a": Lexeme("1.50")}


def test_a_lone_surrogate_escape_is_legal_json_in_a_variable() -> None:
    assert single(post('{"query":"{a}","variables":{"a":"\\ud800"}}')).variables == {"a": "\ud800"}


def test_an_array_is_a_batch() -> None:
    found = read_request(post([MEMBERS, {"query": M}, {"id": 1}, 5, {"query": Q, "x": 1}]))
    assert isinstance(found, Batch)
    assert [type(item).__name__ for item in found.items] == ["Single", "Single"] + ["Unread"] * 3
    details = [item.detail for item in found.items if isinstance(item, Unread)]
    assert details == ["persisted-query", "no-query", "unknown-member"]
    assert read_request(post([])) == Batch(())


# What is passed as sent: JSON


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"query":"{a}"}}',
        b"{'query':'{a}'}",
        b'{"query":"{a}","variables":{"a":NaN}}',
        b'{"query":"{a}","variables":{"a":-Infinity}}',
        b'{"query":"{a}","variables":{"a":01}}',
        b'{"query":"{a}","variables":{"a":1.}}',
        b'{"query":"{a\n}"}',
        b'{"query":"{\xff}"}',
        b'{"query":"{a}"}\xff',
        b'{"query":"\xed\xa0\x80"}',
        '{"query":"{a}"}'.encode("utf-16"),
        '\ufeff{"query":"{a}"}'.encode(),
        b'{"query":"{a}","variables":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    ],
)
def test_what_is_no_json_in_utf_8(body: bytes) -> None:
    assert not unread(post(body), "unparsable-json").may_write


@pytest.mark.parametrize(
    "body",
    [
        b'{"query":"mutation{a}"',
        b"{'query':'mutation{a}'}",
        b'{"query":"mutation{a}","variables":{"a":NaN}}',
        b'{"query":"mutation{a}\xff"}',
        b'{"query":"\\u006dutation{a}","a":}',
        '{"query":"mutation{a}\ud800"}'.encode("utf-16-le", "surrogatepass"),
        b'{"query":"mutation{a}","variables":' + b"[" * 100_000,
        b"mutation { a }",
    ],
)
def test_what_cannot_be_read_and_says_mutation_may_write(body: bytes) -> None:
    assert unread(post(body), "unparsable-json").may_write


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-8-sig"])
def test_json_in_another_unicode_is_understood_for_its_writes(encoding: str) -> None:
    found = unread(post(json.dumps({"query": M}).encode(encoding)), "unparsable-json")
    assert documents(found) == [(M, None)]


def test_nan_in_a_url() -> None:
    unread(get("query={a}&variables={%22a%22:NaN}"), "unparsable-json")
    assert documents(unread(get(f"query={quote(M)}&variables=x"), "unparsable-json")) == [(M, None)]


def test_nothing_after_a_deep_nesting_is_unseen() -> None:
    body = b'{"variables":' + b"[" * 100_000 + b"]" * 100_000 + b',"query":"mutation{a}"}'
    assert unread(post(body), "unparsable-json").may_write


@given(
    st.sampled_from(["GET", "HEAD", "POST", "PUT"]),
    st.binary(max_size=40),
    st.sampled_from(["application/json", "application/graphql", MULTIPART, "x", None])
    | st.text(max_size=20),
    st.binary(max_size=60),
    st.sampled_from([None, "gzip", "br"]),
)
def test_no_request_raises(
    method: str, query_string: bytes, content_type: str | None, body: bytes, encoding: str | None
) -> None:
    found = read_request(HttpRequest(method, query_string, content_type, body, encoding))
    if isinstance(found, Unread):
        assert found.detail in DETAILS
