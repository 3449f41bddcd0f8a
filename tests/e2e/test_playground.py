"""The playground as a person uses it: a browser, a controller, a Varnish with something in it."""

import json
from collections.abc import Iterator

import pytest

from controller.graphiql import home, is_complete
from tests.e2e.conftest import Pair
from tests.support.browser import CHROMIUM, Browser, Page, running_browser
from tests.support.stack import assert_hit, assert_miss

QUERY = "{ post(id: 1) { title } }"
OTHER = "{ post(id: 2) { title } }"
EDITOR = ".graphiql-editor .view-lines"

pytestmark = [
    pytest.mark.varnish,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: `make test` does it"),
    pytest.mark.skipif(
        not is_complete(home()), reason="GraphiQL was not fetched: `make playground` does it"
    ),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with running_browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, pair: Pair) -> Iterator[Page]:
    """The playground in a tab that knows nothing yet."""
    with browser.page() as page:
        page.go(f"{pair.stack.admin_url}/playground")
        page.value("localStorage.clear()")
        yield page


def enter(page: Page, token: str) -> None:
    page.click("#token")
    page.type(token)
    page.click("#door button")


def write(page: Page, document: str) -> None:
    """Replace what is in the editor."""
    page.click(EDITOR)
    page.wait("document.activeElement.closest('.graphiql-editor')")
    page.press("a", 65, control=True)
    page.paste(document)
    # The editor writes no-break spaces.
    shown = f"document.querySelector({json.dumps(EDITOR)}).innerText.replaceAll('\\u00a0', ' ')"
    page.wait(f"{shown} === {json.dumps(document)}")


def kept(page: Page, storage: str) -> str:
    return json.dumps(page.value(f"({{...{storage}}})"))


def test_a_purge_from_the_playground_reaches_varnish(page: Page, pair: Pair) -> None:
    for document in (QUERY, OTHER):
        assert_miss(pair.stack.query(document))
        assert_hit(pair.stack.query(document))

    enter(page, pair.stack.token)
    write(page, "mutation { purgePost(id: [1]) }")
    page.click(".graphiql-execute-button")
    page.wait_text('"purgePost": true')

    assert_miss(pair.stack.query(QUERY))
    assert_hit(pair.stack.query(OTHER))


def test_shellac_up_prints_where_the_playground_is(pair: Pair) -> None:
    assert f"{pair.stack.admin_url}/playground" in pair.stack.process.output()


def test_the_documentation_lists_the_mutations_of_the_schema(page: Page, pair: Pair) -> None:
    enter(page, pair.stack.token)
    page.click("button[aria-label='Show Documentation Explorer']")
    page.click(".graphiql-doc-explorer a", "Mutation")
    page.wait_text("Purge Author: all of it")


def test_completion_knows_the_mutations_of_the_schema(page: Page, pair: Pair) -> None:
    enter(page, pair.stack.token)
    write(page, "mutation { purgeAu")
    page.press(" ", 32, control=True)
    page.wait("document.querySelector('.suggest-widget')?.innerText.includes('purgeAuthor')")


def test_the_examples_are_valid_documents(page: Page, pair: Pair) -> None:
    enter(page, pair.stack.token)
    page.wait("typeof EXAMPLES === 'string'")
    examples = [
        line.removeprefix("#").strip()
        for line in page.value("EXAMPLES").splitlines()
        if line.startswith("#     ")
    ]
    assert len(examples) > 3
    for example in examples:
        assert set(pair.stack.purge(example).values()) == {True}


def test_the_page_is_nothing_but_a_door_until_a_token_is_accepted(page: Page, pair: Pair) -> None:
    enter(page, "wrong")
    page.wait_text("The token is not valid")
    assert page.value("document.querySelector('.graphiql-container')") is None
    assert kept(page, "sessionStorage") == "{}"

    page.value("document.getElementById('token').value = ''")
    enter(page, pair.stack.token)
    page.wait(f"document.querySelector({json.dumps(EDITOR)})")


def test_the_token_stays_in_the_tab(page: Page, pair: Pair, browser: Browser) -> None:
    enter(page, pair.stack.token)
    write(page, "{ _service { name } }")
    page.click(".graphiql-execute-button")
    page.wait_text('"name": "demo"')
    # GraphiQL keeps what is in its tabs, after a while: what it keeps is there now.
    page.wait("(localStorage['graphiql:tabState'] ?? '').includes('_service { name }')")

    assert pair.stack.token not in kept(page, "localStorage")
    assert pair.stack.token not in page.value("document.cookie + location.href + document.title")
    page.go(f"{pair.stack.admin_url}/playground")
    page.wait(f"document.querySelector({json.dumps(EDITOR)})")
    with browser.page() as other:
        other.go(f"{pair.stack.admin_url}/playground")
        other.wait("!document.getElementById('door').hidden")
    page.click("#leave")
    page.wait("!document.getElementById('door')?.hidden")
    assert kept(page, "sessionStorage") == "{}"


def test_a_token_that_is_no_longer_valid_leads_back_to_the_door(page: Page, pair: Pair) -> None:
    enter(page, pair.stack.token)
    write(page, "{ _service { name } }")
    page.value("sessionStorage.setItem('shellac-token', 'revoked')")
    page.click(".graphiql-execute-button")
    page.wait("!document.getElementById('door').hidden")
    page.wait_text("The token is not valid")
    assert kept(page, "sessionStorage") == "{}"


def test_an_edit_does_not_go_into_the_address(page: Page, pair: Pair) -> None:
    enter(page, pair.stack.token)
    write(page, "mutation { _purgeAll }")
    page.wait("(localStorage['graphiql:tabState'] ?? '').includes('_purgeAll }')")
    assert page.value("location.href") == f"{pair.stack.admin_url}/playground"


def test_nothing_leaves_the_host_and_the_policy_refuses_nothing_that_the_page_needs(
    page: Page, pair: Pair, browser: Browser
) -> None:
    enter(page, pair.stack.token)
    write(page, '{ _service { name __typename } "a" }')
    # An error in the document is found by one worker, one in the variables by another.
    page.wait("document.querySelector('.squiggly-error')")
    page.click(".graphiql-editor-tool .view-lines")
    page.paste('{"a": }')
    page.wait("document.querySelector('.graphiql-editor-tool .squiggly-error')")
    loaded = page.value("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert {url.split("/")[2] for url in loaded if url.startswith("http")} == {
        pair.stack.admin_url.removeprefix("http://")
    }
    assert browser.outside == []
    assert page.consoled == []


def test_the_policy_keeps_a_script_of_the_page_from_asking_others(
    page: Page, browser: Browser
) -> None:
    attempt = "fetch('http://elsewhere.test/').then(() => 'went out', () => 'refused')"
    assert page.value(attempt) == "refused"
    page.wait_console("Content Security Policy")
    assert browser.outside == []


def test_the_browser_of_these_tests_would_be_noticed_outside(browser: Browser) -> None:
    with browser.page() as page:
        page.send("Page.navigate", url="http://elsewhere.test/")
        page.wait("location.host === 'elsewhere.test'")
    assert browser.outside == ["GET http://elsewhere.test/ HTTP/1.1"]
    browser.outside.clear()
