"""What the register knows of a Varnish's objects, and what it admits not to know."""

from __future__ import annotations

import random

from controller.core.register import Again, Fetches, Register, Stored
from tests.support.effort import examples

ROOMY = {"most_tags": 1_000, "most_text": 10_000}


def stored(name: str, *tags: str, until: float = 100.0, swr: float = 0.0) -> Stored:
    return Stored(name.encode(), tags, until, swr, Again(f"query={name}", ()))


def names(register: Register, *tags: str, now: float = 0.0) -> list[str]:
    return [each.name.decode() for each in register.touching(tags, now)]


def emptied(**limits: int) -> Register:
    register = Register(**{**ROOMY, **limits})
    register.flushed()
    return register


def test_an_object_is_one_whatever_tags_it_has() -> None:
    register = emptied()
    register.add(stored("a", "x", "y"), 0)
    register.add(stored("b", "y"), 0)
    assert sorted(names(register, "x", "y")) == ["a", "b"]
    assert names(register, "x") == ["a"]
    assert names(register, "z") == []


def test_a_newer_answer_takes_the_place_of_the_older() -> None:
    register = emptied()
    register.add(stored("a", "x"), 0)
    register.add(stored("a", "y"), 0)
    assert names(register, "x") == []
    assert names(register, "y") == ["a"]


def test_what_has_expired_counts_no_more() -> None:
    register = emptied()
    register.add(stored("a", "x", until=10), 0)
    assert names(register, "x", now=9.9) == ["a"]
    assert names(register, "x", now=10) == []


def test_a_hard_purge_removes_and_a_soft_one_leaves_what_may_be_served_stale() -> None:
    register = emptied()
    register.add(stored("a", "x", until=100, swr=10), 0)
    assert register.purged(["x"], 50, soft=True) == 1
    assert names(register, "x", now=59) == ["a"]
    assert names(register, "x", now=61) == []
    register.add(stored("a", "x"), 70)
    assert register.purged(["x", "x"], 70, soft=False) == 1
    assert register.purged(["x"], 70, soft=False) == 0


def test_everything() -> None:
    register = emptied()
    for name in "abc":
        register.add(stored(name, name), 0)
    assert len(register.touching(None, 0)) == 3
    assert register.purged(None, 0, soft=False) == 3
    assert register.touching(None, 0) == []


def test_a_purged_object_that_is_stored_again_has_its_new_tags_alone() -> None:
    register = emptied()
    register.add(stored("a", "x", "y"), 0)
    register.purged(["x"], 0, soft=False)
    register.add(stored("a", "y", "z"), 0)
    assert (names(register, "x"), names(register, "y")) == ([], ["a"])
    register.purged(["y"], 0, soft=False)
    assert names(register, "z") == []


def test_before_the_first_flush_nobody_knows_what_else_is_there() -> None:
    register = Register(**ROOMY)
    assert not register.complete(10**9)
    register.flushed()
    assert register.complete(0)


def test_without_room_the_oldest_is_forgotten_and_it_says_so_until_that_has_expired() -> None:
    register = emptied(most_tags=3)
    register.add(stored("a", "x", until=50), 0)
    for name in "bcd":
        register.add(stored(name, "x"), 0)
    assert sorted(names(register, "x")) == ["b", "c", "d"]
    assert not register.complete(49)
    assert register.complete(50)


def test_what_has_expired_makes_room_first() -> None:
    register = emptied(most_tags=2)
    register.add(stored("long", "x", until=100), 0)
    register.add(stored("short", "x", until=5), 0)
    register.add(stored("new", "x", until=100), 20)
    assert sorted(names(register, "x", now=20)) == ["long", "new"]
    assert register.complete(20)


def test_without_room_for_text_an_object_cannot_be_fetched_again_but_counts() -> None:
    register = emptied(most_text=10)
    register.add(stored("a", "x"), 0)
    register.add(stored("b", "x"), 0)
    able = {each.name.decode(): each.again is not None for each in register.touching(["x"], 0)}
    assert able == {"a": True, "b": False}


def test_the_hottest_are_those_fetched_most_often() -> None:
    fetches = Fetches(10)
    for name in ["a", "b", "b", "c", "c", "c"]:
        fetches.add(name.encode())
    objects = [stored("a"), stored("b"), stored("c"), Stored(b"posted", (), 100, 0)]
    assert [each.name for each in fetches.hottest(objects, 2)] == [b"c", b"b"]
    assert len(fetches.hottest(objects, 9)) == 3


def test_of_equals_those_are_hottest_that_last_longest() -> None:
    objects = [stored("a", until=1), stored("b", until=3), stored("c", until=2)]
    assert [each.name for each in Fetches(10).hottest(objects, 3)] == [b"b", b"c", b"a"]


def test_counts_of_fetches_are_bounded_and_the_latest_stay() -> None:
    fetches = Fetches(2)
    for name in [b"a", b"a", b"b", b"c"]:
        fetches.add(name)
    assert [each.name for each in fetches.hottest([stored("a"), stored("b")], 2)] == [b"b", b"a"]


def test_it_is_what_a_list_of_everything_would_say() -> None:
    """Random adds, purges and waits against a model that looks through all objects each time."""
    for seed in range(examples(30)):
        draw = random.Random(seed)
        register, model, now = emptied(most_tags=10**6), dict[bytes, Stored](), 0.0
        for _ in range(300):
            tags = tuple(draw.sample("abcdef", draw.randint(0, 3)))
            what = draw.random()
            model = {name: each for name, each in model.items() if each.until > now}
            touched = [each for each in model.values() if set(tags) & set(each.tags)]
            if what < 0.6:
                each = stored(str(draw.randint(0, 20)), *tags, until=now + draw.randint(1, 9))
                register.add(each, now)
                model[each.name] = each
            elif what < 0.8:
                assert register.purged(tags, now, soft=False) == len(touched), seed
                model = {name: each for name, each in model.items() if each not in touched}
            else:
                now += draw.randint(0, 3)
            found = {each.name for each in register.touching("abc", now)}
            left = (each for each in model.values() if each.until > now)
            assert found == {each.name for each in left if set("abc") & set(each.tags)}, seed
