"""What a mutation purges without a schema."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.core.mutation import Answered, NotExecuted, Outcome, Unknown
from controller.core.operation import Operation, select_operation
from controller.core.tags import Purge
from controller.core.verdict import Mutation
from controller.schemaless import SchemalessBrain
from tests.core.free import answered, brain, rule

RULES = (rule(0, "Post"), rule(1, "Author"))
RENAME = "mutation { renamePost(id: 1) { id title } }"


def effect(
    found: SchemalessBrain, text: str, outcome: Outcome | Any
) -> tuple[Purge, tuple[str, ...]]:
    """``outcome`` may be data, in which ``T`` stands for the injected member."""
    operation = select_operation(text, None)
    assert isinstance(operation, Operation)
    sent = found.instrumented_source(operation)
    if isinstance(outcome, dict):
        alias = next(iter(sent.aliases), "none")
        body = json.dumps({"data": outcome}).replace('"T":', f'"{alias}":').encode()
        outcome = found.read_mutation(sent, body, 200).outcome
        assert isinstance(outcome, Answered)
    done = found.effect(Mutation(operation, {}), sent, outcome)
    return done.purge, done.unnamed


def test_an_entity_is_purged_with_what_could_be_it() -> None:
    purge, unnamed = effect(brain(*RULES), RENAME, {"renamePost": {"T": "Post", "id": 1}})
    assert {*purge.tags} == {
        *("key:Post:id:1", "some:Post", "some:Post.id", "null:Post", "unknown-type"),
    }
    assert unnamed == ()


def test_an_object_without_its_key_is_purged_by_its_type() -> None:
    asked = "mutation { renamePost(id: 1) { title } }"
    purge, _ = effect(brain(*RULES), asked, {"renamePost": {"T": "Post", "title": "x"}})
    assert {"type:Post", "list:Post", "null:Post", "mixed-list", "unknown-type"} <= {*purge.tags}


def test_an_answer_of_other_types_purges_those_of_the_name_too() -> None:
    asked = "mutation { deletePost(id: 1) { author { id } } }"
    answer = {"deletePost": {"T": "DeletePayload", "author": {"T": "Author", "id": 5}}}
    purge, _ = effect(brain(*RULES), asked, answer)
    assert {"key:Author:id:5", "type:Post"} <= {*purge.tags}


def test_a_flag_purges_what_the_name_says() -> None:
    purge, unnamed = effect(brain(*RULES), "mutation { deletePost }", {"deletePost": True})
    assert "type:Post" in purge.tags
    assert "type:Author" not in purge.tags
    assert unnamed == ()


def test_of_what_nothing_names_nothing_is_purged_and_that_is_said() -> None:
    purge, unnamed = effect(brain(*RULES), "mutation { ping }", {"ping": True})
    assert (purge.tags, purge.everything, unnamed) == ((), False, ("ping",))


@pytest.mark.parametrize("outcome", [Unknown(), Unknown({})])
def test_an_unknown_outcome_purges_what_it_could_touch(outcome: Outcome) -> None:
    purge, _ = effect(brain(*RULES), RENAME, outcome)
    assert {"type:Post", "list:Post", "unknown-type"} <= {*purge.tags}
    assert not purge.everything


def test_an_unknown_outcome_of_what_nothing_names_purges_everything() -> None:
    assert effect(brain(*RULES), "mutation { ping }", Unknown())[0].everything


def test_an_object_that_does_not_say_its_type_purges_everything() -> None:
    assert effect(brain(*RULES), RENAME, {"renamePost": {"id": 1}})[0].everything


def test_what_was_not_executed_purges_nothing() -> None:
    purge, _ = effect(brain(*RULES), RENAME, NotExecuted())
    assert (purge.tags, purge.everything) == ((), False)


def test_types_that_answers_have_named_are_known_to_names() -> None:
    found = brain(*RULES, rule(2, "Query"))
    assert effect(found, "mutation { dropGadget }", {"dropGadget": True})[1] == ("dropGadget",)
    answered(found, "{ gadget { id } }", {"gadget": {"T": "Gadget", "id": "g"}})
    purge, unnamed = effect(found, "mutation { dropGadget }", {"dropGadget": True})
    assert "type:Gadget" in purge.tags
    assert unnamed == ()


def test_what_a_mutation_has_named_once_counts_when_it_names_nothing() -> None:
    found = brain(*RULES)
    effect(found, "mutation { touch { id } }", {"touch": {"T": "Author", "id": 5}})
    purge, unnamed = effect(found, "mutation { touch { id } }", {"touch": None})
    assert "type:Author" in purge.tags
    assert unnamed == ()


def test_a_type_with_no_key_in_the_config_is_a_value() -> None:
    found = brain(*RULES, key_fields={"Money": ()})
    answered(found, "{ post { price { sum } } }", {"post": {"T": "Post", "price": {"T": "Money"}}})
    assert effect(found, "mutation { setMoney }", {"setMoney": True})[1] == ("setMoney",)
