"""The whole way of a query, a mutation and a purge, through real processes."""

import json
import subprocess

from tests.e2e.conftest import Pair
from tests.support.stack import (
    SHELLAC,
    assert_hit,
    assert_miss,
    assert_pass,
    assert_same_body,
    describe,
)

POST = "query Post($id: ID!) { post(id: $id) { title author { name } } }"


def test_get_and_post_in_other_words_are_one_origin_request(pair: Pair) -> None:
    stack = pair.stack
    document = "query P($limit: Int!, $tag: String) { posts(limit: $limit, tag: $tag) { title } }"
    spaced = """query P( $limit:Int! ,$tag : String )
        # a comment
        { posts( limit: $limit, tag: $tag )
          { title } }"""
    assert_miss(stack.query(document, {"limit": 3, "tag": None}, method="GET"))
    answer = stack.http.post(
        stack.url,
        content=json.dumps({"variables": {"tag": None, "limit": 3}, "query": spaced}),
        headers={"content-type": "application/json", "accept": "application/json"},
    )
    assert_hit(answer)
    assert pair.origin_requests() == 1


def test_answers_are_the_origins_byte_for_byte(pair: Pair) -> None:
    documents = [
        "{ posts { title rating likes author { name } tags { name } } }",
        '{ search(text: "a") { __typename ... on Post { title } ... on Author { n: name } } }',
        '{ node(id: "Post:5") { ... on Post { title } } }',
        "{ postsConnection(first: 2) { totalCount edges { cursor node { title } } } }",
        "{ post(id: 99999) { title } }",
        "{ a: post(id: 1) { id: title } b: post(id: 2) { id } }",
    ]
    for document in documents:
        direct = pair.stack.query(document, direct=True)
        first = pair.stack.query(document)
        second = pair.stack.query(document)
        assert_same_body(assert_miss(first), direct)
        assert_same_body(assert_hit(second), direct)


def test_a_mutation_purges_what_it_answers_before_it_is_answered(pair: Pair) -> None:
    stack = pair.stack
    assert_miss(stack.query(POST, {"id": 1}))
    assert_hit(stack.query(POST, {"id": 1}))
    assert_miss(stack.query(POST, {"id": 2}))
    mutation = 'mutation { updatePost(id: 1, title: "Changed") { title } }'
    answer = stack.query(mutation)
    assert answer.json() == {"data": {"updatePost": {"title": "Changed"}}}, describe(answer)
    assert "shellac-purge" not in answer.headers
    changed = stack.query(POST, {"id": 1})
    assert assert_miss(changed).json()["data"]["post"]["title"] == "Changed"
    assert_hit(stack.query(POST, {"id": 2}))


def test_a_mutation_that_renames_an_author_purges_his_posts(pair: Pair) -> None:
    stack = pair.stack
    author = pair.demo.data("{ post(id: 1) { author { id } } }")["post"]["author"]["id"]
    assert_miss(stack.query(POST, {"id": 1}))
    stack.query(
        'mutation M($id: ID!) { updateAuthor(id: $id, name: "New") { name } }', {"id": author}
    )
    assert (
        assert_miss(stack.query(POST, {"id": 1})).json()["data"]["post"]["author"]["name"] == "New"
    )


def test_a_mutation_that_answers_a_boolean_purges_the_type_its_name_says(pair: Pair) -> None:
    stack = pair.stack
    created = pair.demo.data('mutation { createPost(input: { title: "x", authorId: 1 }) { id } }')[
        "createPost"
    ]["id"]
    assert_miss(stack.query(POST, {"id": created}))
    stack.query("mutation M($id: ID!) { deletePost(id: $id) }", {"id": created})
    assert assert_miss(stack.query(POST, {"id": created})).json() == {"data": {"post": None}}


def test_purge_by_id_misses_exactly_the_queries_that_contain_it(pair: Pair) -> None:
    stack = pair.stack
    with_five = [
        "{ post(id: 5) { title } }",
        '{ node(id: "Post:5") { ... on Post { title } } }',
        "{ posts(limit: 50) { title } }",
    ]
    without = ["{ post(id: 6) { title } }", "{ author(id: 1) { name } }", "{ tags { name } }"]
    for document in with_five + without:
        assert_miss(stack.query(document))
    assert stack.purge("mutation { purgePost(id: [5]) }") == {"purgePost": True}
    for document in without:
        assert_hit(stack.query(document))
    for document in with_five:
        assert_miss(stack.query(document))


def test_purge_by_type_and_soft_purge(pair: Pair) -> None:
    stack = pair.stack
    assert_miss(stack.query("{ post(id: 5) { title } }"))
    assert_miss(stack.query("{ tags { name } }"))
    stack.purge("mutation { purgePost }")
    assert_miss(stack.query("{ post(id: 5) { title } }"))
    assert_hit(stack.query("{ tags { name } }"))
    stack.purge('mutation { _purgeType(type: "Tag", soft: true) }')
    stale = assert_hit(stack.query("{ tags { name } }"))
    assert "ttl=-" in stale.headers["cache-status"] or "ttl=0" in stale.headers["cache-status"]


def test_two_users_under_a_scope_never_share(pair: Pair) -> None:
    stack = pair.stack
    viewer = "{ viewer { name } }"
    alice, bob = {"authorization": "Bearer alice"}, {"authorization": "Bearer bob"}
    assert "alice" in assert_miss(stack.query(viewer, headers=alice)).text.lower()
    assert "bob" in assert_miss(stack.query(viewer, headers=bob)).text.lower()
    assert assert_miss(stack.query(viewer)).json() == {"data": {"viewer": None}}
    assert "alice" in assert_hit(stack.query(viewer, headers=alice)).text.lower()
    assert "bob" in assert_hit(stack.query(viewer, headers=bob)).text.lower()


def test_two_users_without_a_scope_share_what_is_public(pair: Pair) -> None:
    stack = pair.stack
    assert_miss(stack.query("{ shop { name } }", headers={"cookie": "_ga=1"}))
    assert_hit(stack.query("{ shop { name } }", headers={"cookie": "_ga=2"}))


def test_credentials_that_no_scope_reads_pass(pair: Pair) -> None:
    stack = pair.stack
    assert_miss(stack.query("{ tags { name } }"))
    answer = stack.query("{ tags { name } }", headers={"cookie": "login=1"})
    assert_pass(answer)
    assert answer.headers["cache-status"] == "shellac; fwd=bypass; detail=credentials"


def test_stores_and_currencies_are_kept_apart(pair: Pair) -> None:
    stack = pair.stack
    shop = "{ shop { name currency } }"
    for headers in ({"store": "de"}, {"content-currency": "de"}, {"store": "fr"}, {}):
        direct = stack.query(shop, headers=headers, direct=True)
        assert_same_body(assert_miss(stack.query(shop, headers=headers)), direct)
    for headers in ({"store": "de"}, {"content-currency": "de"}, {"store": "fr"}, {}):
        direct = stack.query(shop, headers=headers, direct=True)
        assert_same_body(assert_hit(stack.query(shop, headers=headers)), direct)


def test_a_bypass_header_passes_and_its_mutation_purges_nothing(pair: Pair) -> None:
    stack = pair.stack
    assert_miss(stack.query(POST, {"id": 3}))
    assert_pass(stack.query(POST, {"id": 3}, headers={"x-preview": "1"}))
    stack.query(
        'mutation { updatePost(id: 3, title: "unseen") { id } }', headers={"x-preview": "1"}
    )
    assert_hit(stack.query(POST, {"id": 3}))


def test_errors_are_delivered_as_the_origin_words_them_and_not_stored(pair: Pair) -> None:
    stack = pair.stack
    document = "{\n  flaky(fail: true)\n  posts { title }\n}"
    direct = stack.query(document, direct=True)
    assert "errors" in direct.json()
    for _ in range(2):
        answer = stack.query(document)
        assert_same_body(answer, direct)
        assert answer.headers["cache-status"] == "shellac; fwd=miss; detail=errors"


def test_etag_answers_not_modified(pair: Pair) -> None:
    stack = pair.stack
    first = assert_miss(stack.query("{ tags { name } }", method="GET"))
    again = stack.query(
        "{ tags { name } }", method="GET", headers={"if-none-match": first.headers["etag"]}
    )
    assert again.status_code == 304, describe(again)


def test_a_fetch_that_began_before_a_mutation_is_not_stored(pair: Pair) -> None:
    """The fence: the answer is older than the purge, so the next reader must not get it."""
    stack = pair.stack
    pair.demo.hold()
    slow = pair.demo.threads.submit(stack.query, POST, {"id": 4})
    pair.demo.wait_until_held()
    stack.query('mutation { updatePost(id: 4, title: "Newer") { title } }')
    pair.demo.release()
    assert slow.result().headers["cache-status"] == "shellac; fwd=miss; detail=purged-meanwhile"
    assert assert_miss(stack.query(POST, {"id": 4})).json()["data"]["post"]["title"] == "Newer"


def test_debug_says_what_was_decided(pair: Pair) -> None:
    answer = pair.stack.query(POST, {"id": 1}, headers={"shellac-debug": "1"})
    assert answer.headers["shellac-operation"] == "Post"
    assert "key:Post:id:1" in answer.headers["shellac-tags"].split()
    assert len(answer.headers["shellac-key"]) == 64
    assert "shellac-tags" not in pair.stack.query(POST, {"id": 1}).headers


def test_answers_that_are_not_stored_are_fetched_side_by_side(pair: Pair) -> None:
    document = "{ flaky(fail: true) stats { postCount } }"
    assert_miss(pair.stack.query(document))
    pair.demo.hold(4)
    asked = [pair.demo.threads.submit(pair.stack.query, document) for _ in range(4)]
    # All are at the origin at once: none waits for another's answer.
    pair.demo.wait_until_held(4)
    pair.demo.release()
    assert {answer.result().status_code for answer in asked} == {200}


def test_equal_queries_wait_for_one_fetch(pair: Pair) -> None:
    pair.demo.hold()
    asked = [
        pair.demo.threads.submit(pair.stack.query, "{ stats { postCount } }") for _ in range(8)
    ]
    pair.demo.wait_until_held()
    pair.demo.release()
    assert len({answer.result().content for answer in asked}) == 1
    assert pair.origin_requests() == 1


def test_the_command_line_purges(pair: Pair) -> None:
    stack = pair.stack
    assert_miss(stack.query(POST, {"id": 7}))
    config = stack.state_dir.parent / "shellac.yaml"
    done = subprocess.run(
        [SHELLAC, "purge", "type", "Post", "--id", "7", "--config", config, "--token", stack.token],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "applied" in done.stdout
    assert_miss(stack.query(POST, {"id": 7}))
