"""Origins that tag, each in its own words, through a real Varnish and its controller."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from demo.tagged import DIALECTS, Library
from demo.tagging import purge
from tests.core.dialects import clients
from tests.e2e.tagging import ask, before, grown_old, hit, stored
from tests.support.stack import Stack, describe

pytestmark = pytest.mark.varnish

BOOKS = "{ books { title } }"
ONE, TWO = "{ book(id: 1) { title } }", "{ book(id: 2) { title } }"


@contextlib.contextmanager
def running(name: str, directory: Path) -> Iterator[tuple[Library, Stack]]:
    library = Library(DIALECTS[name])
    config = {
        "profile": "tagged",
        "direct": {"purgers": ["127.0.0.1"], "tags": {"header": DIALECTS[name].header}, "swr": 60},
        "tagTemplates": {"Book": ["/books/{id}", "books"]},
    }
    with before(library, config, directory) as stack:
        yield library, stack


@pytest.mark.parametrize("name", DIALECTS)
def test_an_edit_and_a_mutation_purge_what_shows_the_book_and_nothing_else(
    name: str, tmp_path: Path
) -> None:
    with running(name, tmp_path) as (library, stack):
        # What is stored right after the purges of a start is taken along by the next one.
        grown_old(stack, "query Before { books { id } }", age=1)
        for document in (ONE, TWO, BOOKS):
            stored(ask(stack, document))
        grown_old(stack, BOOKS)
        assert library.save(1, "Edited") == [200]
        hit(ask(stack, TWO))
        assert "Edited" in stored(ask(stack, ONE)).text
        assert "Edited" in stored(ask(stack, BOOKS)).text
        grown_old(stack, BOOKS)
        change = stack.query('mutation { renameBook(id: 2, title: "Changed") { title } }')
        assert "shellac-purge" not in change.headers, describe(change)
        hit(ask(stack, ONE))
        assert "Changed" in stored(ask(stack, TWO)).text
        assert "Changed" in stored(ask(stack, BOOKS)).text


@pytest.fixture(scope="module")
def fos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Library, Stack]]:
    with running("foshttpcache", tmp_path_factory.mktemp("fos")) as both:
        yield both


class Client:
    """FOSHttpCache's requests (its ProxyClient\\Varnish), to the Varnish of a stack."""

    def __init__(self, library: Library, stack: Stack) -> None:
        self.varnishes, self.stack = library.varnishes, stack

    def ban(self, **headers: str) -> list[int]:
        any_page = dict.fromkeys(("X-Host", "X-Url", "X-Content-Type"), ".*")
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return purge(self.varnishes, "BAN", any_page | given)

    def purge_keys(self, **headers: str) -> list[int]:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return purge(self.varnishes, "PURGEKEYS", given)

    def purge(self, document: str) -> httpx.Response:
        url = ask(self.stack, document).request.url
        return self.stack.http.request("PURGE", url)

    def refresh(self, document: str) -> httpx.Response:
        return ask(self.stack, document, Cache_Control="no-cache")


@pytest.fixture
def client(fos: tuple[Library, Stack]) -> Client:
    """Nothing of the tests before is stored, and books 1 and 2 are, old enough to survive."""
    library, stack = fos
    library.titles.update({1: "Book 1", 2: "Book 2"})
    # What is stored right after two purges at once is taken along by the next one: not so here.
    grown_old(stack, f"query Before{len(library.requests)} {{ books {{ id }} }}", age=1)
    assert Client(library, stack).ban() == [200]
    for document in (ONE, TWO):
        stored(ask(stack, document))
    grown_old(stack, TWO)
    return Client(library, stack)


def test_fos_bans_tags(client: Client) -> None:
    (pattern,) = clients.fos(["/books/1", "a.b"], ban=True)
    assert client.ban(X_Cache_Tags=pattern) == [200]
    stored(ask(client.stack, ONE))
    hit(ask(client.stack, TWO))


def test_fos_bans_thousands_of_tags_in_several_requests(client: Client) -> None:
    tags = [*(f"/authors/{number}" for number in range(2_000)), "/books/1"]
    patterns = [*clients.fos(tags, ban=True)]
    assert len(patterns) > 3
    for pattern in patterns:
        assert client.ban(X_Cache_Tags=pattern) == [200]
    stored(ask(client.stack, ONE))
    hit(ask(client.stack, TWO))


def test_fos_bans_a_path_with_everything_else(client: Client) -> None:
    assert client.ban(X_Url="^/graphql", X_Host="^(shop.test)$") == [200]
    stored(ask(client.stack, ONE))
    stored(ask(client.stack, TWO))


def test_fos_purges_keys(client: Client) -> None:
    assert client.purge_keys(xkey_purge="/books/1 /books/9") == [200]
    stored(ask(client.stack, ONE))
    hit(ask(client.stack, TWO))


def test_fos_purges_keys_softly(client: Client, fos: tuple[Library, Stack]) -> None:
    fos[0].titles[1] = "Newer"
    assert client.purge_keys(xkey_softpurge="/books/1") == [200]
    stale = hit(ask(client.stack, ONE))
    assert "Book 1" in stale.text
    hit(ask(client.stack, TWO))


def test_fos_purges_a_url(client: Client) -> None:
    assert client.purge(ONE).status_code == 200
    stored(ask(client.stack, ONE))
    hit(ask(client.stack, TWO))


def test_fos_refreshes_a_url(client: Client, fos: tuple[Library, Stack]) -> None:
    fos[0].titles[1] = "Newer"
    assert "Newer" in stored(client.refresh(ONE)).text
    assert "Newer" in hit(ask(client.stack, ONE)).text
    hit(ask(client.stack, TWO))


def test_fos_leaves_everything_where_it_names_nothing(client: Client) -> None:
    assert client.purge_keys() == [400]
    hit(ask(client.stack, ONE))
