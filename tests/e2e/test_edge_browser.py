"""CORS as a real browser judges it: pages of two origins, of which one may use the API."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.demo.origin import running_demo
from tests.support.browser import CHROMIUM, Browser, running_browser
from tests.support.stack import Stack, running_stack

pytestmark = [
    pytest.mark.varnish,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: `make test` does it"),
]
POST = "{ post(id: 1) { title } }"


class Blank(BaseHTTPRequestHandler):
    """A page without content."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@contextmanager
def page_server() -> Iterator[str]:
    """An origin of its own with a blank page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Blank)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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
