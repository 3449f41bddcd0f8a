"""``shellac explain``: documents, files, standard input, URLs, and what is none of them."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from tests.cli.explaining import CONFIG, explained, run, shop

POST = "query Post($id: ID!) { post(id: $id) { title } }"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shop(tmp_path)


def url(**parameters: str) -> str:
    return f"https://shop.example/graphql?{urlencode(parameters)}"


def test_text_file_standard_input_and_url_have_one_key(folder: Path) -> None:
    (folder / "post.graphql").write_text(POST)
    variables = ["--variables", '{ "id": "5" }']
    keys = {
        json.loads(done.stdout)["key"]
        for done in (
            run(folder, POST, *variables, "--json"),
            run(folder, "post.graphql", *variables, "--json"),
            run(folder, "-", *variables, "--json", stdin=POST.encode()),
            run(folder, url(query=POST, variables='{"id":"5"}', operationName="Post"), "--json"),
        )
    }
    assert len(keys) == 1
    assert None not in keys


def test_the_operation_of_several_is_chosen_by_name(folder: Path) -> None:
    document = f"{POST} query All {{ posts {{ title }} }}"
    by_option = run(folder, document, "--operation", "All", "--json")
    by_url = explained(folder, url(query=document, operationName="All"))
    assert json.loads(by_option.stdout)["operation"]["name"] == "All"
    assert by_url["operation"]["name"] == "All"


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        (f"query={quote(POST)}&extensions=%7B%22a%22:1%7D", "extensions"),
        (f"query={quote(POST)}&utm_source=mail", "url-parameters"),
        (f"query={quote(POST)}&query={quote(POST)}", "repeated-parameter"),
        (f"query={quote(POST)}&variables=%7B%22id%22:NaN%7D", "unparsable-json"),
        (f"query={quote(POST)}&variables=", "empty-parameter"),
        ("extensions=%7B%22persistedQuery%22:%7B%22sha256Hash%22:%22abc%22%7D%7D", "persisted"),
    ],
)
def test_a_url_passes_where_the_gateway_passes_it(folder: Path, query: str, detail: str) -> None:
    found = explained(folder, f"https://shop.example/graphql?{query}")
    assert found["outcome"] == "passed"
    assert found["reason"]["detail"].startswith(detail)


def test_a_url_with_empty_extensions_is_cached(folder: Path) -> None:
    assert explained(folder, url(query="{posts{title}}", extensions="{}"))["outcome"] == "cached"


def test_a_mutation_in_a_url_is_one(folder: Path) -> None:
    found = explained(folder, url(query="mutation{updatePost(id:1){title}}"))
    assert found["outcome"] == "mutation"
    assert found["sent"] == "mutation{updatePost(id:1){title}}"
    assert "a mutation by GET is sent as it is written" in found["notes"]


@pytest.mark.parametrize(
    ("place", "status"),
    [("/api/graphql?query=%7Bcount%7D", "404"), ("/graphql?query={ count }", "400")],
)
def test_a_url_that_varnish_answers_itself(folder: Path, place: str, status: str) -> None:
    found = explained(folder, f"https://shop.example{place}")
    assert (found["outcome"], found["reason"]["detail"]) == ("refused", status)


def test_a_fragment_of_a_url_is_not_sent(folder: Path) -> None:
    assert explained(folder, url(query="{posts{title}}") + "#top")["outcome"] == "cached"


@pytest.mark.parametrize("place", ["/graphql", "/graphql?", "/graphql?page=2", ""])
def test_a_url_without_a_query_is_an_error(folder: Path, place: str) -> None:
    done = run(folder, f"https://shop.example{place}")
    assert done.returncode == 2
    assert "the URL has no `query` parameter" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("option", ["--variables={}", "--operation=Post"])
def test_a_url_says_its_variables_itself(folder: Path, option: str) -> None:
    done = run(folder, url(query="{posts{title}}"), option)
    assert done.returncode == 2
    assert "a URL says its variables and operationName itself" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (["missing.graphql"], b"", "'missing.graphql' is no document (it selects nothing)"),
        (["missing.graphql"], b"", "No such file"),
        (["."], b"", "Is a directory"),
        (["latin.graphql"], b"", "latin.graphql is not UTF-8"),
        (["-"], b"\xff", "standard input is not UTF-8"),
        ([POST, "--variables", "{id: 5}"], b"", "--variables: it is no JSON"),
        ([POST, "--variables", '{"id": NaN}'], b"", "--variables: it is no JSON"),
        ([POST, "--variables", "[1]"], b"", "--variables: it is not a JSON object"),
        ([POST, "--header", "Bearer abc"], b"", "'Bearer' is no header: write NAME: VALUE"),
    ],
)
def test_bad_input_is_named_and_exits_with_2(
    folder: Path, arguments: list[str], stdin: bytes, words: str
) -> None:
    (folder / "latin.graphql").write_bytes(b"{ \xe9 }")
    done = run(folder, *arguments, stdin=stdin)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""


def test_variables_with_a_member_twice_pass(folder: Path) -> None:
    done = run(folder, POST, "--variables", '{"id": 1, "id": 2}', "--json")
    assert json.loads(done.stdout)["reason"]["detail"] == "duplicate-member"


def test_a_schema_that_cannot_be_had_is_another_kind_of_error(folder: Path) -> None:
    (folder / "schema.graphql").write_text("type Query {")
    done = run(folder, POST)
    assert done.returncode == 4
    assert "schema.graphql is not a GraphQL schema" in done.stderr


def test_a_config_that_is_wrong_is_said(folder: Path) -> None:
    (folder / "shellac.yaml").write_text(CONFIG.replace("maxAge: 900", "maxage: 900"))
    done = run(folder, POST)
    assert done.returncode == 2
    assert "rules[0].maxage" in done.stderr
