"""Tokens, GraphQL over HTTP, health: the outside of the admin app."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from controller.admin.app import create_admin_app
from controller.admin.state import AdminState
from controller.purge.freshness import Freshness
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from tests.admin.conftest import TOKEN, Api
from tests.purge.conftest import pragma, worker_of, working
from tests.purge.varnish import Varnish, running_gateway, varnish_directory

PURGE = {"query": "mutation { purgePost(id: 5) }"}


@pytest.mark.parametrize(
    "headers",
    [
        {"stellate-token": TOKEN},
        {"graphcdn-token": TOKEN},
        {"Authorization": f"Bearer {TOKEN}"},
        {"Authorization": f"bearer {TOKEN}"},
    ],
)
async def test_each_way_to_send_a_token(api: Api, headers: dict[str, str]) -> None:
    assert (await api.http.post("/demo", json=PURGE, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"stellate-token": ""},
        {"stellate-token": "wrong"},
        {"stellate-token": TOKEN + "x"},
        {"stellate-token": "tökén"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
    ],
)
async def test_a_wrong_or_missing_token_purges_nothing(api: Api, headers: dict[str, str]) -> None:
    encoded = {name: value.encode() for name, value in headers.items()}
    response = await api.http.post("/demo", json=PURGE, headers=encoded)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    assert response.json()["errors"][0]["message"]
    assert await api.recorded() == []


async def test_the_token_of_the_environment(
    state: AdminState, log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.tokens = frozenset()
    monkeypatch.setenv("SHELLAC_ADMIN_TOKEN", "")
    async with Api(create_admin_app(state), log).http as http:
        response = await http.post("/demo", json=PURGE, headers={"stellate-token": ""})
        assert response.status_code == 401
        assert "SHELLAC_ADMIN_TOKEN" in response.text
    monkeypatch.setenv("SHELLAC_ADMIN_TOKEN", "from-the-environment")
    async with Api(create_admin_app(state), log).http as http:
        headers = {"stellate-token": "from-the-environment"}
        assert (await http.post("/demo", json=PURGE, headers=headers)).status_code == 200


async def test_another_service_is_named(api: Api) -> None:
    response = await api.http.post("/other", json=PURGE, headers={"stellate-token": TOKEN})
    assert response.status_code == 404
    assert "'demo'" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("{", "application/json", 400),
        ("[" * 100_000, "application/json", 400),
        (b"\xff", "application/json", 400),
        ("[]", "application/json", 400),
        ("{}", "application/json", 400),
        ('{"query": 5}', "application/json", 400),
        ('{"query": "{ _service { name } }", "variables": []}', "application/json", 400),
        ('{"query": "{ _service { name } }", "operationName": 1}', "application/json", 400),
        ('{"query": "{ _service { name } }", "operationName": "x"}', "application/json", 400),
        ('{"query": "mutation { purgePost("}', "application/json", 400),
        ('{"query": "' + "{a" * 20_000 + '"}', "application/json", 400),
        ('{"query": "mutation { purgePots }"}', "application/json", 400),
        (
            '{"query": "mutation ($i: Int) { purgePost(id: $i) }", "variables": {"i": "x"}}',
            "application/json",
            400,
        ),
        (json.dumps(PURGE), "text/plain", 415),
        (json.dumps(PURGE), "application/x-www-form-urlencoded", 415),
        (" " * (11 * 1024 * 1024), "application/json", 413),
        (json.dumps(PURGE), "application/json; charset=utf-8", 200),
    ],
)
async def test_what_is_no_request_gets_a_status_and_an_error(
    api: Api, body: str | bytes, content_type: str, status: int
) -> None:
    response = await api.http.post(
        "/demo", content=body, headers={"stellate-token": TOKEN, "Content-Type": content_type}
    )
    assert response.status_code == status, response.text
    if status != 200:
        assert set(response.json()) == {"errors"}
        assert response.json()["errors"][0]["extensions"]["code"]
        assert await api.recorded() == []


async def test_get_is_for_queries(api: Api) -> None:
    headers = {"stellate-token": TOKEN}
    asked = {
        "query": "query ($a: Boolean!) { __schema @include(if: $a) { mutationType { name } } }"
    }
    response = await api.http.get(
        "/demo", params={**asked, "variables": '{"a": true}'}, headers=headers
    )
    assert response.json()["data"]["__schema"]["mutationType"]["name"] == "Mutation"
    response = await api.http.get("/demo", params=PURGE, headers=headers)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert await api.recorded() == []


async def test_the_media_type_is_the_one_asked_for(api: Api) -> None:
    response = await api.send(PURGE["query"])
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    media = "application/graphql-response+json"
    response = await api.send(PURGE["query"], Accept=f"{media}, application/json;q=0.9")
    assert response.headers["content-type"] == f"{media}; charset=utf-8"


async def test_a_purge_that_cannot_be_recorded_is_503(api: Api, log: SqliteLog) -> None:
    pragma(log, f"max_page_count = {pragma(log, 'page_count')}")
    many = [str(number) for number in range(2_000)]
    response = await api.send("mutation ($ids: [ID!]) { purgePost(id: $ids) }", {"ids": many})
    assert response.status_code == 503
    assert response.json()["errors"][0]["extensions"]["code"] == "PURGE_LOG_UNAVAILABLE"
    assert "data" not in response.json()


async def test_health_and_metrics_need_no_token(api: Api) -> None:
    await api.purge(PURGE["query"])
    assert (await api.http.get("/healthz")).text == "ok"
    found = metrics(await api.http.get("/metrics"))
    assert found["shellac_purges_total", "api"] == 1


async def test_the_description_of_the_listener_can_be_generated(api: Api) -> None:
    assert "/{service}" in (await api.http.get("/openapi.json")).json()["paths"]


async def test_a_controller_without_its_schema_is_not_ready(api: Api, state: AdminState) -> None:
    assert (await api.http.get("/readyz")).status_code == 200
    state.schema_error = "http://origin cannot be reached"
    response = await api.http.get("/readyz")
    assert response.status_code == 503
    assert response.json()["schema"]["error"] == "http://origin cannot be reached"


def metrics(response: httpx.Response) -> dict[tuple[str, str | None], float]:
    """Values by sample name and node or source."""
    return {
        (sample.name, sample.labels.get("node") or sample.labels.get("source")): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


@pytest.fixture
def varnish() -> Iterator[Varnish]:
    with running_gateway() as port, varnish_directory() as directory:
        varnish = Varnish(port, directory)
        with varnish.up():
            yield varnish


@pytest.mark.varnish
async def test_a_purge_says_what_became_of_it_at_each_node(
    varnish: Varnish, state: AdminState, log: SqliteLog
) -> None:
    down = worker_of("http://127.0.0.1:9", log)
    async with working(varnish, log) as worker:
        state.purger = Purger(log, lambda: [worker, down], Freshness(), wait_seconds=3.0)
        async with Api(create_admin_app(state), log).http as http:
            asked = {"query": "mutation { purgePost(id: 5) a: purgePost(id: 6, soft: true) }"}
            response = await http.post("/demo", json=asked, headers={"stellate-token": TOKEN})
            assert response.json()["data"] == {"purgePost": True, "a": True}
            first, second = response.json()["extensions"]["shellac"]["nodes"]
            assert (first["address"], first["result"]) == (varnish.admin, "applied")
            assert first["milliseconds"] < 3_000 <= second["milliseconds"]
            assert second["result"] == "unreachable"

            ready = await http.get("/readyz")
            assert ready.status_code == 503
            assert [node["status"] for node in ready.json()["nodes"]] == ["ready", "starting"]
            state.purger = Purger(log, lambda: [worker], Freshness())
            ready = await http.get("/readyz")
            assert "runs the VCL of config" in ready.json()["nodes"][0]["error"]
            state.policy = replace(state.policy, digest=worker.state.digest or "")
            ready = await http.get("/readyz")
            assert (ready.status_code, ready.json()["ready"]) == (200, True)
            assert ready.json()["log"]["head"] == ready.json()["nodes"][0]["seq"] == 2
            assert (await http.get("/nodes")).status_code == 401
            listed = (await http.get("/nodes", headers={"stellate-token": TOKEN})).json()
            assert listed == {"nodes": ready.json()["nodes"], "peers": []}
            assert listed["nodes"][0]["upSince"].startswith("20")
            found = metrics(await http.get("/metrics"))
            assert found["shellac_node_lag_seconds", varnish.admin] == 0


async def test_a_name_that_is_no_utf8_is_refused_in_words(api: Api) -> None:
    document = b"mutation A { _purgeAll } mutation B { _purgeAll }"
    body = b'{"query": "%b", "operationName": "\\ud800"}' % document
    headers = {"stellate-token": TOKEN, "content-type": "application/json"}
    response = await api.http.post("/demo", content=body, headers=headers)
    assert response.status_code == 400
    assert response.json()["errors"][0]["message"]
    assert await api.recorded() == []
