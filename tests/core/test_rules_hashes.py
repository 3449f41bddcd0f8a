"""Rules for an operation by the hash of its document or of its canonical text."""

from __future__ import annotations

import hashlib

from controller.core.operation import Refusal
from controller.core.policy import Rule
from controller.core.rules import Decision
from tests.core.ruling import assert_refused, decided, rule
from tests.core.world import operation


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_rule_applies_to_an_operation_by_the_hash_of_its_document() -> None:
    sent = "query  Q { count } "
    canonical = operation(sent).text
    assert canonical != sent
    by_hash = Rule(3, {}, 60, 0, "AUTH", frozenset({sha256(sent)}))
    found = decided(sent, by_hash)
    assert isinstance(found, Decision)
    assert (found.scopes, found.by_spelling) == (frozenset({"AUTH"}), (3,))
    assert [(m.rule, m.coordinate) for m in found.matched] == [(3, "the document")]
    assert_refused(decided(sent.replace("  ", " "), by_hash), "no-rule")


def test_a_rule_applies_to_every_spelling_by_the_hash_of_the_canonical_text() -> None:
    by_hash = Rule(3, {}, 60, 0, "AUTH", frozenset({sha256(operation("query Q { count }").text)}))
    for sent in ("query  Q { count } ", "query Q{count,}", "query Q { count } # the end"):
        found = decided(sent, by_hash)
        assert isinstance(found, Decision)
        assert [(m.rule, m.coordinate) for m in found.matched] == [(3, "the operation")]
        assert found.by_spelling == ()
    assert_refused(decided("query R { count }", by_hash), "no-rule")


def test_hashes_and_types_of_a_rule_are_alternatives_and_its_times_count_once() -> None:
    both = Rule(0, {"User": None}, 60, 0, "AUTH", frozenset({sha256("{ count }")}))
    for text in ("{ count }", "{ me { id } }"):
        found = decided(text, both, rule("Query", max_age=90))
        assert isinstance(found, Decision)
        assert (found.max_age, found.scopes) == (60, frozenset({"AUTH"}))
    assert isinstance(decided("{ post { id } }", both), Refusal)
