"""``shellac purge`` as a person or a script uses it, beside a running service."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.purging.conftest import CONFIG, QUERIES, Site
from tests.purging.origin import running_origin
from tests.support.net import wait_for
from tests.support.process import child_of
from tests.support.stack import SHELLAC, TOKEN, assert_hit, assert_miss, stack_before


def shellac(site: Site, *arguments: str, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    file = site.stack.state_dir.parent / "shellac.yaml"
    command = [SHELLAC, "purge", arguments[0], "--config", file, *arguments[1:]]
    env = {**os.environ, "SHELLAC_ADMIN_TOKEN": token}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "gone"),
    [
        (["type", "User", "--id", "5"], ["user 5", "users", "found"]),
        (["type", "User", "--id", "1", "--id", "6"], ["user 1", "user 6", "users"]),
        (["type", "Package", "--key", "name=graphql"], ["other package"]),
        (["type", "Todo"], ["todo 42", "todo 43", "todos"]),
        (["query", "posts"], ["posts", "two posts"]),
        (["query", "posts", "todos"], ["posts", "two posts", "todos"]),
        (["query-field", "posts", "--args", '{"limit": 2}'], ["two posts"]),
        (["query-field", "package"], ["no package"]),
        (
            ["query-field", "user", "--args", '{"id": 5}', "--args", '{"id": "6"}'],
            ["user 5", "user 6"],
        ),
        (["operation", "listUsers", "user1"], ["users", "user 1"]),
        (["tags", "key:User:id:6", "operation:user1"], ["user 6", "user 1"]),
        (["all"], [*QUERIES]),
    ],
    ids=" ".join,
)
def test_each_command_purges_what_it_says(
    site: Site, arguments: list[str], gone: list[str]
) -> None:
    done = shellac(site, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "  applied  " in done.stdout
    assert done.stdout.endswith("\npurged\n")
    site.assert_gone(*gone)


def test_a_dry_run_says_how_many(site: Site) -> None:
    done = shellac(site, "type", "User", "--dry-run")
    assert (done.returncode, done.stdout) == (0, "would purge 5 objects\n"), done.stderr
    site.assert_gone()


def test_json_is_the_answer_of_the_api(site: Site) -> None:
    done = shellac(site, "query", "todos", "--refresh", "--json")
    answer = json.loads(done.stdout)
    assert answer["data"] == {"done": True}
    assert answer["extensions"]["shellac"]["refresh"] == {"queued": 1}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["type", "Usr"], 4, "Did you mean 'User'?"),
        (["query", "pots"], 4, "Did you mean"),
        (["query-field", "posts", "--args", "[]"], 2, "JSON object"),
        (["query-field", "posts", "--args", "{"], 2, "no JSON"),
        (["query-field", "posts", "--args", '{"above": NaN}'], 2, "no JSON number"),
        (["query-field", "posts", "--args", '{"limt": 1}'], 4, "Did you mean 'limit'?"),
        (["operation", "no name"], 4, "no operation name"),
        (["tags", "kye:User:id:5"], 4, "is no tag"),
        (["type", "User", "--key", "title=x"], 4, "its key is id"),
        (["type", os.fsdecode(b"\xff")], 2, "not UTF-8"),
        (["type"], 2, "Missing argument"),
        (["type", "User", "--key", "name"], 2, "NAME=VALUE"),
        (["id", "5"], 4, "globalIds"),
        (["all", "--url", "http://127.0.0.1:9"], 4, "cannot be reached"),
        (["all", "--url", "http://127.0.0.1:bad"], 4, "cannot be reached"),
        (["all", "--config", "/nowhere.yaml"], 2, "/nowhere.yaml"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_on_stderr(
    site: Site, arguments: list[str], code: int, says: str
) -> None:
    done = shellac(site, *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert says in " ".join(done.stderr.split())
    site.assert_gone()


def test_a_wrong_token_is_said_so(site: Site) -> None:
    done = shellac(site, "all", token="wrong")
    assert (done.returncode, done.stdout) == (4, "")
    assert "The token is not valid" in done.stderr
    assert shellac(site, "all", "--token", TOKEN, token="wrong").returncode == 0
    site.assert_gone(*QUERIES)


def test_the_token_that_up_keeps_is_the_default(site: Site) -> None:
    kept = site.stack.state_dir / "admin.token"
    kept.write_text(TOKEN)
    try:
        assert shellac(site, "type", "Todo", token="").returncode == 0
    finally:
        kept.unlink()
    assert shellac(site, "type", "User", token="").returncode == 4
    site.assert_gone("todo 42", "todo 43", "todos")


def test_json_holds_the_errors_too(site: Site) -> None:
    done = shellac(site, "type", "Usr", "--json")
    assert done.returncode == 4
    (error,) = json.loads(done.stdout)["errors"]
    assert error["extensions"]["code"] == "UNKNOWN_TYPE"


def test_a_server_that_is_no_purging_api_has_purged_nothing(site: Site) -> None:
    done = shellac(site, "all", "--url", f"{site.stack.admin_url}/elsewhere")
    assert (done.returncode, done.stdout) == (4, "")
    assert "is no Purging API" in done.stderr
    site.assert_gone()


def test_a_soft_purge_leaves_what_is_stale(site: Site) -> None:
    done = shellac(site, "type", "User", "--id", "5", "--soft")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "purged"), done.stderr
    stale = assert_hit(site.read(QUERIES["user 5"]))
    assert re.search(r"hit; ttl=(-|0$)", stale.headers["cache-status"])
    site.assert_gone()


def test_a_refresh_says_how_many_are_fetched_again(site: Site) -> None:
    done = shellac(site, "type", "User", "--id", "5", "--refresh")
    assert done.stdout.splitlines()[-1] == "purged; 3 objects are fetched again", done.stderr
    wait_for(lambda: len(site.origin.asked) == 3, what="the fetches of the refresh")
    site.assert_gone()


def test_a_long_number_is_sent_as_it_is_written(site: Site) -> None:
    """Through a float it would be another one."""
    digits = "0.123456789012345678901234"
    query = f'query long {{ todo(id: "{digits}") {{ text }} }}'
    assert_miss(site.read(query))
    assert_hit(site.read(query))
    assert shellac(site, "query-field", "todo", "--args", f'{{"id": {digits}}}').returncode == 0
    assert_miss(site.read(query))
    site.assert_gone()


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Site]:
    """A site that waits a second for its purges: a Varnish that is stopped for long is killed."""
    config = {**CONFIG, "purge": {"waitTimeout": "1s"}}
    with stack_before(running_origin(), config, tmp_path) as (stack, origin):
        yield Site(stack, origin)


def test_a_node_that_does_not_answer_is_exit_code_5(impatient: Site) -> None:
    """And the field is still true: the log delivers the purge."""
    site = impatient
    site.fill()
    manager = wait_for(lambda: child_of(site.stack.process.pid, "varnishd"), what="varnishd")
    child = child_of(manager, "varnishd")
    os.kill(child, signal.SIGSTOP)
    try:
        done = shellac(site, "type", "User", "--id", "5")
        answer = site.ask("mutation { purgeUser(id: 6) }")
    finally:
        os.kill(child, signal.SIGCONT)
    assert done.returncode == 5, done.stdout + done.stderr
    assert done.stdout.endswith("\nrecorded; not applied everywhere yet\n")
    assert answer["data"] == {"purgeUser": True}
    (node,) = answer["extensions"]["shellac"]["nodes"]
    assert node["result"] in ("pending", "unreachable")
    assert node["milliseconds"] >= 150
    assert "objects" not in node
    wait_for(
        lambda: (
            site.ask("mutation { purgeUser(id: 6) }")["extensions"]["shellac"]["nodes"][0]["result"]
            == "applied"
        ),
        what="the node to answer again",
    )
    site.assert_gone("user 5", "user 6", "users", "found")
