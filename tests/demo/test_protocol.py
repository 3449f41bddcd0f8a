"""GraphQL over HTTP: status, media type and errors of what is not a good request."""

import json

import httpx
import pytest

from tests.demo.origin import Demo
from tests.support.stack import describe

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


def post(
    demo: Demo, body: bytes, content_type: str = JSON, accept: str = GRAPHQL
) -> httpx.Response:
    headers = {"Content-Type": content_type, "Accept": accept}
    return demo.http.post(demo.url, content=body, headers=headers)


def assert_refused(response: httpx.Response, status: int, media_type: str = GRAPHQL) -> None:
    """A GraphQL error, without `data`, with `status` and in `media_type`."""
    assert response.status_code == status, describe(response)
    assert response.headers["content-type"] == f"{media_type}; charset=utf-8", describe(response)
    assert set(response.json()) == {"errors"}, describe(response)
    assert response.json()["errors"][0]["message"], describe(response)


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        ("*/*", JSON),
        ("", JSON),
        ("application/*", JSON),
        ("text/html, */*;q=0.1", JSON),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{JSON};q=0.8, {GRAPHQL};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0, {JSON};q=0.1", JSON),
        (f"Application/JSON; charset=utf-8, {GRAPHQL};q=0.5", JSON),
    ],
)
def test_the_media_type_asked_for(demo: Demo, accept: str, answered: str) -> None:
    response = demo.query("{ __typename }", headers={"Accept": accept})
    assert response.headers["content-type"] == f"{answered}; charset=utf-8"
    assert response.content == b'{"data":{"__typename":"Query"}}'


def test_a_media_type_that_is_not_offered(demo: Demo) -> None:
    assert_refused(demo.query("{ __typename }", headers={"Accept": "text/html"}), 406, JSON)


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"query": "{ post(id: 5 { id } }"}, id="syntax"),
        pytest.param({"query": "{ nothing }"}, id="unknown field"),
        pytest.param({"query": "mutation { nothing }"}, id="unknown mutation"),
        pytest.param({"query": "query A { tags { id } } query B { tags { id } }"}, id="which"),
        pytest.param({"query": "query A { tags { id } }", "operationName": "B"}, id="unknown name"),
        pytest.param({"query": "query ($id: ID!) { post(id: $id) { id } }"}, id="missing variable"),
        pytest.param(
            {
                "query": "query ($since: DateTime) { posts(since: $since) { id } }",
                "variables": {"since": "yesterday"},
            },
            id="variable of another type",
        ),
        pytest.param(
            {"query": '{ posts(since: "yesterday") { id } }'}, id="literal of another type"
        ),
        pytest.param({"query": "{ a" * 5000}, id="deep"),
        pytest.param({"query": "{" + " tags { id }" * 3000 + "}"}, id="long"),
    ],
)
def test_an_operation_that_cannot_run_is_400_or_200_by_media_type(
    demo: Demo, parameters: dict[str, object]
) -> None:
    body = json.dumps(parameters).encode()
    assert_refused(post(demo, body), 400)
    assert_refused(post(demo, body, accept=JSON), 200, JSON)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\0" * 1000, id="zeros"),
        pytest.param(b'{"query": "{ tags', id="half"),
        pytest.param(b"[" * 200_000, id="deep"),
        pytest.param(b'{"query": "\xff"}', id="not UTF-8"),
        pytest.param(b'{"query": "{ __typename }", "variables": {"x": NaN}}', id="NaN"),
        pytest.param(b'"{ __typename }"', id="a string"),
        pytest.param(b'[{"query": "{ __typename }"}]', id="a batch"),
        pytest.param(b"{}", id="no query"),
        pytest.param(b'{"query": null}', id="null query"),
        pytest.param(b'{"query": 5}', id="query no string"),
        pytest.param(b'{"query": "{ __typename }", "variables": []}', id="variables a list"),
        pytest.param(b'{"query": "{ __typename }", "variables": "{}"}', id="variables a string"),
        pytest.param(b'{"query": "{ __typename }", "operationName": 5}', id="name no string"),
        pytest.param(b'{"query": "{ __typename }", "extensions": 5}', id="extensions no object"),
    ],
)
def test_a_body_that_is_no_request_is_400(demo: Demo, body: bytes) -> None:
    assert_refused(post(demo, body), 400)
    assert_refused(post(demo, body, accept=JSON), 400, JSON)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/graphql", "application/json; charset=utf-16", "multipart/x"],
)
def test_a_post_of_another_content_type_is_415(demo: Demo, content_type: str) -> None:
    assert_refused(post(demo, b'{"query": "{ __typename }"}', content_type), 415)


def test_the_content_type_may_name_its_charset(demo: Demo) -> None:
    response = post(demo, b'{"query": "{ __typename }"}', 'Application/JSON; charset="UTF-8"')
    assert response.status_code == 200, describe(response)


@pytest.mark.parametrize(
    "url",
    ["", "?variables={}", "?query={__typename}&variables=[]", "?query={__typename}&variables=x"],
)
def test_a_get_without_good_parameters_is_400(demo: Demo, url: str) -> None:
    assert_refused(demo.http.get(demo.url + url, headers={"Accept": JSON}), 400, JSON)


def test_a_mutation_by_get_is_405_and_does_nothing(demo: Demo) -> None:
    document = "query Q { tags { id } } mutation M { likePost(id: 1) { likes } }"
    likes = demo.data("{ post(id: 1) { likes } }")
    refused = demo.query(document, method="GET", operation_name="M")
    assert_refused(refused, 405, JSON)
    assert refused.headers["allow"] == "POST"
    assert demo.data("{ post(id: 1) { likes } }") == likes
    assert demo.query(document, method="GET", operation_name="Q").status_code == 200


def test_other_methods_are_405(demo: Demo) -> None:
    refused = demo.http.put(demo.url, json={"query": "{ __typename }"}, headers={"Accept": JSON})
    assert_refused(refused, 405, JSON)
    assert refused.headers["allow"] == "GET, POST"


def test_a_subscription_needs_an_event_stream(demo: Demo) -> None:
    assert_refused(demo.query("subscription { postUpdated { id } }"), 406, JSON)


def test_a_lone_surrogate_comes_back_as_its_escape(demo: Demo) -> None:
    body = rb'{"query": "{ __typename }", "operationName": "\ud800"}'
    response = post(demo, body, accept=JSON)
    assert rb"'\ud800'" in response.content, describe(response)
