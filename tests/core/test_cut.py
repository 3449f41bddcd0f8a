"""Cutting is byte for byte, whatever the origin's style and whatever its strings hold."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.cut import cut, cut_exhaustively, rename
from tests.core.world import PREFIX, STYLES, arranged
from tests.support.effort import examples

ALIASES = {f"{PREFIX}{n}": name for n, name in enumerate(["__typename", "id", "sku"])}
NASTY = [
    f'"{PREFIX}0":"x",',
    f',"{PREFIX}0":"x"',
    f'{{"{PREFIX}0":1}}',
    f"{PREFIX}1",
    f'{PREFIX}1":',
    "\\",
    '\\"',
    '"',
    "{,",
    "\u2603\U0001f600\x7f",
    "\ud83d",
]
_strings = st.text(max_size=6) | st.sampled_from(NASTY)
_leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _strings
)
_names = st.sampled_from(["a", "B", "id", "zz"]) | _strings.map(lambda s: "n" + s)
_values = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3),
    max_leaves=12,
)


def _with_members(value: Any, picks: random.Random, count: list[int]) -> Any:
    """``value`` with up to three injected members at the front of each object."""
    if isinstance(value, list):
        return [_with_members(item, picks, count) for item in value]
    if not isinstance(value, dict):
        return value
    injected: dict[str, Any] = {
        alias: picks.choice(["Post", 'a"\\,', 5, 1.5e10, 10**24, None, True, "\u2603", NASTY[0]])
        for alias in ALIASES
        if picks.random() < 0.5
    }
    count[0] += len(injected)
    return injected | {k: _with_members(v, picks, count) for k, v in value.items()}


def test_the_cut_answer_is_the_plain_answer() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(600), deadline=None)
    @given(
        _values,
        st.integers(0, 2**30),
        st.sampled_from(sorted(set(STYLES) - {"unicode"})),
        st.sampled_from(["kept", "sort", "tail", "shuffle"]),
    )
    def check(value: Any, seed: int, style: str, order: str) -> None:
        picks, count = random.Random(seed), [0]
        rich = arranged(_with_members(value, picks, count), order, picks)
        plain = STYLES[style](arranged(value, order, picks))
        body = STYLES[style](rich)
        result = cut(body, PREFIX)
        assert result.body == plain
        assert result.count == count[0]
        seen["cut"] += count[0]
        seen["imitated"] += PREFIX.encode() in plain
        seen["escapes"] += b"\\u" in plain
        seen["empty"] += b"{}" in plain and count[0]
        # The slow way agrees, except that it does not leave imitations alone.
        if PREFIX.encode() not in plain and style != "pretty" and b"{}" not in plain:
            assert cut_exhaustively(body, ALIASES) == plain

    check()
    assert min(seen.values()) > 0, seen
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        ('{"@0":"A"}', "{}"),
        ('{"@0":"A","@1":5}', "{}"),
        ('{ "@0" : null , "a" : 1 }', '{ "a" : 1 }'),
        ('{"a":1.0,"@0":1e400}', '{"a":1.0}'),
        ('{"a":"\\ud800","@0":"\\"}"}', '{"a":"\\ud800"}'),
        ('[[{"@0":"A","a":[]}],[]]', '[[{"a":[]}],[]]'),
        ('{"a\\"@0": 5, "@1":"x"}', '{"a\\"@0": 5}'),
        ('{"a\\"@0\\":1,":2,"@1":3}', '{"a\\"@0\\":1,":2}'),
    ],
)
def test_single_bodies(body: str, plain: str) -> None:
    assert cut(body.replace("@", PREFIX).encode(), PREFIX).body.decode() == plain.replace(
        "@", PREFIX
    )


@pytest.mark.parametrize("value", ['{"x":1}', "[1,2]", "[]"])
def test_a_value_that_is_no_leaf_is_left_and_not_counted(value: str) -> None:
    body = f'{{"{PREFIX}0":{value},"a":1}}'.encode()
    assert cut(body, PREFIX) == type(cut(body, PREFIX))(body, 0)
    assert cut_exhaustively(body, ALIASES) == b'{"a":1}'


def test_the_exhaustive_cut_takes_every_trace() -> None:
    body = {
        "data": {"a": {f"{PREFIX}1": {"deep": [1]}, "b": [{f"{PREFIX}0": "x"}], f"{PREFIX}2": 1}},
        "errors": [{"path": ["a", f"{PREFIX}1"], "message": f"no {PREFIX}2 and {PREFIX}0"}],
    }
    assert json.loads(cut_exhaustively(json.dumps(body).encode(), ALIASES)) == {
        "data": {"a": {"b": [{}]}},
        "errors": [{"path": ["a", "id"], "message": "no sku and __typename"}],
    }


def test_rename_takes_the_longest_alias_first() -> None:
    aliases = {f"{PREFIX}1": "id", f"{PREFIX}10": "sku"}
    assert rename(f"{PREFIX}10 {PREFIX}1".encode(), aliases) == b"sku id"


@pytest.mark.parametrize("filler", [" ", ", ", "{ ", '\\"', ",\\n"])
def test_no_text_takes_quadratic_time(filler: str) -> None:
    long = filler * 200_000
    body = f'{{"a":"{long}","{PREFIX}0":"x","b":{{"{PREFIX}0":"{long}"}}}}'.encode()
    started = time.process_time()
    assert cut(body, PREFIX).body == f'{{"a":"{long}","b":{{}}}}'.encode()
    assert cut_exhaustively(body, ALIASES) == f'{{"a":"{long}","b":{{}}}}'.encode()
    assert time.process_time() - started < 2
