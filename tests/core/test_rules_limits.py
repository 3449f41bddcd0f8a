"""Rules on documents made to be slow: walked in time, or passed."""

from __future__ import annotations

import time

from graphql import build_schema

from controller.core.operation import Refusal
from controller.core.policy import Policy
from controller.core.rules import Decision, decide_rules
from controller.core.schema import SchemaIndex
from tests.core.ruling import assert_refused, decided, rule
from tests.core.world import operation


def assert_quick(text: str, seconds: float = 2.0) -> Decision | Refusal:
    started = time.process_time()
    found = decided(text, rule("Query"))
    assert time.process_time() - started < seconds
    return found


def test_fragments_that_spread_the_next_one_twice_are_linear() -> None:
    bomb = "".join(
        f"fragment F{n} on User{{a:friends{{...F{n + 1}}} b:friends{{...F{n + 1}}} ...F{n + 1}}}"
        for n in range(400)
    )
    found = assert_quick("{me{...F0}}" + bomb + "fragment F400 on User{id}")
    assert isinstance(found, Decision)


def test_fragments_in_circles_end() -> None:
    text = "{me{...A}} fragment A on User{...B friends{...A}} fragment B on User{...A id}"
    assert isinstance(assert_quick(text), Decision)


def test_a_nesting_of_nine_hundred_is_walked() -> None:
    chain = "".join(f"fragment F{n} on User{{friends{{...F{n + 1}}}}}" for n in range(900))
    found = assert_quick("{me{...F0}}" + chain + "fragment F900 on User{favourite{__typename}}")
    assert isinstance(found, Decision)
    assert "Ledger" in found.types


def test_many_positions_of_a_large_interface_are_quick() -> None:
    members = [f"T{n}" for n in range(300)]
    sdl = "type Query{n:N} interface N{id:ID n:N}" + "".join(
        f"type {name} implements N{{id:ID n:N}}" for name in members
    )
    index = SchemaIndex(build_schema(sdl), Policy("s", "d", rules=(rule("T7"),)))
    asked = operation("{" + "".join(f"a{n}:n{{id n{{id}}}}" for n in range(900)) + "}")
    started = time.process_time()
    found = decide_rules(index, asked)
    assert time.process_time() - started < 2
    assert isinstance(found, Decision)


def test_what_would_take_too_long_is_passed() -> None:
    """Many sets of types times many fragments: no schema of ours has so many."""
    names = [f"I{n}" for n in range(30)]
    types = "".join(
        f"type T{n} implements N & {' & '.join(x for x in names if x != f'I{n}')}{{id:ID}}"
        for n in range(30)
    )
    sdl = "type Query{n:N} interface N{id:ID}" + "".join(f"interface {i}{{id:ID}}" for i in names)
    index = SchemaIndex(build_schema(sdl + types), Policy("s", "d", rules=(rule("Query"),)))
    conditions = "".join(f"...on {a}{{...on {b}{{...F0}}}}" for a in names for b in names if a < b)
    chain = "".join(f"fragment F{n} on N{{...F{n + 1}}}" for n in range(500))
    found = decide_rules(index, operation(f"{{n{{{conditions}}}}}{chain}fragment F500 on N{{id}}"))
    assert_refused(found, "too-complex")
