"""An origin's Cache-Control as a rule on its answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core.cache_control import LONGEST, Lifetime, is_private, limited, origin_lifetime
from controller.core.rules import Decision

PASSES = Path(__file__).parents[2] / "docs" / "passes.md"
NEVER_STALE = Lifetime(60, 0, never_stale=True)


def decision(max_age: int = 100, swr: int = 50) -> Decision:
    return Decision(max_age, swr, frozenset({"AUTH"}), frozenset({"Query"}), ())


@pytest.mark.parametrize(
    ("written", "meaning"),
    [
        ("", Lifetime()),
        ("public", Lifetime()),
        ("max-age=60", Lifetime(60, 0)),
        ("Max-Age=60 , PUBLIC", Lifetime(60, 0)),
        (",, max-age=60,", Lifetime(60, 0)),
        ('max-age="60"', Lifetime(60, 0)),
        ('max-age="6\\0"', Lifetime(60, 0)),
        ("max-age=60, s-maxage=90", Lifetime(90, 0)),
        ("s-maxage=30, max-age=600", Lifetime(30, 0)),
        ("max-age=60, stale-while-revalidate=20", Lifetime(60, 20)),
        ("stale-while-revalidate=20", Lifetime(None, 20)),
        ("max-age=60, stale-while-revalidate=20, must-revalidate", NEVER_STALE),
        ("max-age=60, stale-while-revalidate=20, proxy-revalidate", NEVER_STALE),
        ("must-revalidate", Lifetime(None, 0, never_stale=True)),
        ('ext="no-store, private", max-age=60', Lifetime(60, 0)),
        ('ext="a\\"b, no-store", max-age=60', Lifetime(60, 0)),
        ("max-age=99999999999999999999", Lifetime(LONGEST, 0)),
        ("max-age=060", Lifetime(60, 0)),
        # In doubt the shorter.
        ("max-age=60, max-age=20", Lifetime(20, 0)),
        ("s-maxage=20, s-maxage=60, max-age=5", Lifetime(20, 0)),
        ("max-age=60, stale-while-revalidate=20, stale-while-revalidate=x", Lifetime(60, 0)),
    ],
)
def test_a_lifetime_is_read(written: str, meaning: Lifetime) -> None:
    assert origin_lifetime([written], []) == meaning


@pytest.mark.parametrize(
    ("written", "detail"),
    [
        ("no-store", "origin-no-store"),
        ("NO-STORE, max-age=60", "origin-no-store"),
        ("no-store=1, must-understand", "origin-no-store"),
        ("no-cache", "origin-no-cache"),
        ('no-cache="set-cookie", max-age=60', "origin-no-cache"),
        ("max-age=60, private", "origin-private"),
        ('private="x-user"', "origin-private"),
        ("max-age=0", "origin-max-age"),
        ("s-maxage=0, max-age=60", "origin-max-age"),
        ("max-age=0, stale-while-revalidate=60", "origin-max-age"),
        ("max-age", "origin-max-age"),
        ("max-age=", "origin-cache-control"),
        ("max-age=1.5", "origin-max-age"),
        ("max-age=-1", "origin-max-age"),
        ("max-age=1h", "origin-max-age"),
        ("max-age=60, max-age=soon", "origin-max-age"),
        ("s-maxage=x, max-age=60", "origin-max-age"),
        ('max-age="60', "origin-cache-control"),
        ("max-age 60", "origin-cache-control"),
        ("max-age=60; public", "origin-cache-control"),
    ],
)
def test_what_forbids_storing(written: str, detail: str) -> None:
    assert origin_lifetime([written], []).refused == detail
    assert limited(decision(), origin_lifetime([written], [])) == detail
    assert f"`{detail}`" in PASSES.read_text()


def test_lines_are_one_list() -> None:
    assert origin_lifetime(["max-age=60", "private"], []).refused == "origin-private"
    assert origin_lifetime(["max-age=60", "max-age=30"], []).max_age == 30


@pytest.mark.parametrize(
    ("age", "left"),
    [([], 60), (["0"], 60), (["20"], 40), (["20", "50"], 10), (["20, 50"], 10)],
)
def test_the_age_is_taken_off(age: list[str], left: int) -> None:
    assert origin_lifetime(["max-age=60"], age) == Lifetime(left, 0)


@pytest.mark.parametrize("age", [["60"], ["61"], ["x"], ["-1"], ["5", ""]])
def test_an_answer_that_is_old_already_or_of_unknown_age_is_not_stored(age: list[str]) -> None:
    assert origin_lifetime(["max-age=60"], age).refused == "origin-max-age"
    assert origin_lifetime(["public"], age) == Lifetime()


def test_the_shorter_times_count_and_all_else_stays() -> None:
    assert limited(decision(), Lifetime()) == decision()
    assert limited(decision(), Lifetime(60, 70)) == decision(60, 50)
    assert limited(decision(), Lifetime(600, 7)) == decision(100, 7)
    assert limited(decision(), Lifetime(None, 0)) == decision(100, 0)
    assert limited(decision(0, 50), Lifetime(60, 0)) == "origin-max-age"


def test_what_must_be_revalidated_is_never_served_stale() -> None:
    found = limited(decision(), NEVER_STALE)
    assert not isinstance(found, str)
    assert (found.swr, found.never_stale) == (0, True)
    assert not decision().never_stale


@pytest.mark.parametrize(
    ("lines", "private"),
    [
        ([], False),
        (["no-store"], False),
        (["max-age=5", "Private"], True),
        (['private="a"'], True),
        (['x="private"'], False),
        (['max-age="5'], True),
    ],
)
def test_private_is_seen(lines: list[str], private: bool) -> None:
    assert is_private(lines) is private


@given(st.lists(st.text(max_size=40), max_size=3), st.lists(st.text(max_size=5), max_size=2))
def test_any_header_is_read_and_never_lengthens(lines: list[str], age: list[str]) -> None:
    found = limited(decision(), origin_lifetime(lines, age))
    assert isinstance(found, str) or (found.max_age <= 100 and found.swr <= 50)


WORDS = ["max-age=9", "s-maxage=5", "private", "no-store", "stale-while-revalidate=3", "public"]


@given(st.lists(st.sampled_from(WORDS), min_size=1), st.randoms(use_true_random=False))
def test_neither_order_nor_lines_matter(words: list[str], picks: object) -> None:
    shuffled = list(words)
    picks.shuffle(shuffled)  # type: ignore[attr-defined]
    assert origin_lifetime([", ".join(words)], []) == origin_lifetime(shuffled, [])


def test_a_long_header_is_read_in_linear_time() -> None:
    assert origin_lifetime(['max-age="' + "\\a" * 30_000], []).refused == "origin-cache-control"
    assert origin_lifetime([" \t" * 30_000 + "("], []).refused == "origin-cache-control"
