"""What the demo answers, read by HTTP alone."""

import pytest
from graphql import build_client_schema, get_introspection_query

from demo.schema import make_schema
from tests.demo.origin import Demo
from tests.support.stack import describe


def test_a_post_with_what_belongs_to_it(demo: Demo) -> None:
    post = demo.data(
        "{ post(id: 5) { id nodeId title status rating createdAt"
        " author { name } tags { name } comments { id post { id } } } }"
    )["post"]
    assert post == {
        "id": "5",
        "nodeId": "Post:5",
        "title": "The Glass Harbour",
        "status": "PUBLISHED",
        "rating": 3.5,
        "createdAt": "2025-01-06T00:00:00Z",
        "author": {"name": "Italo Calvino"},
        "tags": [{"name": "night"}, {"name": "öl & lack"}],
        "comments": [{"id": "7", "post": {"id": "5"}}],
    }


def test_get_and_post_answer_the_same_bytes(demo: Demo) -> None:
    document = "query Some($id: ID!, $n: Int!) { post(id: $id) { title } posts(limit: $n) { id } }"
    variables = {"id": 3, "n": 2}
    by_get = demo.query(document, variables, method="GET", operation_name="Some")
    by_post = demo.query(document, variables)
    assert by_get.json()["data"]["posts"] == [{"id": "1"}, {"id": "2"}]
    assert by_get.content == by_post.content


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("limit: 3", [1, 2, 3]),
        ("limit: 2, offset: 4", [5, 6]),
        ("status: DRAFT, limit: 2", [4, 8]),
        ('tag: "night", limit: 3', [4, 5, 10]),
        # The same moment written with another offset.
        ('since: "2025-02-09T00:00:00Z"', [39, 40]),
        ('since: "2025-02-09T05:00:00+05:00"', [39, 40]),
        ('tag: "nothing"', []),
    ],
)
def test_arguments_choose_posts(demo: Demo, arguments: str, expected: list[int]) -> None:
    posts = demo.data(f"{{ posts({arguments}) {{ id }} }}")["posts"]
    assert [int(post["id"]) for post in posts] == expected


def test_a_connection_leads_through_all_posts(demo: Demo) -> None:
    seen: list[str] = []
    after = None
    while True:
        page = demo.data(
            "query Page($after: String) { postsConnection(first: 15, after: $after) {"
            " totalCount nodes { id } edges { cursor node { id } }"
            " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }",
            {"after": after},
        )["postsConnection"]
        info = page["pageInfo"]
        assert page["nodes"] == [edge["node"] for edge in page["edges"]]
        assert info["startCursor"] == page["edges"][0]["cursor"]
        assert info["hasPreviousPage"] is (after is not None)
        seen += [node["id"] for node in page["nodes"]]
        after = info["endCursor"]
        if not info["hasNextPage"]:
            break
    assert seen == [str(number) for number in range(1, page["totalCount"] + 1)]


def test_node_finds_each_type_by_its_node_id(demo: Demo) -> None:
    data = demo.data(
        "{ post(id: 1) { nodeId } author(id: 1) { nodeId } tag(id: 1) { nodeId }"
        " comments(postId: 1) { nodeId } }"
    )
    entities = [data["post"], data["author"], data["tag"], data["comments"][0]]
    for entity, name in zip(entities, ["Post", "Author", "Tag", "Comment"], strict=True):
        node = demo.data(
            "query Node($id: ID!) { node(id: $id) { __typename id nodeId } }",
            {"id": entity["nodeId"]},
        )["node"]
        assert node == {"__typename": name, "id": "1", "nodeId": entity["nodeId"]}
    for unknown in ("Post:99", "Pick:1", "5", ""):
        assert demo.data("query N($id: ID!) { node(id: $id) { id } }", {"id": unknown}) == {
            "node": None
        }


def test_search_answers_with_several_types(demo: Demo) -> None:
    found = demo.data(
        '{ search(text: "LA") { __typename ... on Post { title }'
        " ... on Author { name } ... on Tag { name } } }"
    )["search"]
    assert {"__typename": "Author", "name": "Clarice Lispector"} in found
    assert {"__typename": "Post", "title": "The Glass Harbour"} in found
    assert {"__typename": "Tag", "name": "öl & lack"} in found
    assert len(found) == 16


def test_viewer_depends_on_authorization(demo: Demo) -> None:
    def viewer(**headers: str) -> object:
        return demo.data("{ viewer { name favourites { id } } }", headers=headers)["viewer"]

    alice = {"name": "alice", "favourites": [{"id": "1"}, {"id": "5"}]}
    assert viewer(Authorization="Bearer alice") == alice
    bob = {"name": "bob", "favourites": [{"id": "2"}, {"id": "5"}]}
    assert viewer(Authorization="Bearer bob") == bob
    assert viewer() is None
    assert viewer(Authorization="Bearer mallory") is None
    assert viewer(Authorization="Basic alice") is None


def test_shop_depends_on_store_and_currency(demo: Demo) -> None:
    def shop(headers: dict[str, str]) -> object:
        return demo.data("{ shop { name currency } }", headers=headers)["shop"]

    assert shop({}) == {"name": "Shellac Books", "currency": "USD"}
    assert shop({"Store": "fr"}) == {"name": "Éditions Gomme-laque", "currency": "EUR"}
    assert shop({"Store": "fr", "Content-Currency": "GBP"}) == {
        "name": "Éditions Gomme-laque",
        "currency": "GBP",
    }
    assert shop({"Store": "nowhere", "Content-Currency": "XXX"}) == shop({})


def test_cart_depends_on_the_session_cookie(demo: Demo) -> None:
    def cart(cookie: str) -> object:
        return demo.data("{ cart { session items { id } } }", headers={"Cookie": cookie})["cart"]

    assert cart("a=b; session=s1") == {"session": "s1", "items": [{"id": "1"}, {"id": "2"}]}
    assert cart("session=s2") == {"session": "s2", "items": [{"id": "3"}]}
    assert cart("session=new") == {"session": "new", "items": []}
    assert cart("a=b") is None


def test_a_failing_field_leaves_the_others(demo: Demo) -> None:
    answer = demo.query("{ flaky(fail: true) stats { postCount } }").json()
    assert answer["data"] == {"flaky": None, "stats": {"postCount": 40}}
    assert [error["path"] for error in answer["errors"]] == [["flaky"]]
    assert demo.data("{ flaky }") == {"flaky": "fine"}


@pytest.mark.parametrize(
    "field",
    [
        "posts(limit: 101) { id }",
        "postsConnection(first: -1) { totalCount }",
        'postsConnection(after: "é") { totalCount }',
        'postsConnection(after: "cG9zdA==") { totalCount }',
    ],
)
def test_an_argument_out_of_range_is_an_error_of_its_field(demo: Demo, field: str) -> None:
    response = demo.query(f"{{ {field} }}")
    assert response.json()["data"] is None, describe(response)
    assert response.json()["errors"][0]["path"] == [field.split("(")[0]]


def test_circles_of_the_schema_end_at_the_row_limit(demo: Demo) -> None:
    depth = 40
    document = "{ posts(limit: 100) " + "{ author { posts " * depth + "{ id }" + "} }" * depth + "}"
    response = demo.query(document)
    assert "more than 10000 rows" in response.json()["errors"][0]["message"]
    assert demo.data("{ posts(limit: 1) { id } }") == {"posts": [{"id": "1"}]}


def test_introspection_gives_the_schema_file(demo: Demo) -> None:
    answered = build_client_schema(demo.data(get_introspection_query()))  # type: ignore[arg-type]
    own = make_schema()
    described = {name: set(getattr(own.type_map[name], "fields", ())) for name in own.type_map}
    assert "postsConnection" in described["Query"]
    assert described == {
        name: set(getattr(answered.type_map[name], "fields", ())) for name in answered.type_map
    }
