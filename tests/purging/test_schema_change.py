"""A service whose schema changes while it runs, and whose ids identify without their type."""

from __future__ import annotations

import os
import subprocess
from typing import Any

from graphql import build_schema

from tests.purging.conftest import QUERIES, Site
from tests.purging.origin import SDL
from tests.support.net import wait_for
from tests.support.stack import SHELLAC, TOKEN, assert_hit, assert_miss, send

TOKENS = {"stellate-token": TOKEN}


def mutations(changing_site: Site) -> set[str]:
    answer = changing_site.ask("{ __schema { mutationType { fields { name } } } }")
    return {field["name"] for field in answer["data"]["__schema"]["mutationType"]["fields"]}


def stored(changing_site: Site, document: str) -> None:
    changing_site.read(document)
    assert_hit(changing_site.read(document))


def test_ids_alone_purge_entities_of_every_type(changing_site: Site) -> None:
    changing_site.stack.purge("mutation { _purgeAll }")
    changing_site.fill()
    changing_site.ask("mutation { _purgeId(ids: [5, 42]) }")
    changing_site.assert_gone("user 5", "users", "found", "post 5", "posts", "todo 42", "todos")
    changing_site.fill()
    command = [SHELLAC, "purge", "id", "12", "43"]
    command += ["--config", changing_site.stack.state_dir.parent / "shellac.yaml"]
    env = {**os.environ, "SHELLAC_ADMIN_TOKEN": TOKEN}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    changing_site.assert_gone("post 12", "todo 43")
    changing_site.fill()
    url = f"{changing_site.stack.admin_url}/purge"
    answer = changing_site.stack.http.post(url, json={"globalId": "6"}, headers=TOKENS)
    assert answer.status_code == 200, answer.text
    changing_site.assert_gone("user 6", "posts")


def test_a_type_that_the_origin_gets_has_a_mutation(changing_site: Site) -> None:
    """And one that it loses has none any more."""
    assert "purgeTodo" in mutations(changing_site)
    assert "purgeTask" not in mutations(changing_site)
    changing_site.origin.schema = build_schema(SDL.replace("Todo", "Task"))
    try:
        wait_for(lambda: "purgeTask" in mutations(changing_site), what="the new schema")
        assert "purgeTodo" not in mutations(changing_site)
        refused: dict[str, Any] = send(
            changing_site.stack.http, changing_site.api, "mutation { purgeTodo }", headers=TOKENS
        ).json()
        assert "Did you mean" in refused["errors"][0]["message"]
    finally:
        changing_site.origin.schema = build_schema(SDL)
    wait_for(lambda: "purgeTodo" in mutations(changing_site), what="the old schema")


def test_a_pushed_schema_has_its_mutations_at_once(changing_site: Site) -> None:
    other = QUERIES["other package"]
    package = QUERIES["package"]
    sdl = SDL.replace("type Package { name: String! }", "type Package { name: ID! size: Int }")
    sdl = sdl.replace("users: [User!]!", "users: [User!]! people: [User!]!")
    pushed = changing_site.stack.http.post(
        f"{changing_site.stack.admin_url}/schema", content=sdl, headers=TOKENS
    )
    assert pushed.json() == {"changed": True}, pushed.text
    try:
        assert "purgeQuery_people" in mutations(changing_site)
        wait_for(lambda: is_ready(changing_site), what="the node to have the new plan")
        stored(changing_site, package)
        stored(changing_site, other)
        changing_site.ask('mutation { _purgeQuery(queries: people) purgePackage(name: "graphql") }')
        assert_hit(changing_site.read(package))
        assert_miss(changing_site.read(other))
    finally:
        (changing_site.stack.state_dir / "pushed.graphql").unlink()
    wait_for(
        lambda: "purgeQuery_people" not in mutations(changing_site), what="the origin's schema"
    )


def is_ready(site: Site) -> bool:
    """Whether the node has been emptied for the schema of now."""
    return site.stack.http.get(f"{site.stack.admin_url}/readyz").is_success
