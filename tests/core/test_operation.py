"""Which operation a document means, and its canonical text."""

from __future__ import annotations

import pytest
from graphql import OperationType, execute_sync, parse, print_ast
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.operation import MAX_TOKENS, Operation, Refusal, select_operation
from tests.core.documents import VARIABLES, documents
from tests.core.world import SCHEMA, World, operation
from tests.support.effort import examples


def refused(text: str, name: str | None = None) -> str:
    """The detail with which a document is refused."""
    found = select_operation(text, name)
    assert isinstance(found, Refusal), found
    return found.detail


def test_the_only_operation_needs_no_name() -> None:
    assert operation("query Q { count }").name == "Q"
    assert operation("{ count }").name is None


def test_a_name_selects_among_several() -> None:
    text = "query A { count } mutation B { ping } subscription C { posted { id } }"
    assert operation(text, "A").text == "query A{count}"
    assert operation(text, "B").type is OperationType.MUTATION
    assert operation(text, "C").type is OperationType.SUBSCRIPTION


@pytest.mark.parametrize(
    ("text", "name", "detail"),
    [
        ("query A { count } query B { count }", None, "ambiguous-operation"),
        ("fragment F on Query { count }", None, "ambiguous-operation"),
        ("query A { count }", "B", "unknown-operation"),
        ("query A { count }", "a", "unknown-operation"),
        ("query A { count }", "", "unknown-operation"),
        ("{ count }", "A", "unknown-operation"),
        ("query A { count } query A { me { id } }", "A", "unknown-operation"),
        ("", None, "unparsable-document"),
        ("{ count", None, "unparsable-document"),
        ("{}", None, "unparsable-document"),
        ("{ me {} }", None, "unparsable-document"),
        ("query A { count } query B {}", "A", "unparsable-document"),
        ("{ post(id: \ud800) { id } }", None, "unparsable-document"),
        ('{ post(id: "\ud800") { id } }', None, "unparsable-document"),
        ("{" + "me{" * 5_000 + "id" + "}" * 5_001, None, "unparsable-document"),
        ("{" + " a" * MAX_TOKENS + "}", None, "unparsable-document"),
        ("{ count }" + "\n#" * MAX_TOKENS, None, "unparsable-document"),
        ("{ post(id: " + "[" * 3_000 + "]" * 3_000 + ") { id } }", None, "unparsable-document"),
    ],
)
def test_what_is_no_single_operation_is_refused(text: str, name: str | None, detail: str) -> None:
    assert refused(text, name) == detail


def test_the_canonical_text_holds_the_fragments_reached_by_name_and_no_others() -> None:
    found = operation(
        """
        fragment Z on Post { title ...Y }   # spread from the operation
        fragment X on Post { body }         # not spread
        query Q { post { ...Z } } query R { post { ...X } }
        fragment Y on Post { owner { ...U } } fragment U on User { name }
        """,
        "Q",
    )
    assert list(found.fragments) == ["U", "Y", "Z"]
    assert found.text == (
        "query Q{post{...Z}}fragment U on User{name}"
        "fragment Y on Post{owner{...U}}fragment Z on Post{title ...Y}"
    )


def test_fragments_in_circles_are_read_once() -> None:
    found = operation("{ post { ...A } } fragment A on Post { ...B } fragment B on Post { ...A }")
    assert list(found.fragments) == ["A", "B"]


def test_a_chain_of_a_thousand_fragments_is_read() -> None:
    chain = "".join(f"fragment F{n} on Post{{...F{n + 1}}}" for n in range(1_000))
    found = operation("{post{...F0}}" + chain + "fragment F1000 on Post{title}")
    assert len(found.fragments) == 1_001


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("{count}", " query { ,, count # all of them\n }\r\n"),
        ("{count}", "\ufeff{count}"),
        ('{post(id:"a"){id}}', '{post(id: """a"""){id}}'),
        ('{post(id:"a"){id}}', '{post(id: "\\u0061"){id}}'),
        ("{posts(filter:{sizes:[1 2]}){id}}", "{ posts(filter: {sizes: [1, 2]}) { id } }"),
        ("query Q($a:ID=1){post(id:$a){id}}", "query Q($a: ID = 1,) { post(id: $a) { id } }"),
    ],
)
def test_ignored_characters_do_not_show_in_the_text(left: str, right: str) -> None:
    first, second = select_operation(left, None), select_operation(right, None)
    assert isinstance(first, Operation)
    assert isinstance(second, Operation)
    if '"' in left:
        # A block string stays one, but says the same.
        assert print_ast(parse(first.text)).replace('"""', '"') == print_ast(
            parse(second.text)
        ).replace('"""', '"')
    else:
        assert first.text == second.text


@pytest.mark.parametrize(
    "other",
    [
        "{count:count}",
        "{count@include(if:true)}",
        "query Q{count}",
        "{count count}",
        "subscription{count}",
    ],
)
def test_what_a_document_says_shows_in_the_text(other: str) -> None:
    assert operation(other).text != operation("{count}").text


def test_number_lexemes_and_string_contents_stay_as_written() -> None:
    text = '{post(a:1.0 b:1e0 c:10000000000000000000000001 d:-0 e:"#,\\"{ " f:E){id}}'
    assert operation(text).text == text


@given(st.text(max_size=30), st.booleans())
def test_strings_mean_the_same_in_the_canonical_text(value: str, block: bool) -> None:
    quoted = (
        value.replace('"""', '\\"""') if block else value.replace("\\", "\\\\").replace('"', '\\"')
    )
    text = f'{{post(id: """{quoted}"""){{id}}}}' if block else f'{{post(id: "{quoted}"){{id}}}}'
    found = select_operation(text, None)
    if isinstance(found, Operation):
        assert print_ast(parse(found.text)) == print_ast(parse(text))


@settings(max_examples=examples(60), deadline=None)
@given(documents(), st.integers(0, 5))
def test_the_canonical_text_is_answered_like_the_document(text: str, seed: int) -> None:
    found = operation(text)
    answers = [World(seed=seed).run(t, VARIABLES)["data"] for t in (text, found.text)]
    assert repr(answers[0]) == repr(answers[1])
    assert operation(found.text).text == found.text


def test_declared_variables_are_known() -> None:
    assert operation("query ($a: ID, $b: Int = 5) { count }").variables == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "incremental"),
    [
        ("{ me { ... @defer { id } } }", True),
        ("{ me { ...F @defer } } fragment F on User { id }", True),
        ("{ me { ...F } } fragment F on User { friends @stream(initialCount: 1) { id } }", True),
        ("{ me { id } }", False),
        ('{ post(id: "@defer") { id } }', False),
        ("{ defer: count }", False),
    ],
)
def test_incremental_delivery_is_seen(text: str, incremental: bool) -> None:
    assert operation(text).incremental is incremental


def test_incremental_delivery_of_another_operation_does_not_count() -> None:
    text = "query A { count } query B { me { ... @defer { id } } }"
    assert not operation(text, "A").incremental
    assert operation(text, "B").incremental


def test_an_empty_selection_set_is_not_answered_anywhere() -> None:
    """graphql-core reads it by default, so a member written into it would become an answer."""
    assert not execute_sync(SCHEMA, parse("{me{}}")).errors
    assert refused("{me{}}") == "unparsable-document"
