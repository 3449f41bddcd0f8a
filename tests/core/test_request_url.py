"""What is passed as sent for its URL or method."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from controller.core.request import HttpRequest, Single
from tests.core.requests import M, Q, documents, get, post, unread


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
