"""Printing without ignored characters: what graphql-core takes three passes for."""

from __future__ import annotations

from graphql import parse, print_ast, strip_ignored_characters
from graphql.language import Node, SelectionSetNode
from hypothesis import given, settings

from controller.core.compact import _KINDS, compact
from tests.core.syntax import texts, write
from tests.support.effort import examples


def printed(text: str) -> str:
    """By graphql-core."""
    definitions = parse(text, no_location=True).definitions
    return strip_ignored_characters("\n".join(map(print_ast, definitions)))


class TestATextIsWrittenAsGraphqlCoreWritesIt:
    @settings(max_examples=examples(300))
    @given(texts())
    def test_whatever_the_syntax(self, text: str) -> None:
        assert compact(parse(text, no_location=True).definitions).text == printed(text)

    def test_a_query_with_a_description_keeps_its_keyword(self) -> None:
        assert compact(parse('"what" query { a }').definitions).text == '"what" query{a}'

    def test_words_and_spreads_are_kept_apart_and_nothing_else(self) -> None:
        text = 'query ( $a : [ Int ! ] = [ 1 , 2 ] ) { b ( c : $a d : "" ) ... F @ x ... { e } }'
        written = compact(parse(text).definitions).text
        assert written == 'query($a:[Int!]=[1 2]){b(c:$a d:"")...F@x ...{e}}'

    def test_nesting_as_deep_as_the_parser_allows(self) -> None:
        text = "{a" * 100 + "}" * 100
        assert compact(parse(text).definitions).text == text


class TestAnOffsetIsWhereASelectionSetOpens:
    @settings(max_examples=examples(300))
    @given(texts())
    def test_of_every_selection_set(self, text: str) -> None:
        """Reading the text again gives the same sets in the same order, with their locations."""
        first = parse(text, no_location=True)
        written = compact(first.definitions)
        again = parse(written.text)
        pairs = list(zip(selection_sets(first), selection_sets(again), strict=True))
        assert len(written.opened) == len(pairs)
        for node, located in pairs:
            assert located.loc is not None
            assert written.opened[id(node)] == located.loc.start + 1


def selection_sets(node: object) -> list[SelectionSetNode]:
    """Every selection set below, in document order."""
    if isinstance(node, tuple):
        return [found for part in node for found in selection_sets(part)]
    own = [node] if isinstance(node, SelectionSetNode) else []
    nested = [getattr(node, name, ()) for name in ("definitions", "selections", "selection_set")]
    return own + [found for part in nested if part for found in selection_sets(part)]


def test_the_documents_hold_every_kind_of_syntax() -> None:
    kinds: set[str] = set()
    for seed in range(300):
        parts: list[object] = [parse(write(seed, 3), no_location=True)]
        while parts:
            part = parts.pop()
            if isinstance(part, Node):
                kinds.add(part.kind)
                parts += [getattr(part, name) for name in part.keys]
            elif isinstance(part, tuple):
                parts += part
    assert kinds == {"document", "name", "string_value", *_KINDS}
