"""What an HTTP request asks, and what is passed as sent because servers read it differently."""

from __future__ import annotations

import gzip
import json
import zlib
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.details import DETAILS
from controller.core.lexemes import Lexeme
from controller.core.request import Batch, HttpRequest, Single, Unread, read_request

Q = "query Q { a }"
M = "mutation M { b }"
MEMBERS = {"query": Q, "variables": {"x": 1}, "operationName": "Q"}


def get(query_string: str | bytes, method: str = "GET", body: bytes = b"") -> HttpRequest:
    text = query_string if isinstance(query_string, bytes) else query_string.encode()
    return HttpRequest(method, text, None, body)


def post(
    body: object,
    content_type: str | None = "application/json",
    query_string: bytes = b"",
    *,
    method: str = "POST",
    encoding: str | None = None,
) -> HttpRequest:
    """A body as JSON, or as it is if it is text or bytes already."""
    if isinstance(body, str):
        body = body.encode()
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpRequest(method, query_string, content_type, sent, encoding)


def single(http: HttpRequest) -> Single:
    found = read_request(http)
    assert isinstance(found, Single), found
    return found


def unread(http: HttpRequest, detail: str) -> Unread:
    found = read_request(http)
    assert isinstance(found, Unread), found
    assert found.detail == detail, found
    assert found.detail in DETAILS
    return found


def documents(found: Unread) -> list[tuple[str, str | None]]:
    return [(item.document, item.operation_name) for item in found.items]


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


# What is passed as sent: members


@pytest.mark.parametrize(
    "body",
    [
        f'{{"query":"{Q}","query":"{M}"}}',
        f'{{"query":"{M}","query":"{Q}"}}',
        f'{{"query":"{M}","qu\\u0065ry":"{Q}"}}',
        f'[{{"query":"{Q}"}},{{"query":"{M}","query":"{Q}"}}]',
        f'{{"query":"{Q}","variables":{{"a":[{{"b":1,"b":1}}]}},"query":"{M}"}}',
    ],
)
def test_a_duplicate_member_is_passed_and_hides_no_mutation(body: str) -> None:
    assert M in [text for text, _ in documents(unread(post(body), "duplicate-member"))]


@pytest.mark.parametrize("at", ["variables", "extensions"])
def test_a_duplicate_member_at_any_depth(at: str) -> None:
    text = '{"a":[[{"b":{"c":1,"c":2}}]]}'
    unread(post(f'{{"query":"{{a}}","{at}":{text}}}'), "duplicate-member")
    unread(get(f"query={{a}}&{at}={quote(text)}"), "duplicate-member")


@pytest.mark.parametrize(
    ("more", "detail"),
    [
        ({"id": "x"}, "unknown-member"),
        ({"Query": M}, "unknown-member"),
        ({"operationname": "Q"}, "unknown-member"),
        ({"": None}, "unknown-member"),
        ({"variables": []}, "bad-variables"),
        ({"variables": '{"a":1}'}, "bad-variables"),
        ({"variables": False}, "bad-variables"),
        ({"operationName": 5}, "bad-operation-name"),
        ({"operationName": ["Q"]}, "bad-operation-name"),
        ({"operationName": ""}, "empty-parameter"),
        ({"extensions": {"x": None}}, "extensions"),
        ({"extensions": []}, "extensions"),
        ({"extensions": ""}, "extensions"),
        ({"extensions": False}, "extensions"),
        ({"extensions": {"persistedQuery": {"sha256Hash": "a"}}}, "persisted-query-text"),
    ],
)
def test_other_members_are_passed_with_the_operation_known(
    more: dict[str, object], detail: str
) -> None:
    found = unread(post({"query": Q, **more}), detail)
    assert Q in [text for text, _ in documents(found)]
    assert not found.may_write


@pytest.mark.parametrize("member", ["Query", "QUERY", " query", "query[]", "query[0]"])
def test_a_document_under_a_name_that_some_origin_takes_for_query_is_seen(member: str) -> None:
    assert (M, None) in documents(unread(post({"query": Q, member: M}), "unknown-member"))
    assert (M, None) in documents(unread(post({member: M}), "persisted-query"))
    url = urlencode({"query": Q, member: M})
    assert (M, None) in documents(unread(get(url), "url-parameters"))


def test_an_unknown_member_does_not_make_a_write() -> None:
    found = unread(
        post({"query": Q, "type": "mutation", "variables": {"query": M}}), "unknown-member"
    )
    assert documents(found) == [(Q, None)]
    assert not found.may_write


@pytest.mark.parametrize("query", [["mutation{a}"], {"a": "mutation{a}"}, {"mutation": 1}])
def test_a_query_that_is_no_string_may_write(query: object) -> None:
    assert unread(post({"query": query}), "bad-query").may_write


@pytest.mark.parametrize("query", [["{a}"], {}, 5, True])
def test_a_query_that_is_no_string_and_has_no_mutation_does_not(query: object) -> None:
    assert not unread(post({"query": query}), "bad-query").may_write


@pytest.mark.parametrize(
    "body",
    [
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "mutation"}}},
        {"query": "", "extensions": {"persistedQuery": {}}},
        {"query": None, "documentId": "sha256:mutation"},
        {"doc_id": 5, "variables": {"text": "mutation"}},
        {"something": "else"},
    ],
)
def test_a_hash_without_text_is_no_write(body: object) -> None:
    found = unread(post(body), "persisted-query")
    assert found.items == ()
    assert not found.may_write


@pytest.mark.parametrize(
    "text",
    [
        "extensions=" + quote('{"persistedQuery":{"version":1,"sha256Hash":"a"}}'),
        "documentId=abc",
        "query=&id=abc",
        "id=abc&id=abc",
        "id=%zz",
    ],
)
def test_a_hash_in_a_url(text: str) -> None:
    unread(get(text), "persisted-query")
    unread(post(b"", "application/json", text.encode()), "persisted-query")


def test_a_hash_in_a_form_or_an_upload() -> None:
    text = urlencode({"extensions": '{"persistedQuery":{"sha256Hash":"a"}}'})
    unread(post(text, "application/x-www-form-urlencoded"), "persisted-query")
    body = multipart(("operations", '{"documentId":"a"}'), ("0", "file"))
    unread(post(body, MULTIPART), "persisted-query")


@pytest.mark.parametrize("text", ["", "variables={}", "operationName=Q", "query=", "foo=bar"])
def test_a_get_without_a_query(text: str) -> None:
    assert not unread(get(text), "no-query").may_write


@pytest.mark.parametrize("body", ["null", "5", '"mutation{a}"', '{"operationName":"Q"}', "[[]]"])
def test_a_post_without_a_query(body: str) -> None:
    found = read_request(post(body))
    item = found.items[0] if isinstance(found, Batch) else found
    assert isinstance(item, Unread)
    assert item.detail == "no-query"
    assert item.may_write is ("mutation" in body)


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


# What is passed as sent: the URL


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("query={a}&query={a}", "repeated-parameter"),
        ("query={a}&variables={}&variables={}", "repeated-parameter"),
        ("query={a}&operationName=A&operationName=B", "repeated-parameter"),
        ("query={a}&extensions={}&extensions={}", "repeated-parameter"),
        ("query={a}&qu%65ry={b}", "repeated-parameter"),
        ("query={a}&x=1&x=1", "repeated-parameter"),
        ("query={a}&utm=1", "url-parameters"),
        ("query={a}&documentId=1", "url-parameters"),
        ("query={a}&Variables={}", "url-parameters"),
        ("query={a}&variables[x]=1", "url-parameters"),
        ("query={a}&=", "url-parameters"),
        ("query={a}&_", "url-parameters"),
        ("query={a}&variables=", "empty-parameter"),
        ("query={a}&operationName=", "empty-parameter"),
        ("query={a}&extensions", "empty-parameter"),
        ("query={a}&variables=[]", "bad-variables"),
        ("query={a}&extensions={%22a%22:1}", "extensions"),
        ("query={a}&extensions={%22persistedQuery%22:{}}", "persisted-query-text"),
        ("query={a%}", "url-encoding"),
        ("query={a%4}", "url-encoding"),
        ("query={a%zz}", "url-encoding"),
        ("query={%FF}", "url-encoding"),
        ("query={%C3}", "url-encoding"),
        ("query={%ED%A0%80}", "url-encoding"),
        ("query={a b}", "url-encoding"),
        ("query={\u00e9}", "url-encoding"),
        ("query={a}#x", "url-encoding"),
        ("query={a}&variables={};operationName=A", "url-encoding"),
        ("query={a\x00}", "url-encoding"),
    ],
)
def test_urls_that_are_passed(text: str, detail: str) -> None:
    found = unread(get(text), detail)
    assert found.items
    assert all(item.by_get for item in found.items)
    assert not found.may_write


def test_a_repeated_parameter_hides_no_mutation() -> None:
    text = urlencode([("query", Q), ("query", M), ("operationName", "Q"), ("operationName", "M")])
    found = unread(get(text), "repeated-parameter")
    assert documents(found) == [(Q, "Q"), (Q, "M"), (M, "Q"), (M, "M")]


def test_of_repeated_parameters_those_that_say_something_count() -> None:
    text = urlencode([("query", M), ("variables", '{"a":true}'), ("variables", "x")])
    found = unread(get(f"{text}&operationName=&operationName="), "repeated-parameter")
    assert found.items == (Single(M, None, {"a": True}, by_get=True),)


def test_too_many_combinations_may_write() -> None:
    many = [("query", f"{Q}#{n}") for n in range(20)]
    assert not unread(get(urlencode(many)), "repeated-parameter").may_write
    found = unread(get(urlencode([*many, ("query", M)])), "repeated-parameter")
    assert found.may_write


def test_a_get_with_a_body() -> None:
    http = HttpRequest(
        "GET", urlencode({"query": Q}).encode(), "application/json", b'{"query":"%s"}' % M.encode()
    )
    assert documents(unread(http, "body-on-get")) == [(Q, None), (M, None)]


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (b"query={a}", "url-and-body"),
        (b"operationName=X", "url-and-body"),
        (b"qu%65ry={a}", "url-and-body"),
        (b"extensions=", "url-and-body"),
        (b"op=Q", "url-parameters"),
        (b"&", "url-parameters"),
    ],
)
def test_a_post_with_a_query_string(text: bytes, detail: str) -> None:
    found = unread(post({"query": M}, query_string=text), detail)
    assert M in [document for document, _ in documents(found)]


def test_a_name_in_the_url_selects_in_the_body() -> None:
    both = f"{Q} {M}"
    found = unread(
        post({"query": both, "operationName": "Q"}, query_string=b"operationName=M"), "url-and-body"
    )
    assert documents(found) == [(both, "M"), (both, "Q")]
    found = unread(post([{"query": Q}, {"query": M}], query_string=b"op=1"), "url-parameters")
    assert documents(found) == [(Q, None), (M, None)]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "get", "post", "QUERY"])
def test_other_methods(method: str) -> None:
    found = unread(post({"query": M}, method=method), "method")
    assert documents(found) == [(M, None)]


# What is passed as sent: other bodies

MULTIPART = "multipart/form-data; boundary=xYz"


def multipart(*fields: tuple[str, str], headers: str = "", end: str = "--xYz--\r\n") -> str:
    parts = [
        f'--xYz\r\nContent-Disposition: form-data; name="{name}"\r\n{headers}\r\n{text}\r\n'
        for name, text in fields
    ]
    return "".join([*parts, end])


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


# What an attacker would try, so that two servers read one request in two ways


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        # One name, two spellings.
        ('{"query":"{a}","variables":{"\\ud83d\\ude00":1,"\U0001f600":2}}', "duplicate-member"),
        ('{"query":"{a}","variables":{"a":1,"\\u0061":1}}', "duplicate-member"),
        ('{"query":"{a}","variables":null,"variables":null}', "duplicate-member"),
        ('{"query":"{a}","operationName":null,"operationName":"A"}', "duplicate-member"),
        ('{"query":"{a}","extensions":{},"extensions":{"a":1}}', "duplicate-member"),
        # Members that some languages give a meaning.
        ('{"query":"{a}","__proto__":{"query":"{b}"}}', "unknown-member"),
        ('{"query":"{a}","constructor":null}', "unknown-member"),
        ('{"query":"{a}","query\\u0000":"{b}"}', "unknown-member"),
        # JSON that lenient parsers take.
        ('{"query":"{a}",}', "unparsable-json"),
        ('{"query":"{a}"/**/}', "unparsable-json"),
        ('{"query":"{a}"} {"query":"{b}"}', "unparsable-json"),
        ('{"query":"{a}"}\x00', "unparsable-json"),
        ('\x0c{"query":"{a}"}', "unparsable-json"),
        ('{"query":"{a}","variables":{"a":+5}}', "unparsable-json"),
        ('{"query":"{a}","variables":{"a":.5}}', "unparsable-json"),
        ('{"query":"{a}","variables":{"a":1e}}', "unparsable-json"),
        ('{"query":"{a}","variables":{"a":0x10}}', "unparsable-json"),
        ('{"query":"{a}","variables":{"a":\uff11}}', "unparsable-json"),
        ('{"query":"{a}","variables":{"a":Infinity}}', "unparsable-json"),
        ('{"query":"{a}","variables":{"a":"\t"}}', "unparsable-json"),
        ('{"query":"{a}","variables":{"a":"\\x41"}}', "unparsable-json"),
        ('{"query":"{a}","variables":{"a":True}}', "unparsable-json"),
    ],
)
def test_bodies_that_two_servers_read_in_two_ways(body: str, detail: str) -> None:
    unread(post(body), detail)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (b"query={%C0%AF}", "url-encoding"),
        (b"query={%E0%80%AF}", "url-encoding"),
        (b"query={%u0061}", "url-encoding"),
        (b"query={a}\xc3\xa9", "url-encoding"),
        (b"query={a};query={b}", "url-encoding"),
        (b"query={a}&QUERY={b}", "url-parameters"),
        (b"query={a}&%71uery={b}", "repeated-parameter"),
        (b"query={a}&query%00={b}", "url-parameters"),
        (b"query={a}&+query={b}", "url-parameters"),
        (b"query={a}&variables=null&variables={}", "repeated-parameter"),
        (b"query={a}&variables={}{}", "unparsable-json"),
        (b"query={a}&variables=%EF%BB%BF{}", "unparsable-json"),
        (b"query={a}&variables={%22a%22:1,%22\\u0061%22:2}", "duplicate-member"),
        (b"query={a}&variables={%22a%22:1,%22%5Cu0061%22:2}", "duplicate-member"),
        (b"query={a}&extensions=[]", "extensions"),
    ],
)
def test_urls_that_two_servers_read_in_two_ways(text: bytes, detail: str) -> None:
    unread(get(text), detail)


@pytest.mark.parametrize(
    ("query_string", "content_type", "encoding", "detail"),
    [
        (b"query={a}", "application/json", None, "url-and-body"),
        (b"%71uery={a}", "application/json", None, "url-and-body"),
        (b"variables={}", "application/json", None, "url-and-body"),
        (b"x", "application/json", None, "url-parameters"),
        (b"", "application/json; charset=utf-8; charset=utf-16", None, "content-type"),
        (b"", "application/json;;charset=utf-8", None, "content-type"),
        (b"", "application/json\x00", None, "content-type"),
        (b"", "text/json", None, "content-type"),
        (b"", "application/json", "gzip", "content-encoding"),
        (b"", "application/json", "identity, gzip", "content-encoding"),
        (b"", "application/json", "nonsense", "content-encoding"),
    ],
)
def test_posts_that_two_servers_read_in_two_ways(
    query_string: bytes, content_type: str, encoding: str | None, detail: str
) -> None:
    unread(post({"query": Q}, content_type, query_string, encoding=encoding), detail)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("body", [b" ", b"{}", b'{"query":"{a}"}'])
def test_any_body_on_a_get(method: str, body: bytes) -> None:
    unread(get("query={a}", method, body), "body-on-get")


def test_the_text_null_in_a_url_is_a_name() -> None:
    assert single(get("query={a}&operationName=null")).operation_name == "null"


def test_no_number_is_too_long() -> None:
    digits = "9" * 50_000
    found = single(post(f'{{"query":"{{a}}","variables":{{"n":{digits}}}}}'))
    assert found.variables == {"n": Lexeme(digits)}
