"""Without a schema: what the owner is told, and what the Purging API can do."""

from __future__ import annotations

import os
import subprocess

import httpx
import pytest

from controller.schemaless import LOST
from tests.e2e.schemaless.asking import detail
from tests.support.stack import (
    SHELLAC,
    Stack,
    assert_pass,
)

DEBUG = {"shellac-debug": "1"}


def shellac(stack: Stack, *arguments: str) -> str:
    done = subprocess.run(
        [SHELLAC, *arguments],
        cwd=stack.state_dir.parent,
        env={**os.environ, "SHELLAC_ADMIN_TOKEN": stack.token},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_it_says_what_is_lost(stack: Stack) -> None:
    assert "running without a schema (schema: false)" in stack.process.output()
    assert "every purge takes it" in stack.process.output()
    checked = shellac(stack, "check")
    assert "note: schema: there is none (schema: false): types are known only" in checked
    assert "nonCacheable: Vault.word: an answer with a null" in checked
    state = stack.http.get(f"{stack.admin_url}/readyz").json()
    assert state["ready"] is True
    assert state["schema"] == {"digest": None, "error": None, "lost": list(LOST)}


def test_explain_says_what_the_answer_will_decide(stack: Stack) -> None:
    said = shellac(stack, "explain", "{ ruled post(id: 1) { id } }")
    assert said.startswith("perhaps cached for at most 120 s")
    assert "Left to the answer" in said
    key = stack.query("{ ruled post(id: 1) { id } }", headers=DEBUG).headers["shellac-key"]
    assert key in said
    assert shellac(stack, "explain", "{ ruled }").startswith("cached for 120 s")


def test_the_purging_api_has_no_mutation_by_type(stack: Stack) -> None:
    asked = "{ __schema { mutationType { fields { name } } } }"
    fields = purging(stack, asked).json()["data"]["__schema"]["mutationType"]["fields"]
    names = {field["name"] for field in fields}
    assert {"_purgeAll", "_purgeType"} <= names
    assert not names & {"purgePost", "purgeAuthor", "purgeUser"}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ('mutation { _purgeType(type: "no name") }', "UNKNOWN_TYPE"),
        (
            'mutation { _purgeType(type: "Post", keyFields: [{name: "title", value: "x"}]) }',
            "UNKNOWN_KEY_FIELD",
        ),
    ],
)
def test_a_purge_of_what_can_be_no_type_or_key_is_an_error(
    stack: Stack, asked: str, code: str
) -> None:
    (error,) = purging(stack, asked).json()["errors"]
    assert error["extensions"]["code"] == code


def test_introspection_is_passed_to_an_origin_that_refuses_it(stack: Stack) -> None:
    asked = "{ __schema { queryType { name } } }"
    for _ in range(2):
        answer = assert_pass(stack.query(asked))
        assert detail(answer) == "introspection"
        assert answer.json() == {"errors": [{"message": "no introspection"}]}


def test_introspection_beside_data_is_passed_whole(stack: Stack) -> None:
    asked = '{ ruled __type(name: "Post") { name } }'
    for _ in range(2):
        answer = assert_pass(stack.query(asked))
        assert answer.json() == {"data": {"ruled": 1, "__type": {"name": "Post"}}}


def purging(stack: Stack, document: str) -> httpx.Response:
    return stack.http.post(
        f"{stack.admin_url}/{stack.name}",
        json={"query": document},
        headers={"stellate-token": stack.token},
    )
