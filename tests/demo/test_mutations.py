"""What the demo writes. Each test uses posts of its own."""

import json
from typing import Any

from tests.demo.origin import Demo
from tests.support.stack import describe

CREATE = (
    "mutation Create($input: PostInput!) { createPost(input: $input) { id status tags { id } } }"
)


def create(demo: Demo, **fields: object) -> dict[str, Any]:
    post: dict[str, Any] = demo.data(CREATE, {"input": {"title": "New", "authorId": 2, **fields}})[
        "createPost"
    ]
    return post


def test_a_created_post_is_in_the_lists(demo: Demo) -> None:
    before = demo.data("{ stats { postCount } }")["stats"]["postCount"]
    post = create(demo, tagIds=[6, 2, 2], status="PUBLISHED")
    assert post["status"] == "PUBLISHED"
    assert post["tags"] == [{"id": "2"}, {"id": "6"}]
    data = demo.data("{ stats { postCount } author(id: 2) { posts { id } } }")
    assert data["stats"]["postCount"] == before + 1
    assert data["author"]["posts"][-1] == {"id": post["id"]}


def test_an_update_changes_what_it_names(demo: Demo) -> None:
    before = demo.data("{ post(id: 5) { title body updatedAt } }")["post"]
    demo.data('mutation { updatePost(id: 5, title: "Ñew", body: null) { title } }')
    after = demo.data("{ post(id: 5) { title body updatedAt } }")["post"]
    assert (after["title"], after["body"]) == ("Ñew", before["body"])
    assert after["updatedAt"] > before["updatedAt"]
    assert demo.data("{ post(id: 6) { title } }")["post"]["title"] != "Ñew"


def test_a_deleted_post_is_gone_with_its_comments(demo: Demo) -> None:
    identity = create(demo)["id"]
    comment = demo.data(
        'mutation Add($id: ID!) { addComment(postId: $id, authorId: 1, body: "b") { nodeId } }',
        {"id": identity},
    )["addComment"]
    delete = "mutation Delete($id: ID!) { deletePost(id: $id) }"
    assert demo.data(delete, {"id": identity}) == {"deletePost": True}
    assert demo.data(delete, {"id": identity}) == {"deletePost": False}
    gone = demo.data(
        "query Gone($id: ID!, $node: ID!) { post(id: $id) { id } node(id: $node) { id } }",
        {"id": identity, "node": comment["nodeId"]},
    )
    assert gone == {"post": None, "node": None}
    assert int(create(demo)["id"]) > int(identity)


def test_payloads_need_no_id_selected(demo: Demo) -> None:
    assert demo.data("mutation { publishPost(id: 8) { ok } }") == {"publishPost": {"ok": True}}
    assert demo.data("{ post(id: 8) { status } }") == {"post": {"status": "PUBLISHED"}}
    likes = demo.data("{ post(id: 9) { likes } }")["post"]["likes"]
    assert demo.data("mutation { likePost(id: 9) { likes } }")["likePost"]["likes"] == likes + 1
    assert demo.data("{ post(id: 9) { likes } }")["post"]["likes"] == likes + 1


def test_comments_come_and_go(demo: Demo) -> None:
    added = demo.data(
        'mutation { addComment(postId: 12, authorId: 3, body: "Ha!") { id author { id } } }'
    )["addComment"]
    assert added["author"] == {"id": "3"}
    assert demo.data("{ comments(postId: 12) { id } }")["comments"] == [{"id": added["id"]}]
    delete = "mutation Delete($id: ID!) { deleteComment(id: $id) { deletedId } }"
    assert demo.data(delete, {"id": added["id"]})["deleteComment"] == {"deletedId": added["id"]}
    assert demo.data(delete, {"id": added["id"]})["deleteComment"] == {"deletedId": None}
    assert demo.data("{ comments(postId: 12) { id } }") == {"comments": []}


def test_an_authors_name_changes_everywhere(demo: Demo) -> None:
    demo.data('mutation { updateAuthor(id: 6, name: "Calvino") { name } }')
    data = demo.data("{ author(id: 6) { name } post(id: 13) { author { name } } }")
    assert data == {"author": {"name": "Calvino"}, "post": {"author": {"name": "Calvino"}}}


def test_what_does_not_exist_is_not_changed(demo: Demo) -> None:
    assert demo.data(
        'mutation { updatePost(id: 999, title: "x") { id } likePost(id: 999) { likes }'
        ' publishPost(id: 999) { ok post { id } } updateAuthor(id: 999, name: "x") { id } }'
    ) == {
        "updatePost": None,
        "likePost": None,
        "publishPost": {"ok": False, "post": None},
        "updateAuthor": None,
    }


def test_a_mutation_that_fails_leaves_nothing(demo: Demo) -> None:
    before = demo.data("{ stats { postCount } }")
    response = demo.query(CREATE, {"input": {"title": "x", "authorId": 1, "tagIds": [1, 77]}})
    assert response.json()["errors"][0]["path"] == ["createPost"], describe(response)
    assert demo.data("{ stats { postCount } }") == before


def test_a_subscription_hears_of_an_update(demo: Demo) -> None:
    accept = {"Accept": "text/event-stream"}
    body = {"query": "subscription { postUpdated { id title } }"}
    with demo.http.stream("POST", demo.url, json=body, headers=accept) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.iter_lines()
        assert next(lines) == ":"
        demo.data('mutation { updatePost(id: 10, title: "Heard") { id } }')
        assert next(line for line in lines if line) == "event: next"
        data = json.loads(next(lines).removeprefix("data: "))
        assert data == {"data": {"postUpdated": {"id": "10", "title": "Heard"}}}


def test_a_query_by_event_stream_is_one_event(demo: Demo) -> None:
    response = demo.query("{ post(id: 3) { id } }", headers={"Accept": "text/event-stream"})
    assert response.text == (
        ':\n\nevent: next\ndata: {"data":{"post":{"id":"3"}}}\n\nevent: complete\ndata:\n\n'
    )
