"""Which rules an operation meets, statically from the schema."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLResolveInfo,
    InlineFragmentNode,
    build_schema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)
from graphql.language import SelectionSetNode
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.operation import Operation, Refusal
from controller.core.policy import ANONYMOUS, PUBLIC, Policy, Rule
from controller.core.reach import Reached, reach
from controller.core.rules import Decision, decide_rules
from controller.core.schema import SchemaIndex
from tests.core.documents import VARIABLES, documents
from tests.core.world import INDEX, SCHEMA, Ref, World, operation
from tests.support.effort import examples

Types = Mapping[str, frozenset[str] | None]


def rule(
    *names: str, max_age: int = 60, swr: int = 10, scope: str = PUBLIC, index: int = 0
) -> Rule:
    """A rule for ``Type`` and ``Type.field`` names."""
    types: dict[str, frozenset[str] | None] = {}
    for name in names:
        type_name, _, member = name.partition(".")
        types[type_name] = (types.get(type_name) or frozenset()) | {member} if member else None
    return Rule(index, types, max_age, swr, scope)


def decided(text: str, *rules: Rule, **policy: Any) -> Decision | Refusal:
    """What the rules say to the only operation of a document, by the shop's schema."""
    index = SchemaIndex(SCHEMA, Policy("shop", "digest", rules=rules, **policy))
    return decide_rules(index, operation(text))


def assert_matches(text: str, name: str, coordinate: str) -> None:
    found = decided(text, rule(name))
    assert isinstance(found, Decision), found
    assert [(m.entry, m.coordinate) for m in found.matched] == [(name, coordinate)]


def assert_no_rule(text: str, name: str) -> None:
    found = decided(text, rule(name))
    assert isinstance(found, Refusal), found
    assert found.detail == "no-rule"


def assert_refused(found: Decision | Refusal, detail: str) -> None:
    assert isinstance(found, Refusal), found
    assert found.detail == detail


@pytest.mark.parametrize(
    ("text", "name", "coordinate"),
    [
        ("{ post { id } }", "Post", "Post"),
        ("{ post { id } }", "Query", "Query"),
        ("{ __typename }", "Query", "Query"),
        ("{ post { __typename } }", "Post", "Post"),
        ("{ post { id } }", "Query.post", "Query.post"),
        ("{ p: post { t: title } }", "Post.title", "Post.title"),
        ("{ post { owner { id } } }", "User", "User"),
        ("{ posts { price { amount } } }", "Money.amount", "Money.amount"),
        ("{ grid { id } }", "Post", "Post"),
        (
            "{ ...F } fragment F on Query { me { ...G } } fragment G on User { id }",
            "User.id",
            "User.id",
        ),
        ("query($y: Boolean!) { me @include(if: $y) { id } }", "User", "User"),
        ("{ me { query { count } } }", "Query.count", "Query.count"),
        # Interfaces and unions name all their members, and a field its implementations.
        ("{ post { id } }", "Node", "Post"),
        ("{ post { id } }", "Thing", "Post"),
        ("{ post { id } }", "Node.id", "Post.id"),
        ("{ node { id } }", "Node", "Node"),
        ("{ node { id } }", "Page", "Page"),
        ("{ node { id } }", "Page.id", "Page.id"),
        ("{ node { id } }", "Node.id", "Page.id"),
        ("{ node { ... on Post { title } } }", "Node", "Node"),
        ("{ node { ... on Post { title } } }", "Titled.title", "Post.title"),
        ("{ titled { owner { name } } }", "User.name", "User.name"),
        ("{ things { ... on Node { ... on Titled { title } } } }", "Post", "Post"),
        # Nothing but __typename: any member may be there.
        ("{ things { __typename } }", "Ledger", "Ledger"),
        ("{ things { __typename ... on Post { __typename } } }", "User", "User"),
        ("{ things { ...F } } fragment F on Thing { t: __typename }", "Money", "Money"),
    ],
)
def test_a_rule_matches(text: str, name: str, coordinate: str) -> None:
    assert_matches(text, name, coordinate)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{ post { id } }", "User"),
        ("{ post { id } }", "Post.title"),
        ("{ post { title: id } }", "Post.title"),
        ("{ post { id } }", "Titled.title"),
        ("{ post { id } }", "Nowhere"),
        ("{ post { id } }", "Query.node"),
        ("{ post { id } }", "String"),
        ("{ me { id } }", "Titled"),
        ("query A { me { id } } ", "Mutation"),
        ("{ me { id } }", "Query.me.id"),
        # Only members of which more than __typename is selected.
        ("{ node { ... on Post { title } } }", "User"),
        ("{ node { __typename ... on Post { title } } }", "User"),
        ("{ node { ... on Post { title } ... on User { __typename } } }", "User"),
        ("{ things { ... on Titled { title } } }", "User"),
        ("{ things { ... on Node { ... on Post { id } } } }", "User"),
        (
            "{ node { ...F } } fragment F on Node { ... on Post { ...G } } fragment G on Node {id}",
            "User",
        ),
    ],
)
def test_a_rule_does_not_match(text: str, name: str) -> None:
    assert_no_rule(text, name)


def test_an_unused_fragment_or_operation_does_not_count() -> None:
    text = "query A { me { id } } query B { post { id } } fragment F on Post { id }"
    index = SchemaIndex(SCHEMA, Policy("shop", "d", rules=(rule("Post"),)))
    assert_refused(decide_rules(index, operation(text, "A")), "no-rule")
    assert isinstance(decide_rules(index, operation(text, "B")), Decision)


def test_the_lowest_ages_count_and_may_come_from_two_rules() -> None:
    found = decided(
        "{ post { id owner { id } } count }",
        rule("Query", max_age=900, swr=900),
        rule("Post", max_age=5, swr=300),
        rule("User", max_age=100, swr=7),
        rule("Product", max_age=1, swr=1),
    )
    assert isinstance(found, Decision)
    assert (found.max_age, found.swr) == (5, 7)


@pytest.mark.parametrize(
    ("max_age", "swr", "detail"), [(0, 0, "max-age-0"), (0, 5, None), (5, 0, None)]
)
def test_only_no_age_at_all_is_no_caching(max_age: int, swr: int, detail: str | None) -> None:
    found = decided("{ count }", rule("Query"), rule("Query.count", max_age=max_age, swr=swr))
    assert (found.detail if isinstance(found, Refusal) else None) == detail


def test_ages_of_zero_may_come_from_two_rules() -> None:
    found = decided(
        "{ count }", rule("Query", max_age=0, swr=9), rule("Query.count", max_age=9, swr=0)
    )
    assert_refused(found, "max-age-0")


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        ((PUBLIC,), set()),
        ((PUBLIC, ANONYMOUS), {ANONYMOUS}),
        ((ANONYMOUS, "AUTH"), {ANONYMOUS, "AUTH"}),
        (("AUTH", PUBLIC, "SHOP"), {"AUTH", "SHOP"}),
    ],
)
def test_scopes_are_combined_and_public_is_neutral(
    scopes: tuple[str, ...], expected: set[str]
) -> None:
    found = decided("{ count }", *(rule("Query", scope=scope) for scope in scopes))
    assert isinstance(found, Decision)
    assert found.scopes == expected


def test_a_scope_deep_in_the_document_counts() -> None:
    found = decided(
        "{ posts { comments { nodes { author { name } } } } }",
        rule("Query"),
        rule("User.name", scope="AUTH"),
    )
    assert isinstance(found, Decision)
    assert found.scopes == {"AUTH"}


def test_a_match_says_which_rule_and_what_of_the_operation() -> None:
    found = decided(
        "{ post { id title } node { id } }",
        rule("Query", index=0),
        rule("Product", "User.name", index=1),
        rule("Titled.title", "Node", "Post.title", index=2),
    )
    assert isinstance(found, Decision)
    assert [(m.rule, m.entry, m.coordinate) for m in found.matched] == [
        (0, "Query", "Query"),
        (2, "Titled.title", "Post.title"),
        (2, "Node", "Node"),
        (2, "Post.title", "Post.title"),
    ]
    assert found.types == {"Query", "Post", "Page", "User"}


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("{ post { id } }", "Post"),
        ("{ post { title } }", "Post.title"),
        ("{ node { id } }", "User"),
        ("{ node { id } }", "Titled"),
        ("{ post { title } }", "Titled.title"),
        ("{ things { __typename } }", "Ledger"),
        ("{ count }", "Query"),
    ],
)
def test_something_non_cacheable_is_seen(text: str, entry: str) -> None:
    assert_refused(decided(text, rule("Query"), non_cacheable=frozenset({entry})), "non-cacheable")


@pytest.mark.parametrize("entry", ["User", "Post.title", "Money", "Nowhere", "Nowhere.at"])
def test_what_is_not_selected_is_cacheable(entry: str) -> None:
    found = decided("{ post { id } }", rule("Query"), non_cacheable=frozenset({entry}))
    assert isinstance(found, Decision)


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { queryType { name } } }",
        '{ __type(name: "Post") { name } }',
        "{ count ...F } fragment F on Query { s: __schema { description } }",
        "{ me { query { __schema { description } } } }",
    ],
)
def test_introspection_is_passed(text: str) -> None:
    assert_refused(decided(text, rule("Query")), "introspection")


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { queryType { name } } }",
        '{ __type(name: "Post") { name } }',
        "{ __typename s: __schema { description } ...F } fragment F on Query { __typename }",
        "{ __schema { description } post @include(if: false) { id } }",
    ],
)
def test_introspection_is_cached_as_public_where_the_owner_wants_it(text: str) -> None:
    found = decided(text, rule("Query", scope="AUTH", max_age=5), cache_introspection=True)
    assert isinstance(found, Decision), found
    assert (found.max_age, found.swr, found.scopes) == (63 * 60, 24 * 3600, frozenset())


def test_a_document_with_introspection_in_it_needs_rules_for_the_rest() -> None:
    text = "{ __schema { description } me { id } }"
    assert_refused(decided(text, cache_introspection=True), "no-rule")
    assert_refused(
        decided(text, rule("Query"), cache_introspection=True, non_cacheable=frozenset({"User"})),
        "non-cacheable",
    )
    found = decided(
        text, rule("User", max_age=9_999, swr=99, scope="AUTH"), cache_introspection=True
    )
    assert isinstance(found, Decision)
    assert (found.max_age, found.swr, found.scopes) == (63 * 60, 99, frozenset({"AUTH"}))


def test_introspection_below_the_root_is_no_introspection_alone() -> None:
    text = "{ me { query { __schema { description } } } }"
    assert_refused(decided(text, cache_introspection=True), "no-rule")


@pytest.mark.parametrize(
    "text",
    [
        "{ count me @include(if: false) { id } }",
        "{ count me @skip(if: true) { id } }",
        "query($y: Boolean!) { count me @include(if: $y) @skip(if: true) { id } }",
        "{ count ... @include(if: false) { me { id } } }",
        "{ count ...F @skip(if: true) } fragment F on Query { me { id } }",
        "{ count post { id owner @include(if: false) { id } } }",
    ],
)
def test_what_a_literal_leaves_out_does_not_count(text: str) -> None:
    found = decided(text, rule("Query"), rule("User", scope="AUTH"))
    assert isinstance(found, Decision)
    assert found.scopes == frozenset()
    assert "User" not in found.types


@pytest.mark.parametrize(
    "text",
    [
        "{ count me @include(if: true) { id } }",
        "{ count me @skip(if: false) { id } }",
        "query($y: Boolean!) { count me @include(if: $y) { id } }",
        "query($y: Boolean! = false) { count me @include(if: $y) { id } }",
        "query($y: Boolean! = true) { count me @skip(if: $y) { id } }",
        "query($y: Boolean!) { count me @include(if: true) @skip(if: $y) { id } }",
        "{ count me @include(if: false) { id } me { id } }",
        "{ count ...F @skip(if: true) ...F } fragment F on Query { me { id } }",
    ],
)
def test_what_may_be_there_counts(text: str) -> None:
    found = decided(text, rule("Query"), rule("User", scope="AUTH"))
    assert isinstance(found, Decision)
    assert found.scopes == {"AUTH"}


def test_of_an_object_with_nothing_left_any_member_may_be_there() -> None:
    text = "{ things { __typename ... on Post @include(if: false) { title } } }"
    assert_matches(text, "Ledger", "Ledger")


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_rule_applies_to_an_operation_by_the_hash_of_its_document() -> None:
    sent = "query  Q { count } "
    canonical = operation(sent).text
    assert canonical != sent
    by_hash = Rule(3, {}, 60, 0, "AUTH", frozenset({sha256(sent)}))
    found = decided(sent, by_hash)
    assert isinstance(found, Decision)
    assert (found.scopes, found.by_spelling) == (frozenset({"AUTH"}), (3,))
    assert [(m.rule, m.coordinate) for m in found.matched] == [(3, "the document")]
    assert_refused(decided(sent.replace("  ", " "), by_hash), "no-rule")


def test_a_rule_applies_to_every_spelling_by_the_hash_of_the_canonical_text() -> None:
    by_hash = Rule(3, {}, 60, 0, "AUTH", frozenset({sha256(operation("query Q { count }").text)}))
    for sent in ("query  Q { count } ", "query Q{count,}", "query Q { count } # the end"):
        found = decided(sent, by_hash)
        assert isinstance(found, Decision)
        assert [(m.rule, m.coordinate) for m in found.matched] == [(3, "the operation")]
        assert found.by_spelling == ()
    assert_refused(decided("query R { count }", by_hash), "no-rule")


def test_hashes_and_types_of_a_rule_are_alternatives_and_its_times_count_once() -> None:
    both = Rule(0, {"User": None}, 60, 0, "AUTH", frozenset({sha256("{ count }")}))
    for text in ("{ count }", "{ me { id } }"):
        found = decided(text, both, rule("Query", max_age=90))
        assert isinstance(found, Decision)
        assert (found.max_age, found.scopes) == (60, frozenset({"AUTH"}))
    assert isinstance(decided("{ post { id } }", both), Refusal)


def test_nothing_is_cached_when_caching_is_off() -> None:
    assert_refused(decided("{ count }", rule("Query"), pass_through_only=True), "pass-through-only")


def test_a_narrower_return_type_of_an_implementation_counts() -> None:
    schema = build_schema(
        """type Query { box: Box } interface Box { content: Content } interface Content { id: ID }
        type Jar implements Box { content: Jam } type Jam implements Content { id: ID }
        type Tin implements Content { id: ID }"""
    )
    index = SchemaIndex(schema, Policy("s", "d", rules=(rule("Jam"),)))
    reached = reach(index, operation("{ box { content { id } } }"))
    assert isinstance(reached, Reached)
    assert reached.types == {"Query", "Jar", "Jam"}


# Attackers


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


# Against an oracle, and against executions


def naive(asked: Operation) -> set[tuple[str, str]]:
    """Every (object type, field), one position and one concrete type at a time."""
    found: set[tuple[str, str]] = set()
    done: set[tuple[str, int]] = set()

    def fields(
        type_name: str, set_: SelectionSetNode, inside: tuple[int, ...]
    ) -> Iterator[FieldNode]:
        if id(set_) in inside:
            return
        for node in set_.selections:
            if isinstance(node, FieldNode):
                yield node
                continue
            if isinstance(node, FragmentSpreadNode):
                fragment: Any = asked.fragments[node.name.value]
            else:
                assert isinstance(node, InlineFragmentNode)
                fragment = node
            on = fragment.type_condition
            if on is None or INDEX.applies(on.name.value, type_name):
                yield from fields(type_name, fragment.selection_set, (*inside, id(set_)))

    def visit(static: str, set_: SelectionSetNode) -> None:
        if (static, id(set_)) in done:
            return
        done.add((static, id(set_)))
        type_ = SCHEMA.get_type(static)
        abstract = is_abstract_type(type_)
        selected = {
            name: [n for n in fields(name, set_, ()) if n.name.value != "__typename"]
            for name in INDEX.possible_names(static)
        }
        empty = not any(selected.values())
        for name, nodes in selected.items():
            if nodes or empty or not abstract:
                found.add((name, ""))
            parent: Any = SCHEMA.get_type(name)
            for node in nodes:
                found.add((name, node.name.value))
                returned = get_named_type(parent.fields[node.name.value].type)
                if is_composite_type(returned):
                    assert node.selection_set is not None
                    visit(returned.name, node.selection_set)

    visit("Query", asked.definition.selection_set)
    return found


def reached_by(asked: Operation) -> Reached:
    found = reach(INDEX, asked)
    assert isinstance(found, Reached)
    return found


@settings(max_examples=examples(150))
@given(documents())
def test_what_is_reached_is_what_a_naive_walk_finds(text: str) -> None:
    asked = operation(text)
    reached = reached_by(asked)
    found = {(name, "") for name in reached.types}
    found |= {(n, f) for f, sets in reached.fields.items() for types in sets for n in types}
    assert found == naive(asked)


@dataclass
class _Recording(World):
    """A world that remembers which fields of which types were asked for."""

    seen: set[tuple[str, str]] = field(default_factory=set)

    def _resolve(self, source: Ref | None, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        self.seen.add((info.parent_type.name, info.field_name))
        return super()._resolve(source, info, **arguments)


@settings(max_examples=examples(60))
@given(documents(), st.integers(0, 5))
def test_an_execution_reaches_nothing_else(text: str, seed: int) -> None:
    world = _Recording(seed=seed, nulls=0.05)
    world.run(text, VARIABLES)
    reached = reached_by(operation(text))
    for type_name, name in world.seen:
        assert any(type_name in types for types in reached.fields[name])
        assert type_name in reached.types


def test_policies_can_differ_in_a_schema_of_one() -> None:
    open_ = SchemaIndex(SCHEMA, Policy("shop", "d", rules=(rule("Query"),)))
    closed = SchemaIndex(SCHEMA, replace(open_.policy, pass_through_only=True))
    assert isinstance(decide_rules(open_, operation("{count}")), Decision)
    assert isinstance(decide_rules(closed, operation("{count}")), Refusal)
