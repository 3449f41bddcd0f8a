"""CORS as a real browser judges it: pages of two origins, of which one may use the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from demo.tagging import Answer, serving
from tests.demo.origin import running_demo
from tests.support.browser import CHROMIUM, Browser, running_browser
from tests.support.stack import Stack, running_stack

pytestmark = [
    pytest.mark.varnish,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: `make test` does it"),
]
POST = "{ post(id: 1) { title } }"


def page_server() -> AbstractContextManager[str]:
    """An origin of its own with a blank page."""
    return serving(lambda _: Answer("", {"Content-Type": "text/html"}))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Browser, str, str]]:
    folder: Path = tmp_path_factory.mktemp("cors")
    with ExitStack() as opened:
        shop, other = (opened.enter_context(page_server()) for _ in range(2))
        demo = opened.enter_context(running_demo(folder))
        config = {
            "originUrl": demo.url,
            "cors": {"origins": [shop], "credentials": True, "exposeHeaders": ["gcdn-cache"]},
            "defaultScope": "PUBLIC",
            "rules": [{"types": ["Query"], "maxAge": 900}],
        }
        stack = opened.enter_context(running_stack(config, directory=folder))
        browser = opened.enter_context(running_browser(folder))
        yield stack, browser, shop, other


def fetched(served: tuple[Stack, Browser, str, str], page_url: str, **options: Any) -> Any:
    """What a page of an origin hears of a POST to the API."""
    stack, browser, *_ = served
    sent = {
        "method": "POST",
        "credentials": "include",
        "headers": {"content-type": "application/json", "x-own": "1"},
        "body": json.dumps({"query": POST}),
        **options,
    }
    script = (
        f"fetch({json.dumps(stack.url)}, {json.dumps(sent)}).then("
        "async r => ({status: r.status, cache: r.headers.get('gcdn-cache'),"
        " hidden: r.headers.get('cache-status'), body: await r.text()}),"
        " error => ({error: String(error)}))"
    )
    with browser.page() as page:
        page.go(page_url)
        return page.value(script)


def test_a_page_of_an_allowed_origin_reads_answers_with_cookies_sent(
    served: tuple[Stack, Browser, str, str],
) -> None:
    shop = served[2]
    heard = [fetched(served, shop) for _ in range(2)]
    assert [each["status"] for each in heard] == [200, 200], heard
    assert heard[1]["cache"] == "HIT"
    assert heard[1]["hidden"] is None
    assert json.loads(heard[1]["body"])["data"]["post"]["title"]
    passed = fetched(
        served, shop, body=json.dumps({"query": "mutation { likePost(id: 1) { id } }"})
    )
    assert passed["status"] == 200, passed
    large = fetched(served, shop, body="x" * 11_000_000)
    assert large["status"] == 413, large


def test_a_page_of_another_origin_reads_none(served: tuple[Stack, Browser, str, str]) -> None:
    assert "error" in fetched(served, served[3])
    with served[1].page() as page:
        page.go(served[3])
        simple = f"fetch({json.dumps(served[0].url + '?query=%7Btags%7Bname%7D%7D')})"
        assert page.value(f"{simple}.then(r => r.status, () => 'refused')") == "refused"
        assert page.value(f"fetch({json.dumps(served[3])}).then(r => r.status)") == 200
