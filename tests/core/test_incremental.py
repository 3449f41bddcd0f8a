"""What each part of a mutation's answer purges, in the three forms in which parts are written."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from controller.core.incremental import PartsReader
from controller.core.instrument_source import instrument_source
from controller.core.mutation import purge_for_mutation
from controller.core.mutation_answer import read_mutation_answer
from tests.core.test_mutation import entity, types
from tests.core.test_mutation_policy import index, post
from tests.core.world import PREFIX, operation

TEXT = (
    "mutation { updatePost(id: 5) { id ... @defer { author { id name } } comments @stream { id } } "
    "createUser { id } }"
)
FIRST = {
    "data": {"updatePost": {"id": 5, "comments": []}, "createUser": {"id": "1"}},
    "hasNext": True,
}
AUTHOR = {"author": {"id": "7", "name": "n"}}
COMMENTS = [{"id": "1"}, {"id": "2"}]
BEFORE_2022 = [
    {"path": ["updatePost"], "data": AUTHOR, "hasNext": True},
    {"path": ["updatePost", "comments", 0], "items": COMMENTS, "hasNext": False},
]
OF_2022 = [
    {"incremental": [{"path": ["updatePost"], "data": AUTHOR}], "hasNext": True},
    {
        "incremental": [{"path": ["updatePost", "comments", 0], "items": COMMENTS}],
        "hasNext": False,
    },
]
PENDING = [{"id": "0", "path": ["updatePost"]}, {"id": "1", "path": ["updatePost", "comments"]}]
DRAFT = [
    {"incremental": [{"id": "0", "data": AUTHOR}], "completed": [{"id": "0"}], "hasNext": True},
    {"incremental": [{"id": "1", "items": COMMENTS}], "completed": [{"id": "1"}], "hasNext": False},
]
STATIC = types("Post", "User", "Comment")


class Answer:
    """One answer as its parts come; each gives the tags that it purges."""

    def __init__(self, policy: Any = "Entity", **entries: Any) -> None:
        self.index = index(policy, **entries)
        self.operation = operation(TEXT)
        self.sent = instrument_source(self.index, self.operation, prefix=PREFIX)
        self.reader = PartsReader(self.sent, partial(read_mutation_answer, self.sent))

    def part(self, part: object) -> set[str]:
        body = part if isinstance(part, bytes) else json.dumps(part).encode()
        read = self.reader.read(body)
        assert read.body == body
        return {
            tag
            for outcome in read.outcomes
            for tag in purge_for_mutation(
                self.index, self.operation, self.sent.layout, outcome
            ).tags
        }


@pytest.mark.parametrize(
    ("first", "later"),
    [(FIRST, BEFORE_2022), (FIRST, OF_2022), ({**FIRST, "pending": PENDING}, DRAFT)],
)
def test_the_first_part_purges_what_is_open_and_each_later_one_its_entities(
    first: Any, later: Any
) -> None:
    answer = Answer()
    assert answer.part(first) == STATIC | post("5") | entity("User", "1")
    assert answer.part({"hasNext": True}) == set()
    assert answer.part(later[0]) == post("5") | entity("User", "7")
    assert not answer.reader.complete
    assert answer.part(later[1]) == post("5") | entity("Comment", "1") | entity("Comment", "2")
    assert answer.reader.complete


def test_a_place_below_a_pending_one_and_one_in_an_earlier_part() -> None:
    answer = Answer()
    answer.part({**FIRST, "pending": PENDING})
    answer.part(DRAFT[0])
    inner = {"id": "0", "subPath": ["author"], "data": {"name": "x"}}
    assert answer.part({"incremental": [inner], "hasNext": True}) == post("5") | entity("User", "7")


def test_later_parts_follow_the_policy_of_their_field() -> None:
    by_type = Answer("Type")
    by_type.part(FIRST)
    assert by_type.part(OF_2022[0]) == types("Post", "User")
    lists = Answer("List")
    lists.part(FIRST)
    found = post("5") | entity("User", "7") | {"list:Post", "list:User"}
    assert lists.part(OF_2022[0]) == found


@pytest.mark.parametrize(
    "part",
    [
        b"{",
        b"[]",
        {"incremental": [{"data": AUTHOR}], "hasNext": True},
        {"incremental": [{"id": "9", "data": AUTHOR}], "hasNext": True},
        {"incremental": [{"path": ["nope"], "data": AUTHOR}], "hasNext": True},
        {"incremental": [{"path": ["updatePost", "id"], "data": AUTHOR}], "hasNext": True},
        {"incremental": [{"path": ["updatePost"], "items": []}], "hasNext": True},
        {"incremental": [{"path": ["updatePost"], "data": {"author": 5}}], "hasNext": True},
        {"incremental": [{"path": ["updatePost"], "data": None, "errors": [{}]}], "hasNext": True},
        {"completed": [{"id": "0", "errors": [{"message": "m"}]}], "hasNext": True},
        {"new": "form"},
    ],
)
def test_a_part_that_is_not_understood_or_failed_purges_all_it_could_touch(part: Any) -> None:
    answer = Answer()
    answer.part({**FIRST, "pending": PENDING})
    assert answer.part(part) >= STATIC
    assert not answer.reader.complete


def test_a_first_part_that_is_the_only_one_is_read_as_a_whole_answer() -> None:
    data = {**FIRST["data"], "updatePost": {"id": 5, "comments": [], **AUTHOR}}  # type: ignore[dict-item]
    answer = Answer()
    named = post("5") | entity("User", "1") | entity("User", "7")
    assert answer.part({"data": data, "hasNext": False}) == named
    assert answer.reader.complete
    refused = Answer()
    assert refused.part({"errors": [{"message": "m"}]}) == set()
    assert refused.reader.complete
