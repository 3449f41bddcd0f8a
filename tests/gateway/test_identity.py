"""``/identity``, and that each data fetch is checked again: either half alone is right."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from aiohttp import web
from graphql import build_schema

from controller.brain import Brain
from controller.core.request import HttpRequest
from controller.core.verdict import CacheableQuery
from controller.gateway.app import Gateway
from controller.gateway.origin import Origin
from controller.gateway.rules import gateway_rules
from controller.policy_of import policy_of
from controller.purge.freshness import Freshness
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from tests.support.jwts import SECRET, token
from tests.support.net import free_port
from vclgen.config import load_config_text

CONFIG = """
originUrl: http://127.0.0.1:{port}/graphql
scopes:
  USER:
    definition: header:authorization|cookie:session
    jwt: {{claim: sub, algorithm: HS256, secret: "{secret}"}}
  ROLE:
    definition: header:authorization
    jwt: {{claim: role, algorithm: HS256, secret: "{secret}"}}
  GROUP: header:x-group
rules:
  - {{types: {{Query: [me]}}, maxAge: 60, scope: USER}}
  - {{types: {{Query: [tasks]}}, maxAge: 60, scope: ROLE}}
  - {{types: {{Query: [group]}}, maxAge: 60, scope: GROUP}}
"""
SDL = "type Query { me: String tasks: String group: String }"


@dataclass
class Site:
    """The gateway as Varnish asks it, and the origin behind it."""

    http: httpx.AsyncClient
    brain: Brain
    digest: str
    seen: list[dict[str, str]] = field(default_factory=list)
    answer: dict[str, str] = field(default_factory=dict)
    takes: float = 0.0

    async def identity(self, scopes: str = ",USER,", **headers: str) -> httpx.Response:
        sent = {"X-Shellac-Scopes": scopes, "X-Shellac-Digest": self.digest}
        return await self.http.get("/identity", headers={**sent, **named(headers)})

    async def claims(self, scopes: str = ",USER,", **headers: str) -> str:
        response = await self.identity(scopes, **headers)
        assert "x-shellac-detail" not in response.headers, response.headers
        return response.headers["x-shellac-claims"]

    async def refusal(self, scopes: str = ",USER,", **headers: str) -> str:
        response = await self.identity(scopes, **headers)
        assert "x-shellac-claims" not in response.headers
        assert "x-shellac-max-age" not in response.headers
        return response.headers["x-shellac-detail"]

    async def fetch(self, query: str, claims: str | None, **headers: str) -> httpx.Response:
        query_string = f"query={quote(query)}"
        verdict = self.brain.decide(HttpRequest("GET", query_string.encode(), None, b"", None))
        assert isinstance(verdict, CacheableQuery)
        sent = {
            "X-Shellac-Round": "data",
            "X-Shellac-Key": verdict.key,
            "X-Shellac-Digest": self.digest,
            **({} if claims is None else {"X-Shellac-Claims": claims}),
            **named(headers),
        }
        return await self.http.get(f"/graphql?{query_string}", headers=sent)


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def bearer(sub: str = "alice", **claims: object) -> str:
    return f"Bearer {token({'sub': sub, **claims})}"


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    port = free_port()
    config = load_config_text(CONFIG.format(port=port, secret=SECRET)).config
    brain = Brain(policy_of(config), build_schema(SDL))
    log = SqliteLog(tmp_path / "purges.db")
    freshness = Freshness()
    later = [0.0]
    now = time.time
    monkeypatch.setattr("controller.gateway.queries.time.time", lambda: now() + later[0])

    async def answer(request: web.Request) -> web.Response:
        site.seen.append({name.lower(): value for name, value in request.headers.items()})
        later[0] += site.takes
        asked = (await request.json())["query"]
        name = next(name for name in ("me", "tasks", "group") if name in asked)
        body = json.dumps({"data": {name: "x"}})
        return web.Response(text=body, content_type="application/json", headers=site.answer)

    app = web.Application()
    app.router.add_post("/graphql", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with Origin(config.origin_url, constants={}) as origin:
        purger = Purger(log, lambda: [], freshness)
        gateway = Gateway(brain, origin, purger, freshness, gateway_rules(config))
        transport = httpx.ASGITransport(app=gateway)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            site = Site(http, brain, config.digest)
            yield site
    await runner.cleanup()
    await log.close()


async def test_all_tokens_of_one_user_are_one_identity(site: Site) -> None:
    first = await site.claims(authorization=bearer(exp=time.time() + 1_000))
    assert await site.claims(authorization=bearer(exp=time.time() + 9_000, jti="2")) == first
    assert await site.claims(authorization=bearer().replace("Bearer", "bearer  ")) == first
    assert await site.claims(authorization=bearer("bob")) != first
    assert first.startswith("USER=header:authorization:bearer:")


async def test_source_and_form_are_part_of_an_identity(site: Site) -> None:
    text = bearer()
    bare = text.removeprefix("Bearer ")
    found = {
        await site.claims(authorization=text),
        await site.claims(authorization=bare),
        await site.claims(cookie=f"a=b; session={bare}"),
    }
    assert len(found) == 3


async def test_an_identity_lasts_as_long_as_the_token_and_five_minutes_at_most(site: Site) -> None:
    async def seconds(**claims: object) -> int:
        response = await site.identity(authorization=bearer(**claims))
        return int(response.headers["x-shellac-max-age"])

    assert await seconds() == 300
    assert await seconds(exp=time.time() + 9_000) == 300
    assert 0 < await seconds(exp=time.time() + 100) <= 95


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"authorization": "Bearer a.b.c"}, "unverified-token"),
        ({"authorization": "Basic YTpi"}, "unverified-token"),
        ({"authorization": ""}, "unverified-token"),
        ({"authorization": f"Bearer {token({'sub': 'a'}, name='other')}"}, "unverified-token"),
        ({"authorization": bearer(exp=1)}, "expired-token"),
        ({"authorization": f"Bearer {token({'id': 'a'})}"}, "claimless-token"),
        ({"cookie": "session="}, "unverified-token"),
        ({"cookie": f"session={token({'sub': 'a'})}; session=x"}, "unverified-token"),
        # the header is the first source: a good cookie behind it does not help
        ({"authorization": "x", "cookie": f"session={token({'sub': 'a'})}"}, "unverified-token"),
        ({}, "unverified-token"),
    ],
)
async def test_what_is_no_identity(site: Site, headers: dict[str, str], detail: str) -> None:
    assert await site.refusal(**headers) == detail


async def test_several_claim_scopes_are_one_identity(site: Site) -> None:
    both = ",GROUP,ROLE,USER,"
    text = await site.claims(both, authorization=bearer(role="editor"))
    role, user = text.split(",")
    assert role.startswith("ROLE=header:authorization:bearer:")
    assert user == await site.claims(authorization=bearer())
    cookie = f"session={token({'sub': 'alice'})}"
    assert (await site.claims(both, cookie=cookie)).startswith("ROLE=-,USER=cookie:session:")
    assert await site.refusal(both, authorization=bearer()) == "claimless-token"


async def test_an_answer_is_stored_for_the_claim_it_was_fetched_with(site: Site) -> None:
    sent = bearer().replace("Bearer", "bearer  ")
    response = await site.fetch("{me}", await site.claims(authorization=sent), authorization=sent)
    assert response.headers["x-shellac-max-age"] == "60"
    assert site.seen[0]["authorization"] == bearer()


@pytest.mark.parametrize(
    ("claims", "sent", "detail"),
    [
        # a key of alice's, a token of bob's, and all other ways not to agree
        ("alice", bearer("bob"), "claims-changed"),
        ("alice", None, "claims-changed"),
        (None, bearer("alice"), "claims-changed"),
        ("alice", bearer("alice", exp=1), "expired-token"),
        ("alice", "Bearer x", "unverified-token"),
        ("alice", bearer().removeprefix("Bearer "), "claims-changed"),
    ],
)
async def test_a_fetch_with_another_token_than_its_key_is_sent_back(
    site: Site, claims: str | None, sent: str | None, detail: str
) -> None:
    text = None if claims is None else await site.claims(authorization=bearer(claims))
    response = await site.fetch("{me}", text, **({} if sent is None else {"authorization": sent}))
    assert response.headers["x-shellac-again"] == "1"
    assert response.headers["x-shellac-detail"] == detail
    assert "x-shellac-max-age" not in response.headers
    assert site.seen == []


async def test_a_token_that_ends_during_the_fetch_is_answered_and_not_stored(site: Site) -> None:
    sent = bearer(exp=time.time() + 60)
    claims = await site.claims(authorization=sent)
    site.takes = 70
    response = await site.fetch("{me}", claims, authorization=sent)
    assert response.json() == {"data": {"me": "x"}}
    assert response.headers["x-shellac-detail"] == "expired-token"
    assert "x-shellac-max-age" not in response.headers


async def test_no_token_is_a_value_of_its_own(site: Site) -> None:
    response = await site.fetch("{me}", None)
    assert response.headers["x-shellac-max-age"] == "60"
    assert "authorization" not in site.seen[0]


async def test_a_scope_without_claims_asks_for_none(site: Site) -> None:
    response = await site.fetch("{group}", None, x_group="gold", authorization=bearer())
    assert response.headers["x-shellac-max-age"] == "60"
    assert "authorization" not in site.seen[0]


@pytest.mark.parametrize(
    ("said", "kept"),
    [("private", False), ("PRIVATE, max-age=60", False), ("no-store", True), ("public", True)],
)
async def test_under_a_claim_private_is_the_origins_to_say(
    site: Site, said: str, kept: bool
) -> None:
    site.answer = {"Cache-Control": said}
    sent = bearer()
    claimed = await site.fetch("{me}", await site.claims(authorization=sent), authorization=sent)
    assert ("x-shellac-max-age" in claimed.headers) is kept
    assert claimed.headers.get("x-shellac-detail") == (None if kept else "origin-private")
    plain = await site.fetch("{group}", None, x_group="gold")
    assert "x-shellac-max-age" in plain.headers


async def test_varnish_keeps_no_identity_by_the_scopes_of_another_config(site: Site) -> None:
    assert await site.claims(authorization=bearer())
    refused = await site.refusal(authorization=bearer(), X_Shellac_Digest="other")
    assert refused == "plan-changed"
