"""``fieldTypes`` and ``globalIds``: tags that the owner asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from controller.cli.check import check_schema
from controller.core.answer import Answer, read_answer
from controller.core.instrument import instrument
from controller.core.instrument_source import instrument_source
from controller.core.mutation import (
    Answered,
    purge_entity_tags,
    purge_for_mutation,
    purge_id_tags,
    purge_type_tags,
)
from controller.core.policy import Policy
from controller.core.schema import SchemaIndex
from controller.policy_of import policy_of
from tests.core.documents import VARIABLES, documents
from tests.core.naive import TYPE, naive_objects, naive_text
from tests.core.world import ENTITIES, POLICY, PREFIX, SCHEMA, STYLES, World, operation
from tests.support.effort import examples
from vclgen.config import Config

COUNTED = SchemaIndex(
    SCHEMA,
    replace(
        POLICY,
        field_types={
            "Query.count": ("Post", "Money"),
            "UserList.size": ("User",),
            "Titled.title": ("Node",),
            "Post.body": ("Counter",),
        },
    ),
)
GLOBAL = SchemaIndex(SCHEMA, replace(POLICY, global_ids=True))


def tags(text: str, body: str, index: SchemaIndex, **variables: Any) -> set[str]:
    asked = operation(text)
    sent = instrument(index, asked, prefix=PREFIX)
    answer = read_answer(index, asked, sent, body.replace("@", PREFIX).encode(), variables)
    assert isinstance(answer, Answer), answer
    assert not answer.too_many_tags
    return set(answer.tags)


def declared(found: set[str], name: str) -> bool:
    """Whether every kind of purge of the type reaches an answer with these tags."""
    entity = purge_entity_tags(COUNTED, name, ("id",), ["never seen"])
    each = [{tag} & found for tag in (f"type:{name}", f"list:{name}")]
    return bool(set(entity) & found) and all(each)


# fieldTypes


def test_a_count_is_purged_by_every_purge_of_what_it_counts() -> None:
    found = tags("{count}", '{"data":{"count":3}}', COUNTED)
    assert {"some:Post", "type:Post", "list:Post"} <= found
    assert set(purge_entity_tags(COUNTED, "Post", ("id",), ["5"])) & found
    assert set(purge_type_tags(COUNTED, "Post")) & found
    assert declared(found, "Money")


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("{c:count}", '{"data":{"c":3}}'),
        ("{me{id query{count}}}", '{"data":{"me":{"id":1,"query":{"count":3}}}}'),
        ("{...F}fragment F on Query{count}", '{"data":{"count":3}}'),
        ("{...{count}}", '{"data":{"count":3}}'),
        ("query($n:Boolean!){count@include(if:$n)}", '{"data":{}}'),
        ("{me{id query{count}}}", '{"data":{"me":null}}'),
        ("{count}", '{"data":null,"errors":[{"message":"e"}]}'),
    ],
)
def test_wherever_the_field_stands_and_whatever_came_of_it(text: str, body: str) -> None:
    assert declared(tags(text, body, COUNTED, n=False), "Post")


def test_other_fields_of_the_name_say_nothing() -> None:
    found = tags("{me{id}feed{totalCount}}", '{"data":{"me":null,"feed":null}}', COUNTED)
    assert not declared(found, "Money")
    found = tags("{count}", '{"data":{"count":3}}', COUNTED)
    assert not declared(found, "User")


def test_an_interfaces_field_counts_for_its_members_and_a_members_on_the_interface() -> None:
    body = '{"data":{"post":{"id":1,"title":"t"}}}'
    assert declared(tags("{post{id title}}", body, COUNTED), "Page")
    body = '{"data":{"titled":[]}}'
    assert declared(tags("{titled{title}}", body, COUNTED), "User")
    index = SchemaIndex(SCHEMA, replace(POLICY, field_types={"Post.title": ("Counter",)}))
    assert declared(tags("{titled{title}}", body, index), "Counter")
    index = SchemaIndex(SCHEMA, replace(POLICY, field_types={"User.name": ("Counter",)}))
    assert not declared(tags("{titled{title}}", body, index), "Counter")


def test_over_the_limit_a_declared_type_makes_room_like_any_other() -> None:
    index = SchemaIndex(SCHEMA, replace(COUNTED.policy, max_tags=16))
    posts = ",".join(f'{{"@0":{n},"owner":null}}' for n in range(50))
    found = tags("{count posts{owner{id}}}", f'{{"data":{{"count":3,"posts":[{posts}]}}}}', index)
    assert declared(found, "Post")
    assert len(found) <= 16


def test_check_names_what_the_schema_does_not_know() -> None:
    config = Config.model_validate(
        {
            "originUrl": "http://origin.test/",
            "fieldTypes": {
                "Query.count": ["Post", "Pots"],
                "Query.cuont": ["Post"],
                "Qery.count": ["Post"],
            },
        }
    )
    found = [str(f) for f in check_schema(config, SCHEMA) if f.level == "error"]
    assert found == [
        "error: fieldTypes.Query.count: the schema has no type Pots, did you mean Post?",
        "error: fieldTypes: the type Query has no field cuont, did you mean count?",
        "error: fieldTypes: the schema has no type Qery, did you mean Query?",
    ]


@pytest.mark.parametrize(
    "written",
    [{"count": ["Post"]}, {"Query.count": []}, {"Query.c-t": ["Post"]}, {"Query.": ["A"]}],
)
def test_what_names_no_field_or_no_type_is_refused(written: dict[str, list[str]]) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate({"originUrl": "http://origin.test/", "fieldTypes": written})


# globalIds


def test_an_entity_is_tagged_by_its_id_alone() -> None:
    found = tags("{post{title}}", '{"data":{"post":{"@0":5,"title":"t"}}}', GLOBAL)
    assert {"id:5", "key:Post:id:5"} <= found
    assert not {"some-id", "null-id"} & found
    plain = tags(
        "{post{title}}", '{"data":{"post":{"@0":5,"title":"t"}}}', SchemaIndex(SCHEMA, POLICY)
    )
    assert not {"id:5", "some-id"} & plain


def test_an_entity_without_its_id_and_a_null_are_purged_with_any_id() -> None:
    found = tags("{post{title}}", '{"data":{"post":{"@0":null,"title":"t"}}}', GLOBAL)
    assert "some-id" in found
    found = tags("{post{title}}", '{"data":{"post":null}}', GLOBAL)
    assert "null-id" in found
    found = tags("{post{id price{amount}}}", '{"data":{"post":{"id":1,"price":null}}}', GLOBAL)
    assert "null-id" not in found


def test_over_the_limit_an_id_is_still_purged() -> None:
    index = SchemaIndex(SCHEMA, replace(GLOBAL.policy, max_tags=10))
    posts = ",".join(f'{{"@0":{n},"title":null}}' for n in range(50))
    found = tags("{posts{title}}", f'{{"data":{{"posts":[{posts}]}}}}', index)
    assert len(found) <= 10
    assert set(purge_id_tags("7")) & found


def test_a_mutation_purges_the_id_alone_as_well() -> None:
    asked = operation("mutation{befriend{name}}")
    layout = instrument_source(GLOBAL, asked, prefix=PREFIX).layout
    answer = Answered({"befriend": {f"{PREFIX}0": 7, "name": "n"}})
    found = purge_for_mutation(GLOBAL, asked, layout, answer)
    assert set(found.tags) == {"key:User:id:7", "some:User", "null:User", "id:7"}


def test_an_id_is_a_key_of_whatever_has_a_key() -> None:
    config = Config.model_validate(
        {
            "originUrl": "http://origin.test/",
            "globalIds": True,
            "keyFields": {
                "defaults": ["key"],
                "types": {"Post": ["slug"], "Money": [], "User": ["id"]},
            },
        }
    )
    policy = policy_of(config)
    assert policy.global_ids
    assert policy.default_keys == (("key",), ("id",))
    assert policy.key_fields == {"Post": (("slug",), ("id",)), "Money": (), "User": (("id",),)}
    off = policy_of(config.model_copy(update={"global_ids": False}))
    assert off.default_keys == (("key",),)
    assert off.key_fields["Post"] == (("slug",),)
    assert isinstance(off, Policy)


def test_every_entity_of_an_answer_is_purged_by_its_id() -> None:
    """However few tags there may be, as long as the answer may be stored."""
    seen = {"by id": 0, "by some": 0}

    @settings(max_examples=examples(200), deadline=None)
    @given(documents(), st.integers(0, 2**30), st.integers(0, 8))
    def check(text: str, seed: int, fewer: int) -> None:
        world, asked = World(seed, nulls=0.05), operation(text)
        sent = instrument(GLOBAL, asked, prefix=PREFIX)
        body = STYLES["compact"](world.run(sent.text, VARIABLES))
        answer = read_answer(GLOBAL, asked, sent, body, VARIABLES)
        assert isinstance(answer, Answer)
        policy = replace(GLOBAL.policy, max_tags=len(answer.tags) - fewer)
        answer = read_answer(SchemaIndex(SCHEMA, policy), asked, sent, body, VARIABLES)
        assert isinstance(answer, Answer)
        if answer.too_many_tags:
            return
        for found in naive_objects(world.run(naive_text(text), VARIABLES)["data"]):
            value = found.get(f"zz{found[TYPE]}id")
            if found[TYPE] in ENTITIES and value is not None:
                seen["by id"] += f"id:{value}" in answer.tags
                seen["by some"] += "some-id" in answer.tags
                assert set(purge_id_tags(str(value))) & set(answer.tags)

    check()
    assert min(seen.values()) > 20, seen
