"""What ``shellac explain`` foretells is what the running node does."""

from __future__ import annotations

from itertools import product
from urllib.parse import urlencode

import httpx
import pytest

from tests.cli.explaining import explained
from tests.e2e.conftest import Pair
from tests.support.stack import describe

POST = "{ post(id: 1) { title } }"
VIEWER = "{ viewer { name } }"
CART = "{ cart { session } }"
SHOP = "{ shop { name } }"
MIXED = "query Mixed { viewer { name } cart { session } shop { name } }"
DOCUMENTS = (POST, VIEWER, CART, SHOP, MIXED, "{ __schema { queryType { name } } }", "{ post {")
HEADERS = (
    (),
    ("Authorization: Bearer alice",),
    ("Authorization: ",),
    ("Cookie: session=5",),
    ("Cookie: session=5; session=6",),
    ("Cookie: session=5", "Cookie: session=6"),
    ("Cookie: session=",),
    ("Cookie: _ga=1; theme=",),
    ("Cookie: _ga=1; theme=dark",),
    ("Cookie: _ga=1; theme= ; _gid=2",),
    ("Cookie: _ga=1;theme=dark;=x",),
    ("Cookie: =5; session=5",),
    ("Cookie: session=5=6; SESSION=7",),
    ("Cookie: ;; session = 5 ;",),
    ("Cookie: loggedin; session=5",),
    ("Cookie: session=5", "Authorization: Bearer alice"),
    ("Authorization: Bearer alice", "Authorization: Bearer bob"),
    ("Store: de",),
    ("Store: de", "Store: fr"),
    ("Content-Currency: EUR", "Origin: https://shop.example"),
    ("X-Hasura-Role: admin",),
    ("X-Preview: 1",),
    ("X-Preview: 1", "Accept: text/html", "X-Api-Key: k"),
    ("X-Api-Key: k", "Authorization: Bearer alice"),
    ("Accept: text/html",),
    ("Accept: application/json; charset=utf-8",),
    ("Accept: application/graphql-response+json; charset=utf-8, application/json",),
    ("Accept: application/xml, */*;q=0.1",),
    ("Accept: a b, */*;q=0.1",),
    (f"Accept: {'a' * 201}",),
    ("Accept: Text/Event-Stream ;q=1, */*",),
    ("Accept: application/json, text/event-stream",),
    ("Accept-Language: *",),
    ("Accept-Language: de",),
    ("Accept-Language: *", "Accept-Language: de"),
    ("Accept-Language: de", "Accept-Language: *"),
    ("X-Shellac-Key: 1", "Shellac-Secret: 1", "Proxy: x", "xkey: x"),
)


@pytest.mark.parametrize("headers", HEADERS, ids=" ".join)
def test_headers_do_what_explain_says(pair: Pair, headers: tuple[str, ...]) -> None:
    for document, by_get in product(DOCUMENTS, (False, True)):
        url = f"{pair.stack.url}?{urlencode({'query': document})}"
        sent = [line.partition(": ")[::2] for line in headers]
        answer = ask(pair, document, [*sent, ("shellac-debug", "1")], url if by_get else None)
        code = 2 if document == "{ post {" else 0
        found = explained(
            pair.stack.state_dir.parent, url if by_get else document, *headers, code=code
        )
        status = answer.headers["cache-status"]
        said = f"{found['outcome']} {found['reason']} for {document}\n{describe(answer)}"
        if found["outcome"] == "cached":
            assert "hit" in status or "stored" in status, said
        else:
            assert f"detail={found['reason']['detail']}" in status, said
        if found["key"] is not None and answer.headers["shellac-key"]:
            assert answer.headers["shellac-key"] == found["key"], said


def ask(
    pair: Pair, document: str, headers: list[tuple[str, str]], url: str | None
) -> httpx.Response:
    """As a client that sends nothing of its own."""
    client = httpx.Client(headers={}, timeout=60)
    with client:
        client.headers.clear()
        if url is not None:
            return client.get(url, headers=headers)
        return client.post(pair.stack.url, json={"query": document}, headers=headers)


def test_tags_and_scopes_are_those_of_the_answer(pair: Pair) -> None:
    answer = ask(pair, MIXED, [("shellac-debug", "1")], None)
    found = explained(pair.stack.state_dir.parent, MIXED)
    tags = set(answer.headers["shellac-tags"].replace(",", " ").split())
    types = found["tags"].pop("types")
    assert {tag for names in found["tags"].values() for tag in names} <= tags, describe(answer)
    # Nobody asks, so there is no viewer: a null of the type.
    assert set(types) == {"type:Cart", "type:Shop", "type:Viewer"}
    assert all(tag in tags or tag.replace("type:", "null:") in tags for tag in types)
    names = {name for name in answer.headers["shellac-scopes"].split(",") if name}
    assert names == {scope["name"] for scope in found["scopes"]}
