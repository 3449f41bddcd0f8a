"""What an attacker would try, so that two servers read one request in two ways."""

from __future__ import annotations

import pytest

from controller.core.lexemes import Lexeme
from tests.core.requests import Q, get, post, single, unread


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
