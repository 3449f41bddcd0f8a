"""The canonical key: one for every spelling of a question, never one for two questions."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.core.canonical import canonical_json, canonical_key, declared
from controller.core.lexemes import Json, Lexeme, read_json
from tests.core.documents import documents
from tests.core.world import operation
from tests.support.effort import examples

NUMBERS = st.from_regex(
    re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,9})?([eE][-+]?[0-9]{1,3})?"), fullmatch=True
)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=8)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | TEXTS | NUMBERS.map(Lexeme),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def key(text: str, variables: str = "{}", name: str | None = None, digest: str = "d") -> str:
    """The key of a document with variables as JSON text."""
    values = read_json(variables).value
    assert isinstance(values, dict)
    return canonical_key(digest, operation(text, name), values)


def test_a_key_is_64_hex_digits_of_sha_256() -> None:
    assert re.fullmatch("[0-9a-f]{64}", key("{count}"))
    assert key("{count}") == sha256(b'["d",null,{},"%s"]' % sha256(b"{count}").encode())
    named = sha256(b"query Q{count}").encode()
    assert key("query Q { count }") == sha256(b'["d","Q",{},"%s"]' % named)


def sha256(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


Q = "query ($a: ID, $b: Int = 5, $c: Filter) { post(id: $a) { id } posts(first: $b, filter: $c) }"


@pytest.mark.parametrize(
    ("variables", "other"),
    [
        ('{"a":"1","b":2}', '{ "b" : 2 , "a" : "1" }'),
        ('{"a":"1"}', '{"a":"\\u0031"}'),
        ('{"a":"\u00e9"}', '{"a":"\\u00E9"}'),
        ('{"a":"\U0001f600"}', '{"a":"\\ud83d\\ude00"}'),
        ('{"c":{"tag":"x","sizes":[1]}}', '{"c":{"sizes":[1],"tag":"x"}}'),
        ('{"a":"1"}', '{"a":"1","undeclared":[1,2]}'),
        ("{}", '{"undeclared":null}'),
    ],
)
def test_variables_that_say_the_same_have_one_key(variables: str, other: str) -> None:
    assert key(Q, variables) == key(Q, other)


@pytest.mark.parametrize(
    ("variables", "other"),
    [
        ('{"b":1}', '{"b":1.0}'),
        ('{"b":1}', '{"b":1e0}'),
        ('{"b":1e0}', '{"b":1E0}'),
        ('{"b":0}', '{"b":-0}'),
        ('{"b":10000000000000000000000000001}', '{"b":10000000000000000000000000002}'),
        ('{"b":0.1}', '{"b":0.1000000000000000055511151231257827}'),
        ("{}", '{"b":5}'),
        ("{}", '{"b":null}'),
        ('{"a":1}', '{"a":"1"}'),
        ('{"a":true}', '{"a":"true"}'),
        ('{"a":null}', '{"a":"null"}'),
        ('{"a":"1","b":2}', '{"a":"2","b":1}'),
        ('{"c":{"tag":null}}', '{"c":{}}'),
        ('{"c":{"sizes":[1,2]}}', '{"c":{"sizes":[2,1]}}'),
        ('{"c":{"sizes":[]}}', '{"c":{"sizes":[null]}}'),
        ('{"c":[]}', '{"c":{}}'),
        ('{"a":"\\ud800"}', '{"a":"\\udfff"}'),
        ('{"a":"\\ud800"}', '{"a":"\\\\ud800"}'),
        ('{"a":"e\\u0301"}', '{"a":"\u00e9"}'),
        ('{"a":"x\\",\\"b\\":\\"y"}', '{"a":"x","b":"y"}'),
    ],
)
def test_variables_that_differ_have_two_keys(variables: str, other: str) -> None:
    assert key(Q, variables) != key(Q, other)


def test_the_name_of_the_only_operation_may_be_given_or_implied() -> None:
    assert key("query Q{count}", name="Q") == key("query Q{count}")


def test_what_is_not_selected_does_not_matter() -> None:
    several = "query R{me{id}} query Q{post{...A}} fragment A on Post{id} fragment B on Post{title}"
    assert key(several, name="Q") == key("query Q{post{...A}} fragment A on Post{id}")


def test_schema_and_policy_are_part_of_the_key() -> None:
    assert key("{count}", digest="d") != key("{count}", digest="e")


def test_parts_cannot_run_into_each_other() -> None:
    keys = {key("{count}", digest=digest) for digest in ("", "d", 'd",null,{},"', "d\0", "d,")}
    assert len(keys) == 5


@given(VALUES)
def test_canonical_json_is_json_of_the_same_value(value: Json) -> None:
    text = canonical_json(value)
    assert text.isascii()
    assert read_json(text).value == _paired(value)
    assert canonical_json(read_json(text).value) == text


def _paired(value: Json) -> Json:
    """Two surrogates side by side are one character in JSON."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(value, list):
        return [_paired(item) for item in value]
    if isinstance(value, dict):
        return {str(_paired(name)): _paired(item) for name, item in value.items()}
    return value


@given(VALUES)
def test_canonical_json_is_what_json_would_write(value: Json) -> None:
    plain = canonical_json(_without_numbers(value))
    assert plain == json.dumps(_without_numbers(value), sort_keys=True, separators=(",", ":"))


def _without_numbers(value: Json) -> Json:
    if isinstance(value, Lexeme):
        return value.text
    if isinstance(value, list):
        return [_without_numbers(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_numbers(item) for name, item in value.items()}
    return value


@given(VALUES, VALUES)
def test_two_values_have_two_texts(left: Json, right: Json) -> None:
    assert (canonical_json(left) == canonical_json(right)) == (_paired(left) == _paired(right))


@pytest.mark.parametrize("text", ["", "\x00\x1f\b\f\n/", "\x7f", "\u2028", "\ud800", "\U0001f600"])
def test_characters_are_escaped_as_json_does_by_default(text: str) -> None:
    value: Json = {text: [text, {"a": Lexeme("1.0")}]}
    written = json.dumps(text)
    assert canonical_json(value) == f'{{{written}:[{written},{{"a":1.0}}]}}'


def test_json_nests_as_deep_as_it_likes() -> None:
    deep: Json = []
    for _ in range(50_000):
        deep = [deep, {"a": True}]
    assert canonical_json(deep).count("[") == 50_001
    while isinstance(deep, list) and deep:
        deep = deep[0]  # taken apart by hand: so deep a value has a slow end


@given(st.dictionaries(st.sampled_from("abcx"), VALUES), st.randoms(use_true_random=False))
def test_neither_order_nor_undeclared_variables_matter(
    variables: Mapping[str, Json], picks: random.Random
) -> None:
    asked = operation("query ($a: ID, $b: ID, $c: ID) { count }")
    items = [(name, value) for name, value in variables.items() if name != "x"]
    picks.shuffle(items)
    shuffled = canonical_json(declared(asked, dict(items)))
    assert shuffled == canonical_json(declared(asked, variables))
    assert canonical_key("d", asked, dict(items)) == canonical_key("d", asked, variables)


_BETWEEN = st.sampled_from([" ", "\n", ",", "\t,", ' # a comment, " {\n', "\r\n", "\ufeff "])
_LEXICAL = re.compile(r'"(?:[^"\\]|\\.)*"|\.\.\.|[\w]+|[^\s\w]')


@settings(max_examples=examples(60), deadline=None)
@given(documents(), st.randoms(use_true_random=False), st.data())
def test_ignored_characters_and_the_order_of_definitions_do_not_matter(
    text: str, picks: random.Random, data: st.DataObject
) -> None:
    head, *fragments = re.split(r"(?=^fragment )", text, flags=re.MULTILINE)
    parts = [head, *fragments]
    picks.shuffle(parts)
    separators = data.draw(st.lists(_BETWEEN, min_size=1, max_size=5))
    tokens = _LEXICAL.findall(" ".join(parts))
    spaced = "".join(token + picks.choice(separators) for token in tokens)
    assert key(spaced) == key(text)


@settings(max_examples=examples(40), deadline=None)
@given(documents(), documents())
def test_documents_that_differ_have_two_keys(left: str, right: str) -> None:
    same = re.sub(r"\s", "", left) == re.sub(r"\s", "", right)
    if not same:
        assert key(left) != key(right)
