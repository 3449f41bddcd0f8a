"""``shellac explain``: what it says of a document."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from tests.cli.explaining import CONFIG, explained, run, shop

ME = "query Me($id: ID!) { viewer { name } post(id: $id) { title } count }"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shop(tmp_path)


def test_a_cached_query_with_all_that_is_known_of_it(folder: Path) -> None:
    done = run(folder, ME, "--variables", '{"id": 5}', "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["outcome"], found["reason"]) == ("cached", None)
    assert (found["maxAge"], found["swr"]) == (30, 0)
    assert len(found["key"]) == 64
    assert found["operation"]["type"] == "query"
    assert found["operation"]["name"] == "Me"
    assert found["operation"]["documentHash"] == hashlib.sha256(ME.encode()).hexdigest()
    text = found["operation"]["text"]
    assert found["operation"]["operationHash"] == hashlib.sha256(text.encode()).hexdigest()
    assert [scope["name"] for scope in found["scopes"]] == ["ANONYMOUS", "AUTHENTICATED"]
    assert ":id" in found["sent"]


def test_every_member_of_the_json_is_always_there(folder: Path) -> None:
    names = [set(explained(folder, d)) for d in (ME, "mutation { logout }", "{ secret }")]
    names.append(set(explained(folder, "{ nothing }", code=2)))
    assert all(name == names[0] for name in names)
    assert names[0] == {
        *("outcome", "reason", "operation", "key", "maxAge", "swr", "scopes", "rules", "types"),
        *("left", "headers", "tags", "purge", "sent", "errors", "notes"),
    }


def test_every_type_and_field_stands_with_what_names_it(folder: Path) -> None:
    found = explained(folder, "{ viewer { name } post(id: 1) { id title } }")
    assert {
        (place, cause["source"], cause["entry"], cause["maxAge"])
        for type_ in found["types"]
        for place, causes in [
            (type_["name"], type_["causes"]),
            *((f"{type_['name']}.{f['name']}", f["causes"]) for f in type_["fields"]),
        ]
        for cause in causes
    } == {
        ("Post", "rules[0]", "Post", 900),
        ("Post.title", "@cacheControl", "Post.title", 300),
        ("Query.viewer", "rules[1]", "Query.viewer", 30),
        ("Viewer", "rules[0]", "Viewer", 900),
    }
    selected = {t["name"]: [f["name"] for f in t["fields"]] for t in found["types"]}
    assert selected == {"Query": ["post", "viewer"], "Post": ["id", "title"], "Viewer": ["name"]}
    assert [(rule["name"], rule["entries"]) for rule in found["rules"]] == [
        ("rules[0]", ["Post", "Viewer"]),
        ("rules[1]", ["Query.viewer"]),
    ]


def test_a_rule_for_an_interface_stands_with_its_members(folder: Path) -> None:
    config = CONFIG.replace("types: [Post, Cart, Viewer]", "types: {Node: [id]}")
    (folder / "shellac.yaml").write_text(config)
    found = explained(folder, "{ node(id: 1) { id } }")
    entries = {
        (type_["name"], f["name"], cause["entry"])
        for type_ in found["types"]
        for f in type_["fields"]
        for cause in f["causes"]
    }
    assert entries == {("Author", "id", "Node.id"), ("Post", "id", "Node.id")}
    assert "Author, Post" in run(folder, "{ node(id: 1) { id } }").stdout


def test_a_rule_by_hash_is_told(folder: Path) -> None:
    digest = hashlib.sha256(b"{ node(id: 1) { id } }").hexdigest()
    rule = f"  - {{operationHashes: [{digest}], maxAge: 7}}\n"
    (folder / "shellac.yaml").write_text(CONFIG + rule)
    found = explained(folder, "{ node(id: 1) { id } }")
    assert found["maxAge"] == 7
    (entry,) = next(r["entries"] for r in found["rules"] if r["name"] == "rules[5]")
    assert entry == f"sha256:{digest[:12]}, the document"


def test_tags_stand_by_category(folder: Path) -> None:
    done = run(folder, ME, "--variables", '{"id": 5}', "--json")
    assert json.loads(done.stdout)["tags"] == {
        "service": ["app:shop"],
        "types": ["type:Post", "type:Viewer"],
        "declared": ["type:Post", "list:Post", "some:Post"],
        "rootFields": ["query:viewer", "query:post", "query:count"],
        "rootFieldArguments": [
            "query:viewer({})",
            'query:post({"id":"5"})',
            'query:post({"id":"5","preview":"false"})',
            "query:count({})",
        ],
        "operation": ["operation:Me"],
    }


@pytest.mark.parametrize(
    ("document", "detail", "message"),
    [
        ("{ node(id: 1) { id } secret }", "non-cacheable", "Query.secret"),
        ("{ count }", "no-rule", "no rule matches"),
        ("{ __schema { types { name } } }", "introspection", "asks for the schema"),
        ("query A { count } query B { count }", "ambiguous-operation", "2 operations"),
    ],
)
def test_what_is_not_cached_has_a_reason_in_words(
    folder: Path, document: str, detail: str, message: str
) -> None:
    found = explained(folder, document)
    assert (found["outcome"], found["reason"]["detail"]) == ("passed", detail)
    assert message in found["reason"]["message"]
    assert found["reason"]["meaning"]


def test_what_is_not_cacheable_is_in_the_list(folder: Path) -> None:
    (query,) = explained(folder, "{ secret }")["types"]
    assert query["fields"] == [
        {
            "name": "secret",
            "causes": [
                {
                    "source": "nonCacheable",
                    "entry": "Query.secret",
                    "maxAge": None,
                    "swr": None,
                    "scope": None,
                }
            ],
        }
    ]


def test_a_mutation_shows_what_it_could_purge_and_what_names_nothing(folder: Path) -> None:
    found = explained(folder, "mutation { updatePost(id: 1) { title } deletePost(id: 2) logout }")
    assert found["outcome"] == "mutation"
    assert found["purge"] == {
        "types": ["type:Post"],
        "lists": ["list:Post"],
        "nulls": ["null:Post"],
        "unnamed": ["logout"],
        "everything": False,
        "others": [],
    }
    assert ":id" in found["sent"]
    assert found["tags"] is None


def test_a_mutation_with_a_bypass_header_purges_nothing(folder: Path) -> None:
    found = explained(folder, "mutation { deletePost(id: 2) }", "x-preview: 1", "x-other: 1")
    assert (found["outcome"], found["reason"]["detail"]) == ("mutation", "bypass-header")
    assert found["purge"] is None
    assert found["notes"] == ["with this header it purges nothing"]
    assert [(h["name"], h["effect"]) for h in found["headers"]] == [
        ("x-preview", "passes"),
        ("x-other", "forwarded"),
    ]


def test_what_is_said_of_the_client_is_replaced_where_the_proxies_are_known(folder: Path) -> None:
    mutation = "mutation { deletePost(id: 2) }"
    lines = ["X-Forwarded-For: 192.0.2.1", "Forwarded: for=a", "X-Other: 1"]
    sent = {h["name"]: h["words"] for h in explained(folder, mutation, *lines)["headers"]}
    assert set(sent.values()) == {"sent as it is"}
    file = folder / "shellac.yaml"
    config = yaml.safe_load(file.read_text())
    config["varnish"] = {**config.get("varnish", {}), "trustedProxies": ["10.0.0.0/8"]}
    file.write_text(yaml.safe_dump(config))
    sent = {h["name"]: h["words"] for h in explained(folder, mutation, *lines)["headers"]}
    replaced = "replaced, unless a trusted proxy sends it"
    assert sent == {"x-forwarded-for": replaced, "forwarded": replaced, "x-other": "sent as it is"}


@pytest.mark.parametrize(
    ("document", "detail", "errors"),
    [
        (
            "{\n  posts {",
            "unparsable-document",
            [("Syntax Error: Expected Name, found <EOF>.", 2, 10)],
        ),
        (
            "{ posts { } }",
            "unparsable-document",
            [("Syntax Error: Expected Name, found '}'.", 1, 11)],
        ),
        (
            "{ nothing\n posts { nix } }",
            "invalid-document",
            [
                ("Cannot query field 'nothing' on type 'Query'.", 1, 3),
                ("Cannot query field 'nix' on type 'Post'. Did you mean 'id'?", 2, 10),
            ],
        ),
    ],
)
def test_a_wrong_document_has_all_its_errors_with_locations(
    folder: Path, document: str, detail: str, errors: list[tuple[str, int, int]]
) -> None:
    found = explained(folder, document, code=2)
    assert found["reason"]["detail"] == detail
    assert found["errors"] == [
        {"message": message, "locations": [{"line": line, "column": column}]}
        for message, line, column in errors
    ]
    done = run(folder, document, columns=200)
    for message, line, column in errors:
        assert f"line {line}, column {column}: {message}" in done.stdout


def test_an_invalid_mutation_purges_everything(folder: Path) -> None:
    """The origin may have a newer schema than we."""
    found = explained(folder, "mutation { renamePost(id: 1) }", code=2)
    assert found["purge"]["everything"] is True


def test_people_can_read_it_in_80_columns(folder: Path) -> None:
    done = run(folder, ME, "--variables", '{"id": 5}', "--header", "Authorization: Bearer abc")
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert done.stdout.startswith("cached for 30 s\n")
    for words in (
        "operation query Me",
        "rules[0] maxAge 900, swr 60, ANONYMOUS",
        "viewer rules[1] Query.viewer",
        "title @cacheControl Post.title: maxAge 300",
        'query:post({"id":"5"})',
        "for everybody",
        "with the data come tags for entities, lists and nulls",
    ):
        assert words in " ".join(done.stdout.split()), done.stdout


def test_brackets_are_no_markup(folder: Path) -> None:
    config = CONFIG.replace("description: for everybody", "description: '[bold]all[/nothing]'")
    (folder / "shellac.yaml").write_text(config)
    done = run(folder, "{ posts { title } }")
    assert done.returncode == 0, done.stderr
    assert "[bold]all[/nothing]" in done.stdout
