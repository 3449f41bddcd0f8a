"""What ``shellac explain`` foretells in a direct profile is what the running node does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.cli.explaining import explained
from tests.e2e.direct_node import CONFIGS, PUBLIC, TAGS, Node, running_node
from tests.e2e.direct_rows import ANSWERS, ASKING, CACHE_ID, HEADERS, TARGETS
from tests.support.stack import describe

pytestmark = pytest.mark.varnish

NUMBERS = count()


@pytest.fixture(scope="module", params=sorted(CONFIGS))
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Node]:
    with running_node(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


def fresh(target: str, answer: Sequence[str] = (PUBLIC,)) -> str:
    """A target that nobody has asked for yet, with the answer that the origin is to give."""
    mark = "&" if "?" in target else "?"
    return f"{target}{mark}Test-Answer={quote(json.dumps(list(answer)))}&n={next(NUMBERS)}"


def done(answer: httpx.Response) -> str:
    """What a node did, in the words of ``explain``."""
    status = answer.headers.get("cache-status", "")
    if answer.status_code >= 400:
        return f"refused {answer.status_code}"
    if "fwd=bypass" in status or "fwd=method" in status:
        return f"passed {status.partition('detail=')[2]}"
    if "detail=" in status:
        return f"not stored {status.partition('detail=')[2]}"
    assert "hit" in status or "stored" in status, describe(answer)
    return "cached"


def foretold(found: Any) -> str:
    reason = found["reason"]
    return found["outcome"] if reason is None else f"{found['outcome']} {reason['detail']}"


@pytest.mark.parametrize("target", TARGETS)
def test_headers_do_what_explain_says(node: Node, target: str) -> None:
    lines = [PUBLIC]
    if target.startswith("/graphql"):
        lines.append(f"X-Magento-Cache-Id: {CACHE_ID}")
    for headers in HEADERS:
        asked = fresh(target, lines)
        said = foretold(node.explained(asked, *headers, answer=lines))
        assert done(node.get(asked, *headers)) == said, (headers, target)


def test_answers_are_stored_as_explain_says(node: Node) -> None:
    for headers in ASKING:
        for target in ("/graphql?query=%7Ba%7D", "/page"):
            for lines in ANSWERS:
                asked, began = fresh(target, lines), time.monotonic()
                found = node.explained(asked, *headers, answer=lines)
                if foretold(found).startswith(("passed", "refused")):
                    continue
                answer = node.get(asked, *headers)
                assert done(answer) == foretold(found), (headers, target, lines)
                if found["answer"] is not None:
                    ttl = int(answer.headers["cache-status"].rpartition("ttl=")[2])
                    assert 0 <= found["answer"]["ttl"] - ttl <= 1 + time.monotonic() - began


@pytest.mark.parametrize("target", TARGETS)
def test_requests_share_an_answer_where_their_keys_are_the_same(node: Node, target: str) -> None:
    seen = []
    target = fresh(target)
    for headers in HEADERS:
        found = node.explained(target, *headers)
        if found["outcome"] != "perhaps cached":
            continue
        assert node.explained(target, *headers, answer=[PUBLIC])["key"] == found["key"]
        answer = node.get(target, *headers)
        if done(answer) != "cached":
            continue  # for another Cache-Id
        hit = "hit" in answer.headers["cache-status"]
        anew = any("anew" in header["words"] for header in found["headers"])
        shared = found["key"] in seen and not anew
        assert hit == shared, (headers, found["key"], describe(answer))
        seen.append(found["key"])
    if target.startswith("/graphql"):
        assert seen[0] in seen[1:], "no two share one"
        assert any(key != seen[0] for key in seen), "all share one"


@pytest.mark.parametrize("path", ["/p", "/graphql"])
def test_the_order_of_parameters_counts_as_explain_says(node: Node, path: str) -> None:
    first, second = f"{path}?b=2&utm_source=x&a=1&a=0", f"{path}?a=0&b=2&a=1&utm_medium=y"
    one, other = node.explained(first), node.explained(second)
    if foretold(one) == "refused 404":
        assert (node.profile, path) == ("wpgraphql", "/p")
        return
    assert one["outcome"] == other["outcome"] == "perhaps cached"
    node.get(first)
    hit = "hit" in node.get(second).headers["cache-status"]
    assert hit == (one["key"] == other["key"])


@pytest.mark.parametrize(
    "target",
    [
        "/graphql?query=" + "a" * 185,
        "/graphql?query=" + "b" * 186,
        "/graphql?query=a,b",
        "/p?utm_source=" + "c" * 200,
        "/p?" + "d" * 198,
        "/p?utm_source=a,b",
    ],
    ids=lambda target: f"{target[:18]} {len(target)}",
)
def test_urls_that_cannot_be_written_are_purged_as_explain_says(node: Node, target: str) -> None:
    found = node.explained(target, answer=[PUBLIC])
    if foretold(found) == "refused 404":
        assert node.profile == "wpgraphql"
        assert target.startswith("/p?")
        return
    assert foretold(found) == "cached"
    keys = node.get(target, "Shellac-Debug: 1").headers["shellac-tags"].split()
    assert found["answer"]["byAnyUrl"] is ("some-url" in keys), keys


def test_a_write_passes_by_its_method_as_explain_says(node: Node) -> None:
    document = "{ product(id: 5) { sku } }"
    found = explained(node.folder, document)
    assert foretold(found) == "passed method"
    assert "fwd=method" in node.stack.query(document).headers["cache-status"]


@pytest.mark.parametrize(
    ("tags", "written"),
    [
        (["a"], "a"),
        (["a", "b"], "a,b"),
        (["a", "b"], " a ,, b , a"),
        ([], ""),
        (None, "x" * 201),
        (None, "é"),
        (None, ",".join(f"tag{n}" for n in range(12_000))),
    ],
    ids=lambda value: str(value)[:10],
)
def test_tags_purge_what_explain_says(node: Node, tags: list[str] | None, written: str) -> None:
    if node.profile == "wpgraphql":
        written = written.replace(",", " ")
    line = f"{TAGS[node.profile]}: {written}"
    found = node.explained("/graphql?query=1", answer=[PUBLIC, line])["answer"]
    assert found["byAnyTag"] is (tags is None)
    assert found["tags"] == (tags or [])


def post(node: Node, document: str) -> Any:
    answer = node.stack.query(document)
    assert "errors" not in answer.json(), describe(answer)
    return explained(node.folder, document)["purge"]


def test_mutations_purge_the_tags_that_explain_says(node: Node) -> None:
    header = TAGS[node.profile]
    pages = {
        tag: fresh(f"/graphql?query={tag}", [PUBLIC, f"{header}: {tag}"])
        for tag in ("cat_p_5", "cat_p_6", "cat_p", "cart_c1")
    }
    for page in pages.values():
        node.get(page)
        node.get(page)
    purge = post(node, 'mutation { renameProduct(id: 5, name: "b") { name } }')
    assert purge["everything"] is False
    templates = {text for type_ in purge["types"] for text in type_["entity"]}
    named = {text.replace("{id}", "5") for text in templates}
    assert named == ({"cat_p_5"} if node.profile == "magento" else set())
    if node.profile != "magento":
        assert purge["words"].startswith("nothing")
    fetched = node.get(pages["cat_p_5"])
    assert ("stored" in fetched.headers["cache-status"]) == bool(named), describe(fetched)
