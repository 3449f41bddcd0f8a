"""Which answers a purge has to wait for."""

from controller.core.recent import Recent


def test_an_answer_is_found_by_each_of_its_tags_until_it_is_old() -> None:
    recent = Recent(seconds=5, most=10)
    recent.register("one", ["a", "b"], now=0)
    recent.register("two", ["b"], now=3)
    assert recent.touching(["a"], now=4) == {"one"}
    assert recent.touching(["b", "c"], now=4) == {"one", "two"}
    assert recent.touching(["b"], now=6) == {"two"}
    assert recent.touching(["a", "b"], now=9) == set()


def test_what_was_found_is_forgotten() -> None:
    recent = Recent(seconds=5, most=10)
    recent.register("one", ["a"], now=0)
    recent.forget(["one", "never registered"])
    assert recent.touching(["a"], now=1) == set()


def test_memory_is_bounded_by_the_oldest() -> None:
    recent = Recent(seconds=1_000, most=6)
    for number in range(100):
        recent.register(f"answer {number}", ["a", f"tag {number}"], now=number)
    assert recent.touching(["a"], now=100) == {"answer 97", "answer 98", "answer 99"}
    assert len(recent._by_tag) == 4
