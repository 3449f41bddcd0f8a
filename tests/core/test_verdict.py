"""The verdict on a request: to be cached under a key, a mutation, or to be passed."""

from __future__ import annotations

import hashlib
import json
import random
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from graphql import OperationType
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core import documents as documents_module
from controller.core import operation as operation_module
from controller.core import verdict as verdict_module
from controller.core.details import DETAILS
from controller.core.documents import KEPT_LENGTH, KEPT_TOTAL
from controller.core.lexemes import Lexeme
from controller.core.policy import PUBLIC, Policy, Rule
from controller.core.request import HttpRequest
from controller.core.schema import SchemaIndex
from controller.core.verdict import CacheableQuery, Documents, Mutation, Pass, Verdict, decide
from tests.core.documents import VARIABLES
from tests.core.documents import documents as shop_documents
from tests.core.world import SCHEMA
from tests.support.effort import examples

POLICY = Policy("shop", "digest", rules=(Rule(0, {"Query": None}, 60, 10, PUBLIC),))
INDEX = SchemaIndex(SCHEMA, POLICY)
SHOP = Documents(INDEX, size=500)
NO_SCHEMA = Documents(None, size=500)

Q = "query Q($id: ID, $order: Order = NEW) { post(id: $id, order: $order) { title } }"
M = "mutation M($id: ID) { updatePost(id: $id) { post { id } } }"


def post(
    document: object = Q,
    variables: str | None = None,
    name: str | None = None,
    shop: Documents = SHOP,
    **more: object,
) -> Verdict:
    """The verdict on a JSON POST; variables are JSON text."""
    members = {"query": json.dumps(document)}
    if variables is not None:
        members["variables"] = variables
    if name is not None:
        members["operationName"] = json.dumps(name)
    members |= {key: json.dumps(value) for key, value in more.items()}
    body = "{" + ",".join(f'"{key}":{value}' for key, value in members.items()) + "}"
    return decide(HttpRequest("POST", b"", "application/json", body.encode()), shop)


def get(document: str, variables: str | None = None, name: str | None = None) -> Verdict:
    """The verdict on a GET."""
    members = {"query": document, "variables": variables, "operationName": name}
    text = urlencode({key: value for key, value in members.items() if value is not None})
    return decide(HttpRequest("GET", text.encode(), None, b""), SHOP)


def batch(*bodies: object, shop: Documents = SHOP) -> Pass:
    """The verdict on a JSON array."""
    text = json.dumps(list(bodies)).encode()
    return passed(decide(HttpRequest("POST", b"", "application/json", text), shop), "batch")


def cacheable(verdict: Verdict) -> CacheableQuery:
    assert isinstance(verdict, CacheableQuery), verdict
    assert re.fullmatch("[0-9a-f]{64}", verdict.key)
    return verdict


def mutation(verdict: Verdict) -> Mutation:
    assert isinstance(verdict, Mutation), verdict
    return verdict


def passed(verdict: Verdict, detail: str) -> Pass:
    assert isinstance(verdict, Pass), verdict
    assert verdict.detail == detail, verdict
    return verdict


def written(verdict: Pass) -> list[str | None]:
    """The names of the mutations inside."""
    return [write.operation.name for write in verdict.writes]


# Queries


def test_a_query_is_cacheable_with_all_that_its_fetch_is_built_from() -> None:
    found = cacheable(post(Q, '{ "id" : 1.0, "undeclared": [5] }', "Q"))
    assert found.operation.text.startswith("query Q(")
    assert found.variables == '{"id":1.0}'
    assert found.values == {"id": Lexeme("1.0")}
    assert (found.decision.max_age, found.decision.swr) == (60, 10)


@pytest.mark.parametrize(
    "other",
    [
        post(Q, '{"order":"OLD", "id":"1"}'),
        post(Q, '{"id":"1","order":"OLD"}', "Q"),
        post(Q, '{"id":"\\u0031","order":"OLD","more":{}}'),
        post(Q.replace(" ", " \n,"), '{"id":"1","order":"OLD"}'),
        post(Q + " # the end", '{"id":"1","order":"OLD"}', extensions={}),
        post(Q + " query R { count }", '{"id":"1","order":"OLD"}', "Q"),
        get(Q, '{"id":"1","order":"OLD"}'),
        get(Q, '{"order": "OLD", "id": "1"}', "Q"),
    ],
)
def test_one_question_has_one_key(other: Verdict) -> None:
    assert cacheable(other).key == cacheable(post(Q, '{"id":"1","order":"OLD"}')).key


def test_two_questions_have_two_keys() -> None:
    asked = [
        post(Q),
        post(Q, '{"order":"NEW"}'),
        post(Q, '{"order":null}'),
        post(Q, '{"id":null}'),
        post(Q, '{"id":1}'),
        post(Q, '{"id":1.0}'),
        post(Q, '{"id":"1"}'),
        post(Q.replace("NEW", "OLD")),
        post(Q.replace("title", "t: title")),
        post(Q.replace("query Q", "query R")),
        post("{ count }"),
        post("query { count count }"),
    ]
    assert len({cacheable(one).key for one in asked}) == len(asked)


def test_two_spellings_under_two_rules_have_two_keys() -> None:
    """By its hash one may be kept for other people, or longer, than the other."""
    digest = hashlib.sha256(Q.encode()).hexdigest()
    rules = (*POLICY.rules, Rule(1, {}, 5, 0, "AUTH", frozenset({digest})))
    shop = Documents(SchemaIndex(SCHEMA, Policy("shop", "digest", rules=rules)), size=5)
    hashed, other = cacheable(post(Q, shop=shop)), cacheable(post(Q + " ", shop=shop))
    assert (hashed.decision.max_age, other.decision.max_age) == (5, 60)
    assert hashed.key != other.key
    assert other.key == cacheable(post(Q + "\n", shop=shop)).key


def test_another_schema_or_policy_has_other_keys() -> None:
    other = SchemaIndex(SCHEMA, Policy("shop", "other", rules=POLICY.rules))
    found = cacheable(post(Q, shop=Documents(other, size=5)))
    assert found.key != cacheable(post(Q)).key


@settings(max_examples=examples(50))
@given(shop_documents(), st.randoms(use_true_random=False))
def test_get_post_names_and_orders_reach_one_key(text: str, picks: random.Random) -> None:
    items = [*VARIABLES.items(), ("undeclared", 1)]
    picks.shuffle(items)
    shuffled = json.dumps(dict(items), indent=picks.choice([None, 1]))
    expected = cacheable(post(text, json.dumps(VARIABLES))).key
    assert cacheable(get(text, shuffled, picks.choice([None, "Doc"]))).key == expected
    assert cacheable(post(text, shuffled, picks.choice([None, "Doc"]))).key == expected


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("{ nothing }", "invalid-document"),
        ("{ count { id } }", "invalid-document"),
        ("{ me }", "invalid-document"),
        ("query ($id: ID) { count }", "invalid-document"),
        ("{ post(id: $id) { id } }", "invalid-document"),
        ("{ count @unknown }", "invalid-document"),
        ("{ count } fragment F on User { id }", "invalid-document"),
        ("{ me { ...F } } fragment F on User { ...F }", "invalid-document"),
        ("{ me { ...F } }", "invalid-document"),
        ("{ count } type T { a: Int }", "invalid-document"),
        ("{ a: count a: me { id } }", "invalid-document"),
        ("{ me { ... @defer { id } } }", "incremental-delivery"),
        ("{ posts @stream { id } }", "incremental-delivery"),
        ("subscription { posted { id } }", "subscription"),
        ("{ __schema { queryType { name } } }", "introspection"),
        ("{ count", "unparsable-document"),
        ("{ me {} }", "unparsable-document"),
        ("query A { count } query B { count }", "ambiguous-operation"),
    ],
)
def test_documents_that_are_passed(text: str, detail: str) -> None:
    found = passed(post(text), detail)
    assert found.message
    assert not found.may_write
    assert found.writes == ()


def test_what_was_not_selected_makes_a_document_invalid_too() -> None:
    passed(post("query A { count } query B { nothing }", name="A"), "invalid-document")
    passed(
        post("query A { count } query B { me { ... @defer { id } } }", name="A"), "invalid-document"
    )


@pytest.mark.parametrize(
    ("policy", "detail"),
    [
        (Policy("shop", "d"), "no-rule"),
        (Policy("shop", "d", rules=(Rule(0, {"Query": None}, 0, 0, PUBLIC),)), "max-age-0"),
        (Policy("shop", "d", rules=POLICY.rules, pass_through_only=True), "pass-through-only"),
        (
            Policy("shop", "d", rules=POLICY.rules, non_cacheable=frozenset({"Post"})),
            "non-cacheable",
        ),
    ],
)
def test_the_rules_refuse(policy: Policy, detail: str) -> None:
    found = passed(post(Q, shop=Documents(SchemaIndex(SCHEMA, policy), size=5)), detail)
    assert found.operation is not None
    assert found.operation.name == "Q"


def test_a_document_that_takes_too_long_to_validate_is_passed() -> None:
    started = time.process_time()
    passed(post("{" + " me{id}" * 2_000 + "}"), "invalid-document")
    chain = "".join(f"fragment F{n} on User{{friends{{...F{n + 1}}}}}" for n in range(800))
    passed(post("{me{...F0}}" + chain + "fragment F800 on User{id}"), "invalid-document")
    assert time.process_time() - started < 10


# Mutations


def test_a_mutation_is_one_with_all_its_variables() -> None:
    found = mutation(post(M, '{"id":1.0,"undeclared":2}'))
    assert found.operation.name == "M"
    assert found.variables == {"id": Lexeme("1.0"), "undeclared": Lexeme("2")}
    assert not found.by_get


def test_a_mutation_by_get_is_one() -> None:
    assert mutation(get(M)).by_get


def test_a_mutation_beside_queries_is_the_one_that_is_named() -> None:
    assert mutation(post(f"{Q} {M}", name="M")).operation.name == "M"
    assert cacheable(post(f"{Q} {M}", name="Q")).operation.name == "Q"


def test_an_incremental_mutation_stays_one() -> None:
    found = mutation(post("mutation { befriend { ... @defer { id } } }"))
    assert found.operation.incremental
    passed(post("mutation { befriend { ... @defer { nothing } } }"), "invalid-document")


@pytest.mark.parametrize(
    ("text", "name", "detail"),
    [
        ("mutation { newerThanOurSchema }", None, "invalid-document"),
        ("mutation { ping { id } }", None, "invalid-document"),
        (M + " fragment Unused on Post { id }", None, "invalid-document"),
        ("mutation { ping", None, "unparsable-document"),
        ("mutation { merge {} }", None, "unparsable-document"),
        (f"{Q} {M}", None, "ambiguous-operation"),
        (M, "N", "unknown-operation"),
        ("mutation { ping }" + "#\n" * operation_module.MAX_TOKENS, None, "unparsable-document"),
        ("mutation {" + "befriend{friends" * 3_000, None, "unparsable-document"),
    ],
)
def test_a_mutation_that_is_not_understood_may_write(
    text: str, name: str | None, detail: str
) -> None:
    assert passed(post(text, name=name), detail).may_write


def test_an_invalid_mutation_is_still_known() -> None:
    found = passed(post("mutation New { newerThanOurSchema }"), "invalid-document")
    assert found.operation is not None
    assert found.operation.type is OperationType.MUTATION


@pytest.mark.parametrize("name", [None, "Q"])
def test_a_query_beside_a_mutation_does_not_write(name: str | None) -> None:
    text = f"{Q} mutation New {{ newerThanOurSchema }}"
    found = post(text, name="Q") if name else get(text, name="Q")
    assert not passed(found, "invalid-document").may_write


# Batches and requests that are passed as sent


def test_a_batch_is_passed_with_its_writes() -> None:
    found = batch(
        {"query": Q}, {"query": M, "variables": {"id": 1}}, {"query": M, "variables": {"id": 2}}
    )
    assert [write.variables["id"] for write in found.writes] == [Lexeme("1"), Lexeme("2")]
    assert not found.may_write


def test_a_batch_of_queries_does_not_write() -> None:
    found = batch({"query": Q}, {"query": "{ nothing }"}, {"extensions": {"persistedQuery": {}}})
    assert found.writes == ()
    assert not found.may_write


@pytest.mark.parametrize(
    "item", [{"query": "mutation { nothing }"}, {"query": ["mutation{ping}"]}, "mutation{ping}"]
)
def test_a_batch_with_something_that_may_write(item: object) -> None:
    assert batch({"query": Q}, item).may_write


def test_a_batch_with_a_mutation_that_has_more_members() -> None:
    assert written(batch({"query": M, "id": 5}, {"query": M, "extensions": {"a": 1}})) == ["M", "M"]


@pytest.mark.parametrize(
    ("more", "detail"),
    [
        ({"doc": 1}, "unknown-member"),
        ({"extensions": {"a": 1}}, "extensions"),
        ({"extensions": {"persistedQuery": {"sha256Hash": "a"}}}, "persisted-query-text"),
    ],
)
def test_a_write_in_a_request_that_is_passed_as_sent(more: dict[str, Any], detail: str) -> None:
    assert written(passed(post(M, **more), detail)) == ["M"]
    assert passed(post(Q, **more), detail).writes == ()


def test_a_hash_is_no_write() -> None:
    body = b'{"extensions":{"persistedQuery":{"sha256Hash":"mutation"}}}'
    found = passed(
        decide(HttpRequest("POST", b"", "application/json", body), SHOP), "persisted-query"
    )
    assert not found.may_write
    assert found.writes == ()


def test_a_duplicate_member_hides_no_write() -> None:
    for first, second in ((Q, M), (M, Q)):
        body = f'{{"query":{json.dumps(first)},"query":{json.dumps(second)}}}'
        http = HttpRequest("POST", b"", "application/json", body.encode())
        assert written(passed(decide(http, SHOP), "duplicate-member")) == ["M"]


def test_every_operation_that_a_repeated_name_could_mean_is_a_write() -> None:
    both = f"{Q} {M} mutation N {{ ping }}"
    text = urlencode([("query", both), ("operationName", "M"), ("operationName", "N")])
    found = passed(decide(HttpRequest("GET", text.encode(), None, b""), SHOP), "repeated-parameter")
    assert written(found) == ["M", "N"]


@pytest.mark.parametrize(
    ("content_type", "body", "detail"),
    [
        ("application/graphql", M.encode(), "graphql-body"),
        ("application/x-www-form-urlencoded", urlencode({"query": M}).encode(), "form-body"),
        ("text/plain", json.dumps({"query": M}).encode(), "content-type"),
    ],
)
def test_a_write_in_another_kind_of_body(content_type: str, body: bytes, detail: str) -> None:
    found = passed(decide(HttpRequest("POST", b"", content_type, body), SHOP), detail)
    assert written(found) == ["M"]
    cut = body[: -len(b" } } }")] if content_type == "application/graphql" else b""
    if cut:
        found = passed(decide(HttpRequest("POST", b"", content_type, cut), SHOP), detail)
        assert found.may_write


# Without a schema


def test_without_a_schema_everything_is_passed_and_writes_are_seen() -> None:
    assert not passed(post(Q, shop=NO_SCHEMA), "no-schema").may_write
    found = passed(post(M, shop=NO_SCHEMA), "no-schema")
    assert found.may_write
    assert found.operation is not None
    assert not passed(post("subscription { a }", shop=NO_SCHEMA), "no-schema").may_write
    assert passed(post("mutation {", shop=NO_SCHEMA), "unparsable-document").may_write
    assert batch({"query": Q}, {"query": M}, shop=NO_SCHEMA).may_write
    assert not batch({"query": Q}, shop=NO_SCHEMA).may_write


# What is remembered


def test_a_document_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Documents(INDEX, size=5)
    first = cacheable(post(Q, '{"id":1}', shop=shop))
    monkeypatch.setattr(documents_module, "parse_source", lambda _: pytest.fail("read again"))
    assert cacheable(post(Q, '{"id":2}', shop=shop)).operation is first.operation


def kept(shop: Documents, text: str, name: str | None = None) -> bool:
    """Whether a document is remembered; asking makes it so."""
    return shop.analyse(text, name) is shop.analyse(text, name)


def test_the_documents_used_longest_ago_are_forgotten() -> None:
    shop = Documents(INDEX, size=2)
    count, me = "{ count }", "{ me { id } }"
    first, second = shop.analyse(count, None), shop.analyse(me, None)
    assert shop.analyse(count, None) is first
    shop.analyse("{ c: count }", None)
    assert shop.analyse(count, None) is first
    assert shop.analyse(me, None) is not second


def test_an_operation_name_is_part_of_what_is_remembered() -> None:
    text = "query A { count } query B { me { id } }"
    shop = Documents(INDEX, size=5)
    found = {shop.analyse(text, name) for name in ("A", "B", None)}
    assert len(found) == 3


def test_long_documents_are_not_remembered() -> None:
    shop = Documents(INDEX, size=5)
    assert kept(shop, "{count}" + " " * (KEPT_LENGTH - 7))
    assert not kept(shop, "{count}" + " " * (KEPT_LENGTH - 6))
    assert not kept(shop, "{count}", "x" * KEPT_LENGTH)


def test_all_that_is_remembered_has_a_limit() -> None:
    shop = Documents(INDEX, size=10_000)
    texts = [f"{{count}}#{n:04}" + " " * (KEPT_LENGTH - 12) for n in range(30)]
    found = [shop.analyse(text, None) for text in texts]
    again = [shop.analyse(text, None) for text in reversed(texts)]
    remembered = sum(one is two for one, two in zip(found, reversed(again), strict=True))
    assert remembered == KEPT_TOTAL // KEPT_LENGTH


# Safety


def test_whatever_raises_is_passed_and_may_write(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: HttpRequest) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(verdict_module, "read_request", broken)
    assert not passed(post(Q), "internal-error").may_write
    assert passed(post(M), "internal-error").may_write
    assert passed(get(M), "internal-error").may_write


def test_every_detail_is_a_token_and_explained() -> None:
    for token, meaning in DETAILS.items():
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", token)
        assert meaning
    sources = Path(documents_module.__file__).parent
    used = {
        token
        for path in ("aside", "documents", "operation", "reach", "request", "rules", "verdict")
        for token in re.findall(
            r'"([a-z0-9]+(?:-[a-z0-9]+)+)"', (sources / f"{path}.py").read_text()
        )
    }
    assert used - set(DETAILS) == {"utf-8"}
    assert set(DETAILS) - used == {"batch", "method", "subscription", "introspection", "extensions"}


_ODD = st.sampled_from(
    [Q, M, "{", "mutation", '"""', "\u2028", "\ud800", "#", "$", "\\", "{ me { ...F } }"]
)


@given(st.lists(_ODD, max_size=4).map(" ".join), st.sampled_from(["Q", "M", "", "\ud800", None]))
def test_no_document_is_an_internal_error(text: str, name: str | None) -> None:
    for shop in (SHOP, NO_SCHEMA):
        found = post(text, None, name, shop)
        if isinstance(found, Pass):
            assert found.detail in DETAILS
            assert found.detail != "internal-error", found
        else:
            assert found.operation.name in ("Q", "M")


@given(
    st.sampled_from(["GET", "POST"]),
    st.binary(max_size=30) | st.just(urlencode({"query": M}).encode()),
    st.sampled_from(["application/json", "multipart/form-data; boundary=b", "application/graphql"]),
    st.binary(max_size=60) | st.text(max_size=30).map(str.encode),
)
def test_no_request_is_an_internal_error(
    method: str, query_string: bytes, content_type: str, body: bytes
) -> None:
    found = decide(HttpRequest(method, query_string, content_type, body), SHOP)
    assert not isinstance(found, Pass) or found.detail != "internal-error"
