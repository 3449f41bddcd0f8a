"""The key from the request on: one for every way to ask a question, never one for two questions."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from typing import Any

from graphql import (
    BooleanValueNode,
    FieldNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Visitor,
    parse,
    print_ast,
    validate,
    visit,
)
from graphql.language import ArgumentNode, DirectiveNode, NameNode
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.documents import VARIABLES, documents
from tests.core.keys import key
from tests.core.world import SCHEMA
from tests.support.effort import examples

OTHER = (
    "query Other { others: posts { ...Unused } } fragment Unused on Post { id owner { ...Far } }"
    " fragment Far on User { name }"
)
_BETWEEN = [" ", "\n", ",", "\t,", ' # a comment, " {\n', "\r\n", "\ufeff "]
_LEXICAL = re.compile(r'"(?:[^"\\]|\\.)*"|\.\.\.|[\w]+|[^\s\w]')


def test_every_way_to_ask_a_question_has_one_key() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(80), deadline=None)
    @given(documents(), st.randoms(use_true_random=False), st.sets(st.sampled_from(WAYS)))
    def check(text: str, picks: random.Random, ways: set[str]) -> None:
        seen.update(ways)
        asked, values = text, dict(VARIABLES)
        name = "Doc" if {"another operation", "name"} & ways else None
        if "another operation" in ways:
            asked = f"{OTHER} {asked}" if picks.random() < 0.5 else f"{asked} {OTHER}"
        if "order of definitions" in ways:
            parts = [print_ast(d) for d in parse(asked).definitions]
            picks.shuffle(parts)
            asked = "\n".join(parts)
        if "ignored characters" in ways:
            tokens = _LEXICAL.findall(asked)
            asked = "".join(token + picks.choice(_BETWEEN) for token in tokens)
        if "order of variables" in ways:
            values = dict(picks.sample(list(values.items()), len(values)))
        if "undeclared variables" in ways:
            values |= {"undeclared": [1, {"a": None}], "Yes": False}
        assert key(asked, values, name, get="get" in ways) == key(text, VARIABLES)

    check()
    assert all(seen[way] > 10 for way in WAYS), seen


WAYS = [
    "another operation",
    "get",
    "ignored characters",
    "name",
    "order of definitions",
    "order of variables",
    "undeclared variables",
]


def _field(node: FieldNode, picks: random.Random) -> FieldNode:
    """A field that is answered otherwise, or under another name, or perhaps not at all."""
    match picks.choice(["alias", "directive", "argument", "selection"]):
        case "alias":
            alias = None if node.alias else NameNode(value="renamed")
            return replace(node, alias=alias)
        case "directive":
            name, on = picks.choice([("include", True), ("include", False), ("skip", False)])
            value = BooleanValueNode(value=on)
            condition = ArgumentNode(name=NameNode(value="if"), value=value)
            directive = DirectiveNode(name=NameNode(value=name), arguments=(condition,))
            return replace(node, directives=(*(node.directives or ()), directive))
        case "argument" if node.arguments:
            return replace(node, arguments=tuple(node.arguments)[1:])
        case _ if node.selection_set is not None:
            first = FieldNode(name=NameNode(value="__typename"), arguments=(), directives=())
            selections = (first, *node.selection_set.selections)
            return replace(node, selection_set=SelectionSetNode(selections=selections))
        case _:
            return replace(node, alias=NameNode(value="renamed"))


def changed(text: str, picks: random.Random) -> str:
    """The document with one field changed."""
    document = parse(text, no_location=True)
    fields: list[FieldNode] = []

    class Collect(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            fields.append(node)

    visit(document, Collect())
    chosen = picks.randrange(len(fields))

    class Change(Visitor):
        def __init__(self) -> None:
            super().__init__()
            self.met = -1

        def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
            self.met += 1
            return _field(node, picks) if self.met == chosen else None

    return print_ast(visit(document, Change()))


def test_a_change_to_any_field_is_another_question() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(120), deadline=None)
    @given(documents(), st.randoms(use_true_random=False))
    def check(text: str, picks: random.Random) -> None:
        other = changed(text, picks)
        if validate(SCHEMA, parse(other)):
            seen["invalid"] += 1
            return
        assert key(other, VARIABLES) != key(text, VARIABLES), other
        seen["changed"] += 1

    check()
    assert seen["changed"] > 50, seen


def test_the_order_of_fields_is_the_order_of_the_answer() -> None:
    @settings(max_examples=examples(60), deadline=None)
    @given(documents())
    def check(text: str) -> None:
        document = parse(text, no_location=True)
        definition = document.definitions[0]
        assert isinstance(definition, OperationDefinitionNode)
        turned = SelectionSetNode(selections=definition.selection_set.selections[::-1])
        operation = replace(definition, selection_set=turned)
        other = print_ast(replace(document, definitions=(operation, *document.definitions[1:])))
        assert key(other, VARIABLES) != key(text, VARIABLES)

    check()
