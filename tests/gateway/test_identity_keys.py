"""The keys of tokens: from the config, from a file, and from an issuer's key set as it changes."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import jwt
import pytest

from controller.admin.app import create_admin_app
from controller.admin.state import AdminState
from controller.core.policy import Policy
from controller.errors import KeysUnavailable
from controller.gateway.identity import FixedKeys, claim_scopes, key_sets
from controller.jwks import AGAIN_SECONDS, MOST_BYTES, KeySet, read_keys
from controller.purge.freshness import Freshness
from controller.purge.purger import Purger
from controller.purge.sqlite_log import SqliteLog
from tests.support.jwts import SECRET, jwk, key_server, pem, private_key
from tests.support.net import wait_for
from vclgen.config import load_config_text
from vclgen.errors import ConfigError


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def until(done: Callable[[], bool], what: str) -> None:
    await asyncio.to_thread(wait_for, done, what=what)


def document(*keys: object) -> bytes:
    return json.dumps({"keys": keys}).encode()


async def test_a_new_key_is_fetched_when_a_token_names_it() -> None:
    clock = Clock()
    with key_server([jwk("RS256", "k1")]) as issuer:
        keys = KeySet(issuer.url, ["RS256"], clock=clock)
        assert [key.kid for key in await keys.named("k1")] == ["k1"]
        await keys.named("k1")
        await keys.named(None)
        assert issuer.requests == 1

        issuer.answer = [jwk("RS256", "k2")]
        clock.now += AGAIN_SECONDS
        assert [key.kid for key in await keys.named("k2")] == ["k2"]
        assert issuer.requests == 2


async def test_invented_names_of_keys_make_no_load() -> None:
    clock = Clock()
    with key_server([jwk("RS256", "k1")]) as issuer:
        keys = KeySet(issuer.url, ["RS256"], clock=clock)
        for number in range(50):
            await keys.named(f"invented {number}")
        assert issuer.requests == 1
        clock.now += AGAIN_SECONDS
        await asyncio.gather(*(keys.named(f"more {number}") for number in range(50)))
        assert issuer.requests == 2


@pytest.mark.parametrize("answer", [500, "<html>", [], "x" * (MOST_BYTES + 1)])
async def test_old_keys_stay_when_a_fetch_fails(answer: object) -> None:
    clock = Clock()
    with key_server([jwk("RS256", "k1")]) as issuer:
        keys = KeySet(issuer.url, ["RS256"], clock=clock)
        await keys.named("k1")
        assert keys.error is None
        issuer.answer = answer
        clock.now += AGAIN_SECONDS
        assert [key.kid for key in await keys.named("k2")] == ["k1"]
        assert keys.loaded
        assert keys.error


async def test_keys_are_waited_for_from_the_start() -> None:
    with key_server(503) as issuer:
        keys = KeySet(issuer.url, ["RS256"])
        running = asyncio.create_task(keys.run())
        await until(lambda: issuer.requests >= 2, "another attempt")
        assert not keys.loaded
        assert "status 503" in (keys.error or "")
        issuer.answer = [jwk("RS256", "k1")]
        await until(lambda: keys.loaded, "the keys")
        assert keys.error is None
        running.cancel()


async def test_nobody_answers() -> None:
    with key_server([]) as issuer:
        gone = issuer.url
    keys = KeySet(gone, ["RS256"])
    assert await keys.named("k1") == ()
    assert "cannot be read" in (keys.error or "")


def test_a_key_set_gives_the_keys_that_fit() -> None:
    found = read_keys(
        document(
            jwk("RS256", "rsa"),
            jwk("RS256", "rsa for one", alg="PS256"),
            jwk("RS256", "encrypts", use="enc"),
            jwk("RS256", "signs", use="sig", alg="RS256"),
            jwk("RS256", "of another algorithm", alg="RS512"),
            jwk("RS256", "odd", alg=5),
            jwk("ES256", "curve"),
            jwk("ES384", "other curve"),
            {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
            {"kty": "RSA", "kid": "broken"},
            "no key",
            {**jwk("EdDSA", "five"), "kid": 5},
        ),
        ["RS256", "PS256", "ES256", "EdDSA"],
    )
    assert [(key.kid, sorted(key.algorithms)) for key in found] == [
        ("rsa", ["PS256", "RS256"]),
        ("rsa for one", ["PS256"]),
        ("signs", ["RS256"]),
        ("curve", ["ES256"]),
        (None, ["EdDSA"]),
    ]


def test_a_private_key_in_a_key_set_counts_as_its_public_half() -> None:
    whole = jwt.get_algorithm_by_name("ES256").to_jwk(private_key("ES256"), as_dict=True)
    (key,) = read_keys(document(whole), ["ES256"])
    assert not hasattr(key.material, "private_numbers")


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"keys":5}', b'{"keys":[]}', b'{"keys":[{}]}', b"[" * 100_000]
)
def test_a_key_set_without_keys_is_refused(text: bytes) -> None:
    with pytest.raises(KeysUnavailable):
        read_keys(text, ["RS256"])


def scopes(key: str) -> str:
    return (
        "originUrl: https://api.example/graphql\n"
        f"scopes: {{U: {{definition: 'header:authorization', jwt: {{claim: sub, {key}}}}}}}"
    )


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\r\n")
    (tmp_path / "key.pem").write_text(pem(private_key("RS256")))
    for key, material in (
        ("algorithm: HS512, secretFile: secret", SECRET.encode()),
        ("algorithm: [RS256, PS512], secretFile: key.pem", None),
    ):
        config = load_config_text(scopes(key), str(tmp_path / "shellac.yaml")).config
        keys = claim_scopes(config)["U"].keys
        assert isinstance(keys, FixedKeys)
        assert material in (None, keys.keys[0].material)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), ("short", "has 5 bytes"), (b"\xff" * 40, "cannot be read")],
)
def test_a_file_without_a_usable_secret_stops_the_start(
    tmp_path: Path, content: str | bytes | None, said: str
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    text = scopes("algorithm: HS256, secretFile: secret")
    config = load_config_text(text, str(tmp_path / "shellac.yaml")).config
    with pytest.raises(ConfigError) as caught:
        claim_scopes(config)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)


def test_scopes_of_one_issuer_share_its_keys() -> None:
    key = "algorithm: RS256, jwksUrl: 'https://issuer.example/keys'"
    one = scopes(key).removesuffix("}")
    other = f", V: {{definition: 'cookie:v', jwt: {{claim: sub, {key}}}}}"
    third = other.replace("V:", "W:").replace("RS256", "ES256")
    found = claim_scopes(load_config_text(f"{one}{other}{third}}}").config)
    assert found["U"].keys is found["V"].keys
    assert len(key_sets(found)) == 2


def test_the_scopes_of_another_config_use_the_keys_that_are_there() -> None:
    key = "algorithm: RS256, jwksUrl: 'https://issuer.example/keys'"
    before = claim_scopes(load_config_text(scopes(key)).config)
    same = claim_scopes(load_config_text(scopes(f"{key}, issuer: me")).config, key_sets(before))
    assert same["U"].keys is before["U"].keys
    other = key.replace("RS256", "ES256")
    different = claim_scopes(load_config_text(scopes(other)).config, key_sets(before))
    assert different["U"].keys is not before["U"].keys


async def test_readyz_waits_for_the_keys(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "purges.db")
    with key_server(500) as issuer:
        clock = Clock()
        keys = KeySet(issuer.url, ["RS256"], clock=clock)
        await keys.named(None)
        state = AdminState(
            Policy(service="demo", digest="d"),
            Purger(log, lambda: [], Freshness()),
            key_sets=(keys,),
        )
        transport = httpx.ASGITransport(app=create_admin_app(state))
        async with httpx.AsyncClient(transport=transport, base_url="http://admin") as http:
            before = await http.get("/readyz")
            assert before.status_code == 503
            assert before.json()["keys"] == [{"url": issuer.url, "error": keys.error}]
            issuer.answer = [jwk("RS256", "k1")]
            clock.now += AGAIN_SECONDS
            await keys.named(None)
            assert (await http.get("/readyz")).status_code == 200
            issuer.answer = 500
            clock.now += AGAIN_SECONDS
            await keys.named("k2")
            after = await http.get("/readyz")
            assert after.status_code == 200
            assert after.json()["keys"] == [{"url": issuer.url, "error": keys.error}]
    await log.close()
