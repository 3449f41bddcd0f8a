"""A random shop behind the whole stack: what comes from the cache is what the origin says.

The same shops, questions and exemptions as tests/core/test_stale.py, with a real Varnish.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from controller.core.policy import MutationEntry, MutationPolicy
from tests.core.generator import Written
from tests.shops.asking import ask, order
from tests.shops.data import draw_data
from tests.shops.draw import draw_shop
from tests.shops.entries import draw_entries, in_config
from tests.shops.origin import Origin, Trace
from tests.shops.plan import Shop
from tests.shops.policies import ENTITY, TYPE, allowed
from tests.shops.promise import changed, judge, selected, told
from tests.shops.served import Served, served
from tests.support.effort import examples
from tests.support.stack import Stack, assert_same_body, describe, running_stack, verdict

SEED = 78


@pytest.fixture(params=[ENTITY, TYPE])
def visit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Visit]:
    shop = draw_shop(SEED)
    entries = draw_entries(shop, SEED)
    with served(Origin(draw_data(shop, SEED))) as server:
        (tmp_path / "schema.graphql").write_text(shop.sdl)
        config = {
            "name": "shop",
            "originUrl": server.url,
            "schema": "schema.graphql",
            "schemaPolling": {"enabled": False},
            "mutationPolicy": request.param,
            "mutations": {name: in_config(entry) for name, entry in entries.items()},
            "fieldTypes": {name: list(types) for name, types in shop.computed.items()},
            "keyFields": {"types": {name: _keys(shop, name) for name in shop.entities}},
            "rules": [{"types": ["Query"], "maxAge": 900, "scope": "PUBLIC"}],
        }
        with running_stack(config, directory=tmp_path) as stack:
            yield Visit(request.param, shop, entries, server, stack)


def test_what_comes_from_the_cache_is_what_the_origin_says(visit: Visit) -> None:
    picks = random.Random(SEED)
    for number in range(examples(40)):
        if number % 5 == 0:
            # Mutations delete, and what is gone no mutation changes.
            visit.restock(number)
        for _ in range(2):
            visit.ask(ask(visit.shop, visit.server.origin.schema, picks.randrange(2**30)))
        for written in picks.sample(visit.known, len(visit.known) // 2):
            visit.ask(written)
        visit.change(
            order(visit.shop, visit.server.origin.schema, picks.randrange(2**30)),
            lost=picks.random() < 0.1,
        )
    print(
        f"\n{visit.policy}:", *(f"  {n:5} {w}" for w, n in sorted(visit.counted.items())), sep="\n"
    )
    for what in ("entities", "HIT", "MISS", "mutations", "answers lost", "hits after a mutation"):
        assert visit.counted[what] > 2, visit.counted


@dataclass
class Visit:
    """``kept``: what the origin read for the answers that are in the cache, by the query's text."""

    policy: MutationPolicy
    shop: Shop
    entries: Mapping[str, MutationEntry]
    server: Served
    stack: Stack
    known: list[Written] = field(default_factory=list)
    kept: dict[str, Trace] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)

    def restock(self, number: int) -> None:
        """Other data behind an empty cache."""
        self.server.origin.data = draw_data(self.shop, number)
        self.counted["entities"] += len(self.server.origin.data.alive)
        self.stack.purge("mutation { _purgeAll }")
        self.kept.clear()

    def ask(self, written: Written) -> None:
        """A query between mutations: its answer is the origin's."""
        answer = self.get(written)
        assert_same_body(answer, self.stack.query(written.text, written.variables, direct=True))
        self.counted[verdict(answer)] += 1
        if written not in self.known:
            self.known.append(written)
        self.remember(written, answer)

    def get(self, written: Written) -> httpx.Response:
        """By GET or POST, whatever the text says: both reach one answer."""
        method = "GET" if len(written.text) % 2 else "POST"
        return self.stack.query(written.text, written.variables, method=method)

    def remember(self, written: Written, answer: httpx.Response) -> Trace:
        """Note what the origin reads for an answer, and return it."""
        _, trace = self.server.origin.run(written.text, written.variables)
        if verdict(answer) == "MISS" or _name(written) not in self.kept:
            self.kept[_name(written)] = trace
        return trace

    def change(self, written: Written, *, lost: bool) -> None:
        """A mutation, and then every query once more."""
        before = self.server.origin.data.state()
        self.server.lose_next = lost
        answer = self.stack.query(written.text, written.variables)
        assert answer.status_code == (502 if lost else 200), describe(answer)
        assert "shellac-purge" not in answer.headers, describe(answer)
        (response, trace) = self.server.mutations.pop()
        assert not self.server.mutations, "executed twice"
        said = told(
            self.policy,
            selected(self.shop, trace),
            None if lost else response["data"],
            trace,
            self.entries,
        )
        touched = changed(before, self.server.origin.data.state())
        self.counted["mutations"] += 1
        self.counted["answers lost"] += lost
        outside = set()
        for known in self.known:
            found = self.get(known)
            now = self.remember(known, found)
            if verdict(found) != "HIT":
                continue
            self.counted["hits after a mutation"] += 1
            try:
                reasons = judge(
                    self.shop,
                    self.policy,
                    said,
                    touched,
                    self.kept[_name(known)],
                    now,
                    self.shop.computed,
                )
            except AssertionError as stale:
                stale.add_note(f"mutation: {written}\n{describe(found)}")
                raise
            if not reasons:
                direct = self.stack.query(known.text, known.variables, direct=True)
                assert_same_body(found, direct)
            outside |= reasons.keys()
        assert outside <= allowed(self.policy, declared=True, reported=True)
        self.counted.update(one.value for one in outside)
        if outside:
            self.stack.purge("mutation { _purgeAll }")
            self.kept.clear()


def _name(written: Written) -> str:
    return f"{written.text} {written.variables}"


def _keys(shop: Shop, name: str) -> list[str | list[str]]:
    return [key[0] if len(key) == 1 else list(key) for key in shop.entities[name].keys]
