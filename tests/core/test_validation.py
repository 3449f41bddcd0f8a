"""Validation finds what graphql-core's own ``validate`` finds."""

from __future__ import annotations

import random
import re

import pytest
from graphql import (
    GraphQLError,
    GraphQLSchema,
    Visitor,
    build_schema,
    parse,
    specified_rules,
    validate,
)
from graphql.language import BREAK
from graphql.validation import ASTValidationRule
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.validation import first_error
from tests.core.documents import documents
from tests.core.syntax import texts
from tests.core.world import SCHEMA
from tests.support.effort import examples

PETS = build_schema(
    """
    directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
    directive @stream(if: Boolean! = true, label: String, initialCount: Int = 0) on FIELD
    directive @onQuery(need: Int!) on QUERY
    directive @often repeatable on FIELD
    interface Being { name: String friends: [Being] }
    type Dog implements Being { name: String friends: [Being] barks: Int
      is(a: A!, b: [Int!] = 1): ID }
    type Cat implements Being { name: String friends: [Being] barks: String lives(of: [F]): Int }
    union Pet = Dog | Cat
    enum A { RED B }
    input F { a: A! b: [F] = [] c: Int = 3 }
    input One @oneOf { a: Int b: String }
    scalar T
    type Query { dog: Dog cat: Cat pet(f: F, one: One): Pet being: Being pets(n: Int): [Pet]
      a(a: T, b: Int): String b: Query query: Query on: [Query] true: Int }
    type Mutation { feed(pet: ID!): Pet a: Int b: Query }
    type Subscription { fed: Pet a: Int b: Query on: [Pet] }
    """
)

BY_RULE = {
    "ExecutableDefinitionsRule": ["{ dog { name } } type X { a: Int }"],
    "KnownOperationTypesRule": ["mutation { a }"],
    "UniqueOperationNamesRule": ["query A { a } query A { a }"],
    "LoneAnonymousOperationRule": ["{ a } query B { a }"],
    "SingleFieldSubscriptionsRule": ["subscription { a on { ... on Dog { name } } }"],
    "KnownTypeNamesRule": ["query($a: Nobody) { a(a: $a) }", "{ ... on Nobody { a } }"],
    "FragmentsOnCompositeTypesRule": ["{ ... on T { a } }", "{ ...A } fragment A on F { a }"],
    "VariablesAreInputTypesRule": ["query($a: Dog) { a(a: $a) }"],
    "ScalarLeafsRule": ["{ a { name } }", "{ dog }", "{ dog { friends } }"],
    "FieldsOnCorrectTypeRule": ["{ nothing }", "{ pet { name } }", "{ dog { lives } }"],
    "UniqueFragmentNamesRule": ["{ ...A } fragment A on Query { a } fragment A on Query { a }"],
    "KnownFragmentNamesRule": ["{ ...A }", "{ dog { name ...B } }"],
    "NoUnusedFragmentsRule": ["{ a } fragment A on Query { a }"],
    "PossibleFragmentSpreadsRule": [
        "{ dog { ... on Cat { name } } }",
        "{ dog { ...A } } fragment A on Cat { name }",
    ],
    "NoFragmentCyclesRule": [
        "{ ...A } fragment A on Query { a b { ...B } } fragment B on Query { ...A }"
    ],
    "UniqueVariableNamesRule": ["query($a: Int $a: Int) { a(b: $a) }"],
    "NoUndefinedVariablesRule": [
        "{ a(b: $a) }",
        "query($b: F) { pet(f: {a: RED b: [$b {a: RED c: $a}]}) { __typename } }",
        "query($a: Int) { ...A } fragment A on Query { a(a: $a b: $b) }",
    ],
    "NoUnusedVariablesRule": [
        "query($a: Int) { a }",
        "query($a: Int $b: Int) { ...A } fragment A on Query { a(b: $a) }",
    ],
    "KnownDirectivesRule": [
        "{ a @nobody }",
        "{ a @onQuery(need: 1) }",
        "query($a: Int @skip(if: true)) { a(b: $a) }",
        "{ ...A @often } fragment A on Query @include(if: true) { a }",
    ],
    "UniqueDirectivesPerLocationRule": ["{ a @often @often @skip(if: true) @skip(if: true) }"],
    "DeferStreamDirectiveOnRootField": ["mutation { ... @defer { a } }"],
    "DeferStreamDirectiveOnValidOperationsRule": [
        "subscription { on { ... @defer { __typename } } }"
    ],
    "DeferStreamDirectiveLabel": ["query($a: String) { ... @defer(label: $a) { a } }"],
    "StreamDirectiveOnListField": ["{ dog @stream { name } }"],
    "KnownArgumentNamesRule": ["{ a(c: 1) }", "{ a @skip(unless: true if: true) }"],
    "UniqueArgumentNamesRule": ["{ a(a: 1 a: 1) }", "{ a @skip(if: true if: true) }"],
    "ValuesOfCorrectTypeRule": [
        '{ a(b: "1") }',
        "{ pet(f: {b: []}) { __typename } }",
        "{ dog { is(a: GREEN b: [1 null]) } }",
        "query($a: Int = 1.5) { a(b: $a) }",
        '{ pet(one: {a: 1 b: ""}) { __typename } }',
    ],
    "ProvidedRequiredArgumentsRule": ["{ dog { is(b: 1) } }", "query @onQuery { a }"],
    "VariablesInAllowedPositionRule": [
        "query($a: A) { dog { is(a: $a) } }",
        "query($a: Int) { ...A } fragment A on Query { dog { is(a: RED b: [$a]) } }",
        "query($a: Int) { pet(one: {a: $a}) { __typename } }",
    ],
    "OverlappingFieldsCanBeMergedRule": [
        "{ a(b: 1) a(b: 2) }",
        "{ pet { ... on Dog { barks } ... on Cat { barks } } }",
        "{ ...A ...B } fragment A on Query { x: a } fragment B on Query { x: true }",
    ],
    "UniqueInputFieldNamesRule": ["{ pet(f: {a: RED b: [{a: B a: B}]}) { __typename } }"],
    "MaxIntrospectionDepthRule": [
        "{ __schema { types { fields { type { fields { type { fields { type { fields"
        " { name } } } } } } } } } }"
    ],
}
"""Documents that break a rule; the rule is named as graphql-core names its class."""
VALID = [
    "{ dog { name friends { name ... on Dog { barks } } } pet { ...L } }"
    " fragment L on Cat { lives(of: [{a: B}]) }",
    "query Q($a: A! $b: [Int!] = [1]) @onQuery(need: 2) { dog { is(a: $a b: $b) } ...B }"
    ' fragment B on Query { a(a: {x: [$b ""]}) }',
    "query($f: F) { pet(f: $f one: {a: 1}) { ...P @defer } pets @stream { ...P } }"
    " fragment P on Pet { __typename ... on Being { name } }",
    "subscription S($i: Boolean!) { fed { ... on Dog @include(if: $i) { name } } }",
    'mutation { feed(pet: "1") { ...D } }'
    " fragment D on Dog { barks ...E } fragment E on Dog { name }",
]
ALL = [*VALID, *(text for texts_ in BY_RULE.values() for text in texts_)]
_TOKEN = re.compile(r'"[^"]*"|\.\.\.|[\w.]+|[^\s\w]')
_TOKENS = sorted({token for text in ALL for token in _TOKEN.findall(text)})


def same(schema: GraphQLSchema, text: str, rules: list[type[ASTValidationRule]]) -> bool:
    """Whether the document is valid, after looking that both say so, or name the same error."""
    document = parse(text, no_location=True)
    expected = validate(schema, document, rules, max_errors=1)
    found = first_error(schema, document, rules)
    assert (found and found.message) == (expected[0].message if expected else None), text
    if found is not None:
        assert found.nodes == expected[0].nodes, text
    return found is None


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A document with a few tokens put in place of others, beside them, or left out."""
    picks = random.Random(draw(st.integers(0, 2**40)))
    tokens = _TOKEN.findall(picks.choice(ALL))
    for _ in range(draw(st.integers(0, 3))):
        at = picks.randrange(len(tokens))
        put = picks.choice([[picks.choice(_TOKENS)], [tokens[at], picks.choice(_TOKENS)], []])
        tokens[at : at + 1] = put
        tokens = tokens or ["{"]
    return " ".join(tokens)


_rules = st.sampled_from([[*specified_rules], *([rule] for rule in specified_rules)])


class TestTheFirstErrorIsTheOneOfValidate:
    @pytest.mark.parametrize("name", BY_RULE)
    def test_of_each_rule_alone(self, name: str) -> None:
        rule = next(rule for rule in specified_rules if rule.__name__ == name)
        schema = PETS
        if name == "KnownOperationTypesRule":
            schema = build_schema("type Query { a: Int }")
        for text in BY_RULE[name]:
            assert not same(schema, text, [rule]), text
            same(schema, text, [*specified_rules])

    def test_no_rule_is_without_a_document(self) -> None:
        assert {rule.__name__ for rule in specified_rules} == BY_RULE.keys()

    @pytest.mark.parametrize("text", VALID)
    def test_and_there_is_none_in_a_valid_document(self, text: str) -> None:
        assert same(PETS, text, [*specified_rules])

    @settings(max_examples=examples(300))
    @given(damaged(), _rules)
    def test_in_damaged_documents(self, text: str, rules: list[type[ASTValidationRule]]) -> None:
        try:
            parse(text)
        except GraphQLError:
            return
        same(PETS, text, rules)

    @settings(max_examples=examples(150))
    @given(texts(), _rules)
    def test_in_any_syntax(self, text: str, rules: list[type[ASTValidationRule]]) -> None:
        same(PETS, text, rules)

    @settings(max_examples=examples(50))
    @given(documents())
    def test_in_documents_of_a_shop(self, text: str) -> None:
        assert same(SCHEMA, text, [*specified_rules])

    def test_at_any_depth_that_the_parser_allows(self) -> None:
        assert same(PETS, "{ b" * 199 + "{ a }" + "}" * 199, [*specified_rules])
        assert not same(PETS, "{ b" * 199 + "{ c }" + "}" * 199, [*specified_rules])

    def test_through_fragments_that_nest_too_deeply(self) -> None:
        head = "{ ...F0 }"
        chain = [f"fragment F{n} on Query {{ b {{ ...F{n + 1} }} }}" for n in range(300)]
        text = " ".join([head, *chain, "fragment F300 on Query { a }"])
        assert not same(PETS, text, [*specified_rules])


def test_a_rule_that_changes_the_document_is_refused() -> None:
    class Breaks(ASTValidationRule):
        def enter_field(self, *_: object) -> object:
            return BREAK

    assert issubclass(Breaks, Visitor)
    with pytest.raises(TypeError, match="answered"):
        first_error(PETS, parse("{ a }"), [Breaks])


def test_an_invalid_schema_is_an_error() -> None:
    with pytest.raises(TypeError, match="Query root type must be provided"):
        first_error(build_schema("type A { a: Int }"), parse("{ a }"), [*specified_rules])
