"""What ``/playground`` serves, and how; tests/e2e/test_playground.py is its use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from controller.admin.playground import playground_router
from controller.graphiql import FILES, unpack
from tests.admin.conftest import Api
from tests.support.package import TEXTS, packed

PATHS = ["", "/page.js", "/page.css", *(f"/{file}" for file in FILES.values())]


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The playground alone, without GraphiQL."""
    app = FastAPI()
    app.include_router(playground_router("demo", tmp_path / "graphiql"))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://admin") as client:
        yield client


@pytest.fixture
def fetched(http: httpx.AsyncClient, tmp_path: Path) -> httpx.AsyncClient:
    """The same with it."""
    unpack(packed()[0], tmp_path / "graphiql", packed()[1])
    return http


async def test_without_graphiql_the_page_says_what_to_run(http: httpx.AsyncClient) -> None:
    response = await http.get("/playground")
    assert response.status_code == 503
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    for way in ("make playground", "shellac playground", "--tarball", "POST /demo"):
        assert way in response.text
    assert (await http.get("/playground/graphiql.js")).status_code == 404


async def test_graphiql_is_served_as_soon_as_it_is_there(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    assert (await http.get("/playground")).status_code == 503
    unpack(packed()[0], tmp_path / "graphiql", packed()[1])
    assert (await http.get("/playground")).status_code == 200
    assert (await http.get("/playground/graphiql.js")).text == TEXTS["js"]


async def test_the_page_is_for_the_service_and_loads_only_files_that_are_served(
    fetched: httpx.AsyncClient,
) -> None:
    page = (await fetched.get("/playground")).text
    assert 'data-service="demo"' in page
    assert "SERVICE" not in page
    loaded = [part.split('"')[0] for part in page.split('="playground')[1:]]
    assert sorted(loaded) == ["/graphiql.css", "/graphiql.js", "/page.css", "/page.js"]
    assert set(loaded) < set(PATHS)


@pytest.mark.parametrize("path", PATHS)
async def test_each_file_is_gzipped_for_who_takes_that(
    fetched: httpx.AsyncClient, path: str
) -> None:
    plain = await fetched.get(f"/playground{path}", headers={"Accept-Encoding": "identity"})
    zipped = await fetched.get(f"/playground{path}", headers={"Accept-Encoding": "br, gzip"})
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert plain.text == zipped.text
    assert int(zipped.headers["content-length"]) < int(plain.headers["content-length"])
    assert zipped.headers["etag"] != plain.headers["etag"]
    assert plain.headers["vary"] == zipped.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("accepted", "encoded"),
    [
        ("gzip", True),
        ("GZIP;q=0.5", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("gzip; q=0", False),
        ("gzip;q=0.000, identity", False),
        ("br", False),
        ("", False),
        ("gzipped", False),
    ],
)
async def test_a_client_gets_gzip_only_if_it_takes_it(
    fetched: httpx.AsyncClient, accepted: str, encoded: bool
) -> None:
    response = await fetched.get("/playground/page.js", headers={"Accept-Encoding": accepted})
    assert ("content-encoding" in response.headers) is encoded


@pytest.mark.parametrize("path", PATHS)
async def test_who_has_a_file_is_told_so(fetched: httpx.AsyncClient, path: str) -> None:
    first = await fetched.get(f"/playground{path}")
    for known in (first.headers["etag"], f'"other", W/{first.headers["etag"]}'):
        again = await fetched.get(f"/playground{path}", headers={"If-None-Match": known})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == first.headers["etag"]
    other = await fetched.get(f"/playground{path}", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


@pytest.mark.parametrize("path", PATHS)
async def test_every_file_has_the_policy_that_lets_nothing_out(
    fetched: httpx.AsyncClient, path: str
) -> None:
    headers = (await fetched.get(f"/playground{path}")).headers
    rules = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == rules["worker-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["form-action"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["LICENSE", "page.html", "..%2Fapp.py", "graphiql.js.gz", "x"])
async def test_nothing_else_is_served(fetched: httpx.AsyncClient, name: str) -> None:
    assert (await fetched.get(f"/playground/{name}")).status_code == 404


async def test_the_page_needs_no_token_and_is_not_taken_for_a_service(api: Api) -> None:
    # 503 where it was not fetched; a service's page would ask for a token.
    assert (await api.http.get("/playground")).status_code in (200, 503)
    assert (await api.http.get("/elsewhere")).status_code == 401
