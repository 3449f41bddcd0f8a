"""Varnish and controller started apart, as in production: what each does without the other."""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from tests.e2e.apart import Apart, running_apart
from tests.support.net import wait_for
from tests.support.process import running
from tests.support.stack import SHELLAC, TOKEN, assert_hit, assert_miss, describe, send


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Apart]:
    with running_apart(tmp_path, {"purge": {"waitTimeout": "1s"}}) as apart:
        yield apart


def test_a_dead_controller_leaves_hits_running_and_the_next_one_goes_on(apart: Apart) -> None:
    with apart.controller() as controller:
        assert_miss(apart.query("{ tags { name } }"))
        controller.popen.send_signal(signal.SIGKILL)
        controller.popen.wait()
        for _ in range(3):
            assert_hit(apart.query("{ tags { name } }"))
        unknown = apart.query("{ authors { name } }")
        assert unknown.status_code == 503, describe(unknown)
        assert unknown.json()["errors"][0]["extensions"]["code"] == "SHELLAC_503"
        mutation = apart.query("mutation { likePost(id: 1) { likes } }")
        assert mutation.status_code == 503, describe(mutation)
    with apart.controller():
        assert_hit(apart.query("{ tags { name } }"))
        assert_miss(apart.query("{ authors { name } }"))


def test_a_purge_that_a_dead_varnish_missed_is_not_needed_by_the_next(apart: Apart) -> None:
    with apart.controller():
        assert_miss(apart.query("{ post(id: 1) { title } }"))
        apart.varnish.popen.send_signal(signal.SIGTERM)
        apart.varnish.popen.wait()
        answer = send(
            apart.http,
            f"{apart.admin_url}/demo",
            "mutation { purgePost(id: 1) }",
            headers={"stellate-token": TOKEN},
        )
        assert answer.json()["data"] == {"purgePost": True}, describe(answer)
        nodes = answer.json()["extensions"]["shellac"]["nodes"]
        assert [node["result"] for node in nodes] != ["applied"]
        assert apart.http.get(f"{apart.admin_url}/readyz").status_code == 503


def test_the_admin_listener_of_the_controller_wants_a_token(apart: Apart) -> None:
    with apart.controller():
        for headers in ({}, {"stellate-token": "wrong"}, {"authorization": "Bearer wrong"}):
            answer = send(
                apart.http, f"{apart.admin_url}/demo", "mutation { _purgeAll }", headers=headers
            )
            assert answer.status_code == 401, describe(answer)
        bearer = {"authorization": f"Bearer {TOKEN}"}
        answer = send(
            apart.http, f"{apart.admin_url}/demo", "mutation { _purgeAll }", headers=bearer
        )
        assert answer.json()["data"] == {"_purgeAll": True}


def test_a_varnish_with_the_vcl_of_another_config_is_said_and_stores_nothing(apart: Apart) -> None:
    file = apart.folder / "shellac.yaml"
    config = yaml.safe_load(file.read_text())
    config["varyHeaders"] = ["Store"]
    file.write_text(yaml.safe_dump(config))
    command = [SHELLAC, "serve", "--config", file]
    log = apart.folder / "controller.log"
    with running(command, log=log, env={"SHELLAC_ADMIN_TOKEN": TOKEN}):

        def complaint() -> str | None:
            try:
                nodes = apart.http.get(f"{apart.admin_url}/readyz").json()["nodes"]
            except httpx.TransportError:
                return None
            errors: list[str] = [node["error"] for node in nodes if node["status"] == "ready"]
            return errors[0] if errors else None

        error = wait_for(complaint, what="the controller to say so")
        assert "runs the VCL of config" in error
        for _ in range(2):
            answer = apart.query("{ tags { name } }")
            assert answer.headers["cache-status"] == "shellac; fwd=bypass; detail=plan-changed"
