"""Which answers a purge has to wait for."""

from controller.core.recent import Recent


def test_an_answer_is_found_by_each_of_its_tags_until_it_is_old() -> None:
    recent = Recent(seconds=5, most=10)
    recent.register("one", ["a", "b"], now=0, max_age=60)
    recent.register("two", ["b"], now=3, max_age=60)
    recent.expire(now=4)
    assert recent.touching(["a"]) == {"one"}
    assert recent.touching(["b", "c"]) == {"one", "two"}
    recent.expire(now=6)
    assert recent.touching(["b"]) == {"two"}
    recent.expire(now=9)
    assert recent.touching(["a", "b"]) == set()


def test_only_answers_that_live_long_enough_are_sure_to_be_there() -> None:
    recent = Recent(seconds=5, most=10)
    recent.register("long", ["a"], now=0, max_age=60)
    recent.register("brief", ["a", "b"], now=0, max_age=1)
    assert recent.lasting(["long", "brief"], until=0.5).keys() == {"long", "brief"}
    assert recent.lasting(["long", "brief"], until=1.0) == {"long": {"a"}}


def test_what_was_found_is_forgotten() -> None:
    recent = Recent(seconds=5, most=10)
    recent.register("one", ["a"], now=0, max_age=60)
    recent.forget(["one", "never registered"])
    assert recent.touching(["a"]) == set()


def test_memory_is_bounded_by_the_oldest() -> None:
    recent = Recent(seconds=1_000, most=6)
    for number in range(100):
        recent.register(f"answer {number}", ["a", f"tag {number}"], now=number, max_age=60)
    assert recent.touching(["a"]) == {"answer 97", "answer 98", "answer 99"}
    assert len(recent._by_tag) == 4
