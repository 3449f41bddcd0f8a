"""What is passed as sent for the members of its JSON object, or for want of a document."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest

from controller.core.request import Batch, Unread, read_request
from tests.core.requests import MULTIPART, M, Q, documents, get, multipart, post, unread


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
