"""Where a token is presented, and what keys hold of it."""

import pytest

from controller.core.claims import Claim
from controller.core.identity import Presented, presented, scope_text


def shown(sources, **found):
    values = {tuple(name.split("_", 1)): value for name, value in found.items()}
    return presented(sources, lambda source: values.get(source, []))


AUTH = ("header", "authorization")
SESSION = ("cookie", "session")


@pytest.mark.parametrize(
    ("written", "bearer", "value"),
    [
        ("Bearer a.b.c", True, "a.b.c"),
        ("bearer \t a.b.c ", True, "a.b.c"),
        ("BEARER a.b.c", True, "a.b.c"),
        ("a.b.c", False, "a.b.c"),
        ("Basic abc", False, "Basic abc"),
        ("Bearer", False, "Bearer"),
        ("", False, ""),
    ],
)
def test_a_scheme_is_read_in_any_case_and_spacing(written, bearer, value):
    assert shown([AUTH], header_authorization=[written]) == Presented(AUTH, bearer, value)


def test_the_origin_gets_one_spelling():
    assert Presented(AUTH, True, "a.b.c").value == "Bearer a.b.c"
    assert Presented(AUTH, False, "a.b.c").value == "a.b.c"


def test_the_first_source_that_is_there_counts():
    both = {"header_authorization": ["Bearer h"], "cookie_session": ["c"]}
    assert shown([AUTH, SESSION], **both).token == "h"
    assert shown([SESSION, AUTH], **both).token == "c"
    assert shown([AUTH, SESSION], cookie_session=["c"]) == Presented(SESSION, False, "c")
    assert shown([AUTH, SESSION]) is None
    assert shown([SESSION], cookie_session=["Bearer c"]).bearer is False


def test_a_source_that_stands_there_twice_is_not_valid():
    assert shown([AUTH], header_authorization=["Bearer a", "Bearer b"]).token == ""


def test_keys_tell_scope_source_form_and_claim_apart_and_hold_no_claim():
    alice, bob = Claim('"alice"', 0), Claim('"bob"', 0)
    bearer, bare = Presented(AUTH, True, "t"), Presented(AUTH, False, "t")
    texts = [
        scope_text("USER", bearer, alice),
        scope_text("USER", bearer, bob),
        scope_text("USER", bare, alice),
        scope_text("USER", Presented(SESSION, False, "t"), alice),
        scope_text("ROLE", bearer, alice),
        scope_text("USER", None, None),
    ]
    assert len(set(texts)) == len(texts)
    assert not any("alice" in text for text in texts)
    assert scope_text("USER", Presented(AUTH, True, "other"), alice) == texts[0]
