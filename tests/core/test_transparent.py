"""Invariant 3: the client gets, byte for byte, the answer to its own document."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.answer import Answer, read_answer
from controller.core.instrument import instrument
from tests.core.documents import VARIABLES, documents
from tests.core.servers import LEXEMES, ORDERS, STYLES, Server
from tests.core.world import INDEX, PREFIX, TEXTS, World, operation
from tests.support.effort import examples

EXTRA = (
    " n: things { ...on Ledger { n: id total } ...on Money { amount } }"
    " g: grid { body price { amount } }"
)
IMITATIONS = [
    f'"{PREFIX[:-1]}-0":"x",',
    f',"{PREFIX[:-2]}_1":5',
    '{"_sffffffffffffffff_0":{"id":1}}',
]
HARD_TEXTS = [
    *TEXTS,
    *IMITATIONS,
    "half \ud83d",
    "\udc00",
    "\x00\x7f\u2028",
    '\\",{[}]:',
    "\\u0041",
    "1e3",
    "\ufeff",
]
SERVERS = st.builds(
    Server,
    style=st.sampled_from(sorted(STYLES)),
    order=st.sampled_from(ORDERS),
    bom=st.sampled_from([False, False, False, True]),
    seed=st.integers(0, 2**30),
)


class HardWorld(World):
    """Texts and numbers that are hard to leave alone."""

    def _leaf(self, name: str, picks: Any) -> Any:
        return picks.choice(list(LEXEMES)) if name == "Float" else super()._leaf(name, picks)


def without_locations(response: Any) -> Any:
    """They are the one thing that injected members move; such an answer is asked for again."""
    for error in response.get("errors", ()):
        del error["locations"]
    return response


def test_the_answer_is_byte_for_byte_that_to_the_document_as_sent() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(400), deadline=None)
    @given(
        documents(), st.booleans(), st.integers(0, 2**30), SERVERS, st.sampled_from([0, 0.1, 0.4])
    )
    def check(text: str, extra: bool, seed: int, server: Server, errors: float) -> None:
        if extra:
            text = text.replace(" held:", f"{EXTRA} held:")
        world, chosen = HardWorld(seed, errors=errors, texts=HARD_TEXTS), operation(text)
        sent = instrument(INDEX, chosen, prefix=PREFIX)
        rich, plain = (without_locations(world.run(t, VARIABLES)) for t in (sent.text, text))
        body, expected = server.body(rich), server.body(plain)
        answer = read_answer(INDEX, chosen, sent, body, VARIABLES)
        assert isinstance(answer, Answer), answer
        assert answer.body == expected
        assert answer.has_errors == ("errors" in plain)
        assert answer.has_data == (plain["data"] is not None)
        seen[server.style] += 1
        seen[server.order] += body != expected
        seen["byte order marks"] += server.bom
        seen.update(features(text, sent.text, plain, expected.decode()))

    check()
    print(dict(sorted(seen.items())))
    assert [name for name in EXPECTED if not seen[name]] == []


FEATURES = {
    "unions": r"\bthings?\b|\b(favourite|about|next)\b",
    "interfaces": r"\b(node|titled|parent)\b",
    "aliases of id": r"\b(t|kind|__typename): id\b",
    "aliases named id": r"\bid: (?!id\b)[a-z]",
    "aliases named __typename": r"__typename: \w",
    "fragments": r"\.\.\.F\d",
    "conditions": r"@(skip|include)",
}
IN_BODY = {
    "empty lists": r"\[\s*\]",
    "lists of lists": r"\[\s*\[",
    "nulls": r"\bnull\b",
    "imitations": "_sffff|_s0123456789abcdef-|_s0123456789abcde_",
    "quotes": r'\\"',
    "backslashes": r"\\\\",
    "unicode escapes": r"\\u[0-9a-f]{4}",
    "lone surrogates": r"\\ud83d(?!\\ud)|(?<!\\ud83d)\\udc00",
    "characters outside ASCII": r"[^\x00-\x7f]",
    "24-digit ids": r"\b1234567890123456789012\d\d\b",
    "lexemes 1.0": r"[\s:,\[]1\.0[\s,\]}]",
    "lexemes 1e3": r"[\s:,\[]1e3[\s,\]}]",
    "lexemes 1e400": r"[\s:,\[]1e400[\s,\]}]",
}
EXPECTED = [*FEATURES, *IN_BODY, *STYLES, *ORDERS, "byte order marks", "typenames injected"]
EXPECTED += ["keys injected", "nothing injected", "errors", "no data", "null objects"]


def features(text: str, sent: str, response: Any, body: str) -> Iterator[str]:
    """What there was in one example."""
    written = text.split(" held:")[1]
    yield from (name for name, pattern in FEATURES.items() if re.search(pattern, written))
    yield from (name for name, pattern in IN_BODY.items() if re.search(pattern, body))
    if re.search(rf"{PREFIX}\d+:__typename", sent):
        yield "typenames injected"
    if re.search(rf"{PREFIX}\d+:(id|sku|key)", sent):
        yield "keys injected"
    if PREFIX not in sent:
        yield "nothing injected"
    if "errors" in response:
        yield "errors"
    if response["data"] is None:
        yield "no data"
    elif any(response["data"].get(key, ...) is None for key in ("kept", "post", "me", "product")):
        yield "null objects"


@pytest.mark.parametrize(("style", "order"), [("compact", "kept"), ("pretty", "shuffle")])
def test_ten_megabytes(style: str, order: str) -> None:
    text = "{things{...on Post{body owner{name}}...on User{name}...on Ledger{total}}}"
    sent = instrument(INDEX, operation(text), prefix=PREFIX)
    pairs: list[tuple[Any, Any]] = []
    for seed in range(30):
        world = HardWorld(seed, texts=HARD_TEXTS)
        rich, plain = (world.run(t, {})["data"]["things"] for t in (sent.text, text))
        pairs += zip(rich or (), plain or (), strict=True)
    server = Server(style, order, bom=False, seed=1)
    one = len(server.body([rich for rich, _ in pairs]))
    pairs *= 10_000_000 // one + 2
    body, expected = (
        server.body({"data": {"things": list(side)}}) for side in zip(*pairs, strict=True)
    )
    assert len(body) >= 10_000_000
    answer = read_answer(INDEX, operation(text), sent, body, {})
    assert isinstance(answer, Answer)
    assert answer.body == expected
    assert json.loads(expected.replace(b"1e400", b"0"))


@pytest.mark.parametrize("where", ["title", "body"])
def test_what_holds_the_very_alias_is_not_cut_but_asked_for_again(where: str) -> None:
    """Only an origin that echoes documents can send it."""
    world = World(5, texts=[f'"{PREFIX}0":"x",'], nulls=0)
    text = f"{{post{{{where}}}}}"
    sent = instrument(INDEX, operation(text), prefix=PREFIX)
    body = Server("compact", "kept", bom=False, seed=0).body(world.run(sent.text, {}))
    assert not isinstance(read_answer(INDEX, operation(text), sent, body, {}), Answer)
