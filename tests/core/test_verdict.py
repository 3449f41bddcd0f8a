"""The verdict on a request: to be cached under a key, a mutation, or to be passed."""

from __future__ import annotations

import hashlib
import json
import random
import re
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core import documents as documents_module
from controller.core import verdict as verdict_module
from controller.core.details import DETAILS
from controller.core.lexemes import Lexeme
from controller.core.policy import PUBLIC, Policy, Rule
from controller.core.request import HttpRequest
from controller.core.schema import SchemaIndex
from controller.core.verdict import Documents, Pass, Verdict, decide
from tests.core.documents import VARIABLES
from tests.core.documents import documents as shop_documents
from tests.core.verdicts import NO_SCHEMA, POLICY, SHOP, M, Q, batch, cacheable, get, passed, post
from tests.core.world import SCHEMA
from tests.support.effort import examples

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
