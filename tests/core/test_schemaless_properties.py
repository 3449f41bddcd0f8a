"""Without a schema nothing is judged more lightly than with one: random documents, worlds, rules.

Both modes look at the same world. What was really executed is the measure where they differ on
purpose: the mode with a schema counts what could have been in an answer, the other what is in it.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from typing import Any

from graphql import TypeInfo, TypeInfoVisitor, Visitor, parse, visit
from graphql.type import get_named_type, is_abstract_type
from hypothesis import given, settings
from hypothesis import strategies as st

import controller.core.schemaless.tags as free
from controller.core.answer import Answer, read_answer
from controller.core.instrument import instrument
from controller.core.mutation import purge_entity_tags, purge_type_tags
from controller.core.operation import Refusal
from controller.core.policy import PUBLIC, Policy, Rule
from controller.core.rules import Decision, decide_rules
from controller.core.schema import SchemaIndex
from controller.core.tags import Tag, list_tag, type_tag
from controller.schemaless import SchemalessBrain
from tests.core.documents import VARIABLES, documents
from tests.core.naive import TYPE, naive_objects, naive_text
from tests.core.settled import SEEDS, Watched, fetched, meets, policy_of, settled
from tests.core.world import (
    ENTITIES,
    INDEX,
    POLICY,
    SCHEMA,
    STYLES,
    Ref,
    World,
    arranged,
    key_value,
    operation,
)
from tests.support.effort import examples


def test_what_is_stored_is_stored_as_strictly_as_what_was_executed_demands() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(300), deadline=None)
    @given(documents(), SEEDS, SEEDS)
    def check(text: str, seed: int, rules: int) -> None:
        policy = policy_of(rules)
        world = Watched(seed, nulls=0.02)
        world.run(text, VARIABLES)
        ruled = settled(SchemalessBrain(policy), text, World(seed, nulls=0.02))
        static = decide_rules(SchemaIndex(SCHEMA, policy), operation(text))
        if not isinstance(ruled, Decision):
            seen[ruled.detail] += 1
            return
        seen["stored"] += 1
        for entry in policy.non_cacheable:
            name, _, of = entry.partition(".")
            assert not meets((name, frozenset({of}) if of else None), world.met), entry
        for rule in policy.rules:
            if any(meets(entry, world.met) for entry in rule.types.items()):
                seen["met"] += 1
                seen["scoped"] += rule.scope != PUBLIC
                assert ruled.max_age <= rule.max_age
                assert ruled.swr <= rule.swr
                assert rule.scope == PUBLIC or rule.scope in ruled.scopes
        # Nothing is stored that the mode with a schema finds no rule for, unless a fragment is on a
        # type that cannot stand there: only a schema tells that.
        if isinstance(static, Refusal) and static.detail != "non-cacheable":
            conditions = set(re.findall(r"\bon (\w+)", text))
            assert conditions & {name for rule in policy.rules for name in rule.types}, static
            seen["impossible"] += 1

    check()
    assert min(seen[k] for k in ("stored", "met", "scoped", "no-rule", "non-cacheable")) > 5, seen


def test_without_abstract_types_and_conditions_it_is_never_laxer_than_with_a_schema() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(1500), deadline=None)
    @given(documents(depth=2), SEEDS, SEEDS)
    def check(text: str, seed: int, rules: int) -> None:
        if not plain(text):
            return
        policy = policy_of(rules)
        static = decide_rules(SchemaIndex(SCHEMA, policy), operation(text))
        ruled = settled(SchemalessBrain(policy), text, World(seed))
        if not isinstance(ruled, Decision):
            seen["refused"] += 1
            return
        assert isinstance(static, Decision), static
        seen["stored"] += 1
        seen["equal"] += (ruled.max_age, ruled.scopes) == (static.max_age, static.scopes)
        assert ruled.max_age <= static.max_age
        assert ruled.swr <= static.swr
        assert ruled.scopes >= static.scopes

    check()
    assert min(seen[k] for k in ("stored", "equal", "refused")) > 5, seen


def plain(text: str) -> bool:
    """Whether a document meets no abstract type, and no condition but those of every document."""
    info, abstract = TypeInfo(SCHEMA), []

    class Look(Visitor):
        def enter_field(self, *_: Any) -> None:
            found = get_named_type(info.get_type()), info.get_parent_type()
            abstract.extend(filter(is_abstract_type, found))

    visit(parse(text), TypeInfoVisitor(info, Look()))
    return not abstract and text.count("@") == 2


def test_every_type_of_the_answer_is_tagged_and_the_bytes_are_the_origins() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(250), deadline=None)
    @given(
        documents(), SEEDS, st.sampled_from(sorted(STYLES)), st.sampled_from(["", "tail", "sort"])
    )
    def check(text: str, seed: int, style: str, order: str) -> None:
        world = World(seed)
        brain = SchemalessBrain(everything())
        _, answer, _ = fetched(brain, text, world, style, order)
        assert isinstance(answer, Answer), answer
        own = arranged(world.run(text, VARIABLES), order, random.Random(1))
        assert answer.body == STYLES[style](own)
        objects = naive_objects(world.run(naive_text(text), VARIABLES)["data"])
        types = {type_tag(seen_object[TYPE]) for seen_object in objects}
        found = {t for t in answer.tags if t.startswith("type:")}
        assert types == found - {type_tag("Query")}
        seen["types"] += len(types)
        seen["unknown"] += free.UNKNOWN in answer.tags

    check()
    assert min(seen.values()) > 50, seen


def test_what_a_purge_reaches_with_a_schema_it_reaches_without() -> None:
    """Of object types, entities with their keys, and answers with nulls and empty lists."""
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(100), deadline=None)
    @given(documents(), SEEDS)
    def check(text: str, seed: int) -> None:
        world, policy, chosen = World(seed), everything(), operation(text)
        sent = instrument(INDEX, chosen)
        body = STYLES["compact"](world.run(sent.text, VARIABLES))
        with_schema = read_answer(INDEX, chosen, sent, body, VARIABLES)
        _, without, _ = fetched(SchemalessBrain(policy), text, world)
        assert isinstance(with_schema, Answer)
        assert isinstance(without, Answer)
        for name in ENTITIES:
            pairs = [(purge_type_tags(INDEX, name), free.purge_type_tags(name))]
            pairs += [entity_purges(policy, Ref(name, n)) for n in range(3)]
            for theirs, ours in pairs:
                reached = set(theirs) & set(with_schema.tags)
                if reached and reached <= hidden_lists(text):
                    continue
                if reached:
                    seen["reached"] += 1
                    assert set(ours) & set(without.tags), (name, theirs)

    check()
    assert seen["reached"] > 50, seen


def hidden_lists(text: str) -> set[Tag]:
    """What no answer tells: that ``members`` is a list though it is not called a connection, and
    which other types the interface list ``titled`` could hold, where no fragment asks for one.
    """
    hidden = {list_tag("User")} if "members" in text else set()
    return hidden | ({list_tag("Post"), list_tag("Page")} if "titled" in text else set())


def test_whatever_changes_an_answer_purges_it() -> None:
    """An entity changes, is deleted, or comes into being where a null stood."""
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(60), deadline=None)
    @given(documents(), SEEDS)
    def check(text: str, seed: int) -> None:
        policy, usual = everything(), World(seed, nulls=0.05)
        old = usual.run(text, VARIABLES)
        _, answer, _ = fetched(SchemalessBrain(policy), text, usual)
        assert isinstance(answer, Answer)
        for ref in (Ref(name, n) for name in ENTITIES for n in range(3)):
            changed, deleted = replace(usual, changed={ref}), replace(usual, missing={ref})
            ours = set(entity_purges(policy, ref)[1])
            for how, world in (("changed", changed), ("deleted", deleted)):
                if world.run(text, VARIABLES) != old:
                    seen[how] += 1
                    assert ours & set(answer.tags), (ref, how)
            if deleted.run(text, VARIABLES) != old and not deleted.dropped:
                seen["created"] += 1
                _, before, _ = fetched(SchemalessBrain(policy), text, deleted)
                assert isinstance(before, Answer)
                assert ours & set(before.tags), ref

    check()
    assert min(seen[how] for how in ("changed", "deleted", "created")) > 10, seen


def everything() -> Policy:
    """A policy under which every query may be cached."""
    return replace(POLICY, rules=(Rule(0, {"Query": None}, 900, 0, PUBLIC),))


def entity_purges(policy: Policy, ref: Ref) -> tuple[tuple[Tag, ...], tuple[Tag, ...]]:
    """What a mutation that names this entity purges with a schema, and without."""
    for key in INDEX.keys(INDEX.schema.type_map[ref.type]):
        values = [key_value(ref, part) for part in key]
        if None not in values:
            texts = [str(v) for v in values]
            return (
                purge_entity_tags(INDEX, ref.type, key, texts),
                free.purge_entity_tags(policy, ref.type, key, texts),
            )
    return purge_type_tags(INDEX, ref.type), free.purge_type_tags(ref.type)
