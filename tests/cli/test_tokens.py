"""`shellac token` beside a running controller: what it says holds at once, without a restart."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from controller.tokens.store import NAME
from tests.support.net import wait_for
from tests.support.process import running
from tests.support.stack import SHELLAC, TOKEN, with_ports
from tests.support.tokens import Clock, Tokens

SDL = "type Query { post(id: ID!): Post } type Post { id: ID! title: String }"
PURGE = {"query": "mutation { purgePost(id: 5) }"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    # There is no Varnish, so no purge is applied.
    purge = {"waitTimeout": "200ms"}
    origin = "http://127.0.0.1:9/graphql"
    config = {"name": "shop", "originUrl": origin, "schema": SDL, "purge": purge}
    settings = with_ports(config, state_dir=tmp_path / "state")
    (tmp_path / "shellac.yaml").write_text(yaml.safe_dump(settings))
    return tmp_path


@contextmanager
def controller(folder: Path) -> Iterator[httpx.Client]:
    """A controller whose Varnish is away; a client of its admin listener."""
    config = yaml.safe_load((folder / "shellac.yaml").read_text())
    address = f"http://{config['controller']['adminListen']}"
    with (
        running(
            [SHELLAC, "serve", "--config", folder / "shellac.yaml"],
            log=folder / "controller.log",
            env={"SHELLAC_ADMIN_TOKEN": TOKEN},
        ) as process,
        httpx.Client(base_url=address, timeout=60) as http,
    ):

        def healthy() -> bool:
            process.check_alive()
            try:
                return http.get("/healthz").status_code == 200
            except httpx.TransportError:
                return False

        wait_for(healthy, what="the controller to answer")
        yield http


def shellac(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(
        [SHELLAC, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def create(folder: Path, *arguments: str) -> str:
    """A new token, taken from stdout as a script takes it."""
    return shellac(folder, "token", "create", *arguments).stdout.removesuffix("\n")


def listed(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(shellac(folder, "token", "list", "--json").stdout)
    return found


def purge(http: httpx.Client, token: str, **headers: str) -> httpx.Response:
    return http.post("/shop", json=PURGE, headers={"Authorization": f"Bearer {token}", **headers})


def message(response: httpx.Response) -> str:
    text: str = response.json()["errors"][0]["message"]
    return text


def test_created_used_and_revoked_while_the_controller_runs(folder: Path) -> None:
    with controller(folder) as http:
        token = create(folder, "--name", "deploy-bot", "--expires", "90d")
        response = purge(http, token)
        assert (response.status_code, response.json()["data"]) == (200, {"purgePost": True})
        done = shellac(folder, "purge", "type", "Post", "--id", "5", "--token", token, code=5)
        assert "recorded" in done.stdout
        (known,) = wait_for(
            lambda: [each for each in listed(folder) if each["lastUsed"]], what="the last use"
        )
        assert (known["name"], known["scope"], known["status"]) == ("deploy-bot", "purge", "valid")
        assert known["created"] <= known["lastUsed"] < known["expires"]
        assert http.get("/nodes", headers={"stellate-token": token}).status_code == 403

        revoked = shellac(folder, "token", "revoke", known["id"])
        assert revoked.stdout == f'{known["id"]} "deploy-bot" is revoked\n'
        response = purge(http, token)
        assert response.status_code == 401
        assert f"({known['id']}) was revoked at" in message(response)
        refused = shellac(folder, "purge", "all", "--token", token, code=4)
        assert "was revoked" in refused.stderr
        assert "is already revoked" in shellac(folder, "token", "revoke", known["id"]).stdout

        admin = create(folder, "--name", "ops", "--scope", "admin")
        assert http.get("/nodes", headers={"stellate-token": admin}).status_code == 200
    with controller(folder) as http:
        assert purge(http, admin).status_code == 200
        assert "was revoked" in message(purge(http, token))


def test_the_token_is_all_there_is_on_stdout(folder: Path) -> None:
    done = shellac(folder, "token", "create", "--name", "Max (CI)")
    token = done.stdout.removesuffix("\n")
    assert token.startswith("shellac_")
    assert " " not in token
    assert token not in done.stderr
    for words in ('"Max (CI)"', "scope purge", "until it is revoked", str(folder / "state")):
        assert words in done.stderr
    assert "token" not in shellac(folder, "token", "list").stdout.split()


def test_the_list_shows_what_was_revoked_and_what_is_over(folder: Path) -> None:
    assert "There are no tokens" in shellac(folder, "token", "list").stderr
    assert listed(folder) == []
    assert not (folder / "state").exists()
    first = create(folder, "--name", "first")
    Tokens(folder / "state" / NAME, Clock(1_700_000_000.0)).make("second", seconds=60)
    shellac(folder, "token", "revoke", first)  # the whole token serves as well as its id
    found = {token["name"]: token for token in listed(folder)}
    assert (found["first"]["status"], found["second"]["status"]) == ("revoked", "expired")
    assert (found["first"]["expires"], found["second"]["revoked"]) == (None, None)
    assert found["second"]["expires"] == "2023-11-14T22:14:20Z"
    head, second, _ = shellac(folder, "token", "list").stdout.splitlines()
    columns = ["id", "name", "scope", "created", "expires", "lastUsed", "revoked", "status"]
    assert head.split() == columns
    assert second.split()[1:3] == ["second", "purge"]
    assert second.split()[-3:] == ["never", "never", "expired"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["create"], "--name"),
        (["create", "--name", ""], "is no name"),
        (["create", "--name", "a" * 65], "is no name"),
        (["create", "--name", "a\nb"], "is no name"),
        (["create", "--name", "a", "--scope", "all"], "'purge', 'admin'"),
        (["create", "--name", "a", "--expires", "soon"], "is no duration"),
        (["create", "--name", "a", "--expires", "0d"], "more than 0"),
        (["revoke", "12345678"], "shellac token list"),
    ],
)
def test_a_command_that_cannot_be_meant_so_makes_nothing(
    folder: Path, arguments: list[str], words: str
) -> None:
    done = shellac(folder, "token", *arguments, code=2)
    assert words in done.stderr
    assert done.stdout == ""
    assert listed(folder) == []


def test_a_store_that_cannot_be_used_is_named(folder: Path) -> None:
    (folder / "state" / NAME).mkdir(parents=True)
    done = shellac(folder, "token", "create", "--name", "a", code=1)
    assert f"the token store {folder / 'state' / NAME} cannot be used" in done.stderr
    assert done.stdout == ""


def test_nobody_chooses_the_address_that_wrong_tokens_count_for(folder: Path) -> None:
    with controller(folder) as http:
        for number in range(10):
            forwarded = {"X-Forwarded-For": f"192.0.2.{number}"}
            assert purge(http, f"wrong-{number}", **forwarded).status_code == 401
        limited = purge(http, "wrong", **{"X-Forwarded-For": "192.0.2.99"})
        assert limited.status_code == 429
        assert 1 <= int(limited.headers["retry-after"]) <= 6
        assert purge(http, create(folder, "--name", "a")).status_code == 200
