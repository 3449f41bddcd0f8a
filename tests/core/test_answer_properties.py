"""Properties of answers to random documents in random worlds (invariant 5)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.answer import Answer, read_answer
from controller.core.instrument import instrument
from controller.core.mutation import purge_entity_tags, purge_type_tags
from controller.core.schema import SchemaIndex
from controller.core.tags import type_tag, unidentified_tag
from tests.core.documents import VARIABLES, documents
from tests.core.naive import TYPE, naive_entities, naive_objects, naive_text
from tests.core.world import (
    ENTITIES,
    INDEX,
    PASSIVE,
    PREFIX,
    STYLES,
    Ref,
    World,
    key_value,
    operation,
)
from tests.support.effort import examples

_seeds = st.integers(0, 2**30)


def asked(text: str, world: World, index: SchemaIndex = INDEX) -> tuple[dict[str, Any], Answer]:
    """The plain response, and what is made of the instrumented one."""
    chosen = operation(text)
    sent = instrument(index, chosen, prefix=PREFIX)
    body = STYLES["compact"](world.run(sent.text, VARIABLES))
    answer = read_answer(index, chosen, sent, body, VARIABLES)
    assert isinstance(answer, Answer), answer
    return world.run(text, VARIABLES), answer


def test_every_entity_and_type_of_the_answer_is_tagged() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(250), deadline=None)
    @given(documents(), _seeds, st.booleans())
    def check(text: str, seed: int, passive: bool) -> None:
        world = World(seed)
        _, answer = asked(text, world, PASSIVE if passive else INDEX)
        everything = world.run(naive_text(text), VARIABLES)["data"]
        tags = set(answer.tags)
        named: set[str] = set()
        for name, entity in naive_entities(everything):
            unidentified = unidentified_tag(name) in tags
            assert unidentified or entity, name
            assert unidentified or entity <= tags
            seen["unidentified"] += unidentified
            seen["identified"] += not unidentified
            named |= entity
        types = {type_tag(found[TYPE]) for found in naive_objects(everything)}
        assert types <= tags
        if not passive:
            assert {t for t in tags if t.startswith("type:")} == types
            assert {t for t in tags if t.startswith("key:")} <= named

    check()
    assert min(seen[k] for k in ("unidentified", "identified")) > 20, seen


def test_over_the_limit_every_entity_is_purged_still() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(150), deadline=None)
    @given(documents(), _seeds, st.integers(1, 8))
    def check(text: str, seed: int, fewer: int) -> None:
        world, asked = World(seed, nulls=0.05), operation(text)
        sent = instrument(INDEX, asked, prefix=PREFIX)
        body = STYLES["compact"](world.run(sent.text, VARIABLES))
        full = read_answer(INDEX, asked, sent, body, VARIABLES)
        assert isinstance(full, Answer)
        limit = len(full.tags) - fewer
        tight = SchemaIndex(INDEX.schema, replace(INDEX.policy, max_tags=limit))
        answer = read_answer(tight, asked, sent, body, VARIABLES)
        assert isinstance(answer, Answer)
        seen["refused"] += answer.too_many_tags
        if answer.too_many_tags:
            return
        assert len(answer.tags) <= limit
        assert {t for t in full.tags if not t.startswith("key:")} <= set(answer.tags)
        for tag in full.tags:
            if tag.startswith("key:"):
                left = {tag, unidentified_tag(tag.split(":")[1])} & set(answer.tags)
                assert left, tag
                seen["fallen back"] += tag not in left

    check()
    assert min(seen[k] for k in ("refused", "fallen back")) > 20, seen


def test_whatever_changes_an_answer_purges_it() -> None:
    """An entity changes, is deleted, or comes into being where a null stood."""
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(60), deadline=None)
    @given(documents(), _seeds, st.booleans())
    def check(text: str, seed: int, passive: bool) -> None:
        index = PASSIVE if passive else INDEX
        usual = World(seed, nulls=0.05)
        old, answer = asked(text, usual, index)
        for ref in (Ref(name, n) for name in ENTITIES for n in range(3)):
            changed, deleted = replace(usual, changed={ref}), replace(usual, missing={ref})
            for how, world in (("changed", changed), ("deleted", deleted)):
                if world.run(text, VARIABLES) != old:
                    seen[how] += 1
                    assert _purge(ref) & set(answer.tags), (ref, how)
            missing, answer_without = asked(text, deleted, index)
            # What joins a list is the business of other policies than Entity.
            if missing != old and not deleted.dropped:
                seen["created"] += 1
                assert _purge(ref) & set(answer_without.tags), ref

    check()
    assert min(seen[how] for how in ("changed", "deleted", "created")) > 10, seen


def _purge(ref: Ref) -> set[str]:
    """What a mutation that answers with this entity purges."""
    for key in INDEX.keys(INDEX.schema.type_map[ref.type]):
        values = [key_value(ref, part) for part in key]
        if None not in values:
            return set(purge_entity_tags(INDEX, ref.type, key, [str(v) for v in values]))
    return set(purge_type_tags(INDEX, ref.type))
