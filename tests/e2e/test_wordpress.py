"""WPGraphQL Smart Cache, in front of a blog that answers and purges as the plugin does.

Each with the VCL alone, and with a controller that purges pass through.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.wordpress import LOGIN, NONCE, Blog, relay_id
from tests.e2e.tagging import ask, before, grown_old, hit, passed, stored
from tests.support.stack import Stack

pytestmark = pytest.mark.varnish

LIST = "{ posts(first: 3) { nodes { title } } }"
LONG_LIST = "{ posts(first: 500) { nodes { databaseId title } } }"
VIEWER = "{ viewer { name } }"


def post(number: int) -> str:
    return f'{{ post(id: "{relay_id("post", number)}") {{ title }} }}'


@pytest.fixture(scope="module")
def blog() -> Blog:
    blog = Blog()
    blog.titles = {number: f"Post {number}" for number in range(1, 501)}
    return blog


@pytest.fixture(scope="module", params=[False, True], ids=["alone", "with-controller"])
def stack(
    blog: Blog, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Stack]:
    direct = {"controller": request.param, "purgers": ["127.0.0.1"]}
    templates = {"tagTemplates": {"Post": ["{id}", "list:post"]}} if request.param else {}
    config = {"profile": "wpgraphql", "direct": direct, **templates}
    with before(blog, config, tmp_path_factory.mktemp("wordpress")) as stack:
        yield stack


@pytest.fixture(autouse=True)
def empty(blog: Blog, stack: Stack) -> None:
    """What is stored right after two purges at once is taken along by the next one: not so here."""
    blog.site = "https://blog.example/graphql"
    assert stack.process.popen.poll() is None
    grown_old(stack, f"query Before{len(blog.requests)} {{ viewer {{ name }} }}", age=1)
    assert blog.flush() == [200]


def test_a_query_by_get_is_stored_without_its_keys_and_one_by_post_passes(stack: Stack) -> None:
    first = stored(ask(stack, LIST))
    second = hit(ask(stack, LIST))
    assert second.content == first.content
    assert not [name for name in second.headers if name.startswith(("x-graphql", "xkey"))]
    assert "gcdn-cache" not in second.headers
    assert "fwd=method" in stack.query(LIST).headers["cache-status"]


def test_an_edit_purges_the_post_and_lists_of_it_and_leaves_others(
    blog: Blog, stack: Stack
) -> None:
    for document in (post(1), post(9), LIST):
        stored(ask(stack, document))
    grown_old(stack, LIST)
    assert blog.save(1, "Edited") == [200, 200]
    hit(ask(stack, post(9)))
    assert "Edited" in stored(ask(stack, post(1))).text
    assert "Edited" in stored(ask(stack, LIST)).text


def test_an_answer_whose_ids_were_skipped_goes_with_every_edit_of_their_type(
    blog: Blog, stack: Stack
) -> None:
    stored(ask(stack, LONG_LIST))
    grown_old(stack, LONG_LIST)
    blog.save(500, "Not among the keys")
    assert "Not among the keys" in stored(ask(stack, LONG_LIST)).text


def test_a_new_post_purges_lists_alone(blog: Blog, stack: Stack) -> None:
    stored(ask(stack, post(1)))
    stored(ask(stack, LIST))
    grown_old(stack, LIST)
    assert blog.publish("New") == [200]
    hit(ask(stack, post(1)))
    stored(ask(stack, LIST))


@pytest.mark.parametrize("site", ["https://blog.example/graphql", "blog.example/graphql"])
def test_purges_tell_the_endpoint_with_a_scheme_or_without(
    site: str, blog: Blog, stack: Stack
) -> None:
    stored(ask(stack, post(2)))
    grown_old(stack, post(2))
    blog.site = site
    blog.save(2, f"Edited at {site}")
    assert site in stored(ask(stack, post(2))).text


def test_several_keys_in_one_purge_stand_with_commas_or_blanks(blog: Blog, stack: Stack) -> None:
    for between in (",", ", ", " "):
        stored(ask(stack, post(3)))
        stored(ask(stack, post(4)))
        grown_old(stack, post(4))
        assert blog.clean(between.join(relay_id("post", n) for n in (3, 4))) == [200]
        stored(ask(stack, post(3)))
        stored(ask(stack, post(4)))
        blog.flush()


def test_somebody_logged_in_is_answered_for_themselves_and_nothing_of_it_is_kept(
    stack: Stack,
) -> None:
    mine = passed(ask(stack, VIEWER, Cookie=LOGIN, X_WP_Nonce=NONCE), "unkeyed-header")
    assert mine.json() == {"data": {"viewer": {"name": "ada"}}}
    assert mine.headers["cache-control"] == "no-store"
    assert stored(ask(stack, VIEWER)).json() == {"data": {"viewer": None}}
    again = passed(ask(stack, VIEWER, Cookie=LOGIN, X_WP_Nonce=NONCE), "unkeyed-header")
    assert again.json() == mine.json()
    assert hit(ask(stack, VIEWER)).json() == {"data": {"viewer": None}}


def test_the_login_cookie_or_the_nonce_alone_pass_too(stack: Stack) -> None:
    stored(ask(stack, LIST))
    passed(ask(stack, LIST, Cookie=LOGIN), "credentials")
    passed(ask(stack, LIST, X_WP_Nonce=NONCE), "unkeyed-header")
    passed(ask(stack, LIST, Authorization="Basic YTpi"), "credentials")
    hit(ask(stack, LIST, Cookie="_ga=GA1.1.1"))


def test_other_paths_of_the_site_are_not_served(blog: Blog, stack: Stack) -> None:
    asked = len(blog.requests)
    base = stack.url.removesuffix("/graphql")
    assert stack.http.get(f"{base}/wp-json/wp/v2/posts").status_code == 404
    assert len(blog.requests) == asked


def test_a_mutation_purges_the_post_that_it_changed(blog: Blog, stack: Stack) -> None:
    """Without a controller it reaches WordPress, whose own purge does the same."""
    stored(ask(stack, post(5)))
    stored(ask(stack, post(6)))
    grown_old(stack, post(6))
    change = f'updatePost(input: {{ id: "{relay_id("post", 5)}", title: "Changed" }})'
    assert "Changed" in stack.query(f"mutation {{ {change} {{ post {{ title }} }} }}").text
    if not list(stack.state_dir.glob("*.sqlite")):
        blog.save(5, "Changed")
    assert "Changed" in stored(ask(stack, post(5))).text
    hit(ask(stack, post(6)))
