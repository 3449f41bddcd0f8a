"""A shop behind a real haproxy or hitch, with the files of varnish/."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest

from tests.e2e.fronted import CLIENT, Answer, Front, running_haproxy, running_hitch
from tests.support.magento_origin import Shop, magento
from tests.support.net import free_port
from tests.support.stack import Stack, running_stack

pytestmark = [
    pytest.mark.varnish,
    pytest.mark.skipif(
        shutil.which("haproxy") is None or shutil.which("hitch") is None,
        reason="haproxy or hitch is not installed: `make test` does it",
    ),
]
PRODUCT = "{ products(ids: [%d]) { id name } }"
MAGENTO = CLIENT
"""Who may purge: curl's address, where a test does not say another one."""
SOMEBODY = ("--interface", "127.0.0.10")


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with magento() as running:
        yield running


@pytest.fixture(scope="module")
def stack(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    config = {
        "originUrl": shop.url,
        "profile": "magento",
        "schemaPolling": {"enabled": False},
        # no probes: the shop knows the headers of its last request
        "direct": {"purgers": [MAGENTO], "health": {"enabled": False}},
        "varnish": {"proxyListen": f"127.0.0.1:{free_port()}"},
    }
    with running_stack(config, directory=tmp_path_factory.mktemp("shop")) as running:
        yield running


@pytest.fixture(scope="module")
def haproxy(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with running_haproxy(stack, tmp_path_factory.mktemp("haproxy"), until=200) as front:
        yield front


@pytest.fixture(scope="module")
def hitch(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with running_hitch(stack, tmp_path_factory.mktemp("hitch"), until=200) as front:
        yield front


@pytest.fixture(params=["haproxy", "hitch"])
def front(request: pytest.FixtureRequest) -> Front:
    found: Front = request.getfixturevalue(request.param)
    assert purge(found).status == 200, "the cache is not empty"
    return found


def purge(front: Front, *options: str, pattern: str = ".*") -> Answer:
    """A purge as Magento sends it, over TLS."""
    header = f"X-Magento-Tags-Pattern: {pattern}"
    return front.curl(f"https://localhost:{front.port}/", "-X", "PURGE", "-H", header, *options)


def get(front: Front, target: str, *options: str) -> Answer:
    answer = front.curl(f"https://localhost:{front.port}{target}", *options)
    assert answer.status == 200, answer
    return answer


def ask(front: Front, number: int, *options: str) -> Answer:
    return get(front, f"/graphql?{urlencode({'query': PRODUCT % number})}", *options)


def debug(answer: Answer) -> str:
    return answer.headers["x-magento-cache-debug"]


def test_a_query_and_a_page_are_a_miss_and_then_a_hit_by_tls(front: Front, shop: Shop) -> None:
    for target in (f"/graphql?{urlencode({'query': PRODUCT % 1})}", "/product/1.html"):
        assert debug(get(front, target)) == "MISS"
        assert shop.headers["x-forwarded-proto"] == "https"
        assert shop.headers["host"] == f"localhost:{front.port}"
        assert "x-forwarded-for" not in shop.headers, "an address in a fetch that is shared"
        assert debug(get(front, target, *SOMEBODY)) == "HIT"


def test_http_and_tls_are_two_answers_whatever_a_client_claims(
    front: Front, shop: Shop, stack: Stack
) -> None:
    assert debug(ask(front, 1, "-H", "X-Forwarded-Proto: http")) == "MISS"
    assert shop.headers["x-forwarded-proto"] == "https"
    plain = {"Host": f"localhost:{front.port}", "X-Forwarded-Proto": "https"}
    parameters = {"query": PRODUCT % 1}
    answer = httpx.get(stack.url, params=parameters, headers=plain, timeout=60)
    assert answer.headers["x-magento-cache-debug"] == "MISS"
    assert shop.headers["x-forwarded-proto"] == "http"
    assert debug(ask(front, 1)) == "HIT"


def test_the_shop_learns_who_asks_for_what_is_not_shared(front: Front, shop: Shop) -> None:
    spoofed = ("-H", "X-Forwarded-For: 198.51.100.7", "-H", "X-Real-IP: 198.51.100.7")
    assert debug(get(front, "/checkout/cart/", *spoofed)) == "UNCACHEABLE"
    assert shop.headers["x-forwarded-for"] == CLIENT
    assert shop.headers["x-forwarded-proto"] == "https"
    assert "x-real-ip" not in shop.headers
    mutation = 'mutation { renameProduct(id: 9, name: "By TLS") { id name } }'
    assert "By TLS" in front.query(mutation, *spoofed).body
    assert shop.headers["x-forwarded-for"] == CLIENT


def test_magento_purges_through_the_proxy(front: Front, shop: Shop) -> None:
    ask(front, 1)
    assert debug(ask(front, 1)) == "HIT"
    shop.names[1] = f"Edited behind {front.port}"
    assert purge(front, pattern="((^|,)cat_p_1(,|$))").status == 200
    answer = ask(front, 1)
    assert debug(answer) == "MISS"
    assert f"Edited behind {front.port}" in answer.body


def test_nobody_else_purges_whatever_he_claims(front: Front, stack: Stack) -> None:
    ask(front, 2)
    claim = ("-H", f"X-Forwarded-For: {MAGENTO}")
    assert purge(front, *SOMEBODY).status == 405
    assert purge(front, *SOMEBODY, *claim).status == 405
    assert purge(front, *SOMEBODY, "-H", f"Forwarded: for={MAGENTO}").status == 405
    headers = {"X-Magento-Tags-Pattern": ".*", "X-Forwarded-For": MAGENTO}
    assert httpx.request("PURGE", stack.url, headers=headers, timeout=60).status_code == 405
    assert debug(ask(front, 2)) == "HIT"
