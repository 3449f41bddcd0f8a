"""The state machine: a random shop, queries and mutations in random order, each answer judged."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from controller.core.policy import PUBLIC, MutationPolicy, Policy, Rule
from controller.core.schema import SchemaIndex
from tests.core.generator import Written
from tests.shops.asking import ask, order
from tests.shops.cache import Cache, Changed
from tests.shops.data import Ref, draw_data
from tests.shops.draw import draw_shop
from tests.shops.entries import draw_entries
from tests.shops.origin import Origin
from tests.shops.policies import NONE, Outside, allowed
from tests.shops.promise import Selected, Stale, Told, changed, judge, selected, told

_VISITS = 12
_seeds = st.integers(0, 2**30)


@dataclass(frozen=True)
class Limit:
    """An answer that stayed though it is not what the origin says, as the policy allows."""

    where: str
    query: Written
    mutation: Written

    @property
    def size(self) -> int:
        return len(self.query.text) + len(self.mutation.text)

    def __str__(self) -> str:
        texts = [f"{w.text} {w.variables}" for w in (self.query, self.mutation)]
        return "\n".join(f"      {one}" for one in [self.where, *texts])


@dataclass
class Log:
    """What the machines of one test did, and the smallest example of each limit they met."""

    counted: Counter[str] = field(default_factory=Counter)
    limits: dict[Outside, Limit] = field(default_factory=dict)

    def meet(self, reason: Outside, limit: Limit) -> None:
        self.counted[reason.value] += 1
        if reason not in self.limits or limit.size < self.limits[reason].size:
            self.limits[reason] = limit

    def __str__(self) -> str:
        counts = [f"  {n:7} {what}" for what, n in sorted(self.counted.items())]
        limits = [f"  {reason.value}, like:\n{one}" for reason, one in self.limits.items()]
        return "\n".join([*counts, *limits])


def machine(name: MutationPolicy, log: Log) -> type[RuleBasedStateMachine]:
    """The state machine of one mutation policy."""
    counted = log.counted

    class Machine(RuleBasedStateMachine):
        @initialize(
            # All of them make the shop: of what it tried, hypothesis repeats parts.
            seeds=st.lists(_seeds, min_size=4, max_size=4),
            declared=st.booleans(),
            reported=st.booleans(),
            instrument=st.integers(0, 4),
            few_tags=st.integers(0, 5),
            global_ids=st.integers(0, 4),
        )
        def open(
            self,
            seeds: list[int],
            declared: bool,
            reported: bool,
            instrument: int,
            few_tags: int,
            global_ids: int,
        ) -> None:
            self.picks = random.Random(str(seeds))
            self.shop = draw_shop(self.pick())
            self.origin = Origin(draw_data(self.shop, self.pick()))
            self.declared = self.shop.computed if declared else {}
            self.entries = draw_entries(self.shop, self.pick()) if reported else {}
            self.allowed = allowed(name, declared=declared, reported=reported)
            policy = Policy(
                "shop",
                "digest",
                rules=(Rule(0, {"Query": None}, 60, 0, PUBLIC),),
                key_fields={entity.name: entity.keys for entity in self.shop.entities.values()},
                instrument=instrument > 0,
                max_tags=20 if few_tags == 5 else 2_000,
                field_types=self.declared,
                global_ids=global_ids == 4,
                mutation_policy=name,
                mutations=self.entries,
            )
            index = SchemaIndex(self.origin.schema, policy)
            self.cache = Cache(self.origin, index, counted=counted)
            self.asked: list[Written] = []
            counted["shops"] += 1
            counted["entities"] += len(self.origin.data.alive)
            counted["shops where List and Type leave nothing"] += declared and reported
            for _ in range(10):
                self.ask_once()

        def pick(self) -> int:
            return self.picks.randrange(2**30)

        # One rule: of several, hypothesis leaves some out for a whole example.
        @rule(seed=_seeds, asked=st.integers(0, 2), lost=st.integers(0, 9))
        def change(self, seed: int, asked: int, lost: int) -> None:
            """New questions, visits, and a mutation."""
            self.picks.seed(f"{self.pick()} {seed}")
            for _ in range(asked):
                self.ask_once()
            for known in self.picks.sample(self.asked, min(len(self.asked), _VISITS)):
                self.cache.ask(known)
            self.change_once(lost=lost == 9)

        def ask_once(self) -> None:
            written = ask(self.shop, self.origin.schema, self.pick())
            if self.cache.ask(written):
                self.asked.append(written)

        def change_once(self, *, lost: bool) -> None:
            written = order(self.shop, self.origin.schema, self.pick())
            before = self.origin.data.state()
            done = self.cache.change(written, lost=lost)
            fields = selected(self.shop, done.trace)
            self.count(fields, done, lost)
            data = None if lost else done.response.get("data")
            said = told(name, fields, data, done.trace, self.entries)
            if name == NONE and not self.entries:
                assert not done.purged
            if name != NONE and not lost and "errors" not in done.response and not said.all_types:
                # Whoever reads the log or the metrics learns of it.
                assert done.unnamed or not fields
            self.compare(said, changed(before, self.origin.data.state()), written, done)

        def compare(self, said: Told, touched: set[Ref], written: Written, done: Changed) -> None:
            for key, cached in list(self.cache.kept.items()):
                _, trace = self.origin.run(cached.written.text, cached.written.variables)
                try:
                    outside = judge(
                        self.shop, name, said, touched, cached.trace, trace, self.declared
                    )
                    if not outside.keys() <= self.allowed:
                        raise Stale(f"outside of what is allowed: {outside}")
                except Stale as stale:
                    stale.add_note(f"mutation: {written}")
                    stale.add_note(f"query: {cached.written}")
                    stale.add_note(f"its tags: {sorted(cached.tags)}")
                    stale.add_note(f"purged: {sorted(done.purged)}")
                    stale.add_note(f"told: {said}")
                    raise
                counted["compared"] += 1
                for reason, where in outside.items():
                    log.meet(reason, Limit(where, cached.written, written))
                if outside:
                    # Told once; from here on the answer is as if its time were over.
                    del self.cache.kept[key]

        def count(self, fields: dict[str, Selected], done: Changed, lost: bool) -> None:
            counted["mutations"] += 1
            counted["mutations: answer lost"] += lost
            counted["mutations: with errors"] += "errors" in done.response
            counted["mutations: nothing named"] += bool(done.unnamed)
            for one in fields.values():
                counted[f"does: {one.field.does.value}"] += 1
                counted[f"answers: {one.field.shape.value}"] += 1
                counted["mutations: with an entry"] += one.field.name in self.entries

    return Machine
