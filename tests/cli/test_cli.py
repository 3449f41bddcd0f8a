"""The command line as a person uses it: real processes, exit codes, what stands on stderr."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.stack import SHELLAC

SDL = """
type Query { post(id: ID!): Post  posts: [Post!]!  viewer: Viewer }
type Mutation { updatePost(id: ID!): Post  deletePost(id: ID!): Boolean  logout: Boolean }
type Post { id: ID!  title: String!  author: Author! }
type Author { id: ID!  name: String! }
type Viewer { name: String! }
"""
CONFIG = """
name: shop
originUrl: http://127.0.0.1:9/graphql
schema: schema.graphql
scopes: {AUTHENTICATED: "header:authorization"}
rules:
  - types: [Query]
    maxAge: 900
    swr: 60
  - types: {Query: [viewer]}
    maxAge: 30
    scope: AUTHENTICATED
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "schema.graphql").write_text(SDL)
    (tmp_path / "shellac.yaml").write_text(CONFIG)
    return tmp_path


def shellac(folder: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SHELLAC, *arguments], cwd=folder, input=stdin, capture_output=True, text=True, check=False
    )


def test_render_prints_the_vcl(folder: Path) -> None:
    done = shellac(folder, "render")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("vcl 4.1;")
    assert '"data shop "' in done.stdout


def test_render_into_a_directory_writes_the_start_line_and_keeps_the_secret(folder: Path) -> None:
    assert shellac(folder, "render", "--output", "out").returncode == 0
    arguments = (folder / "out/varnishd.args").read_text().splitlines()
    assert arguments[arguments.index("-f") + 1] == str(folder / "out/default.vcl")
    assert "max_restarts=6" in arguments
    secret = folder / ".shellac/varnish.secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    before = secret.read_text()
    assert shellac(folder, "render", "--output", "out").returncode == 0
    assert secret.read_text() == before


def test_a_typo_in_the_config_names_file_line_key_and_way_out(folder: Path) -> None:
    (folder / "shellac.yaml").write_text(CONFIG.replace("maxAge: 900", "maxage: 900"))
    done = shellac(folder, "check")
    assert done.returncode == 2
    assert "shellac.yaml:7" in done.stderr
    assert "rules[0].maxage" in done.stderr
    assert "maxAge" in done.stderr


def test_check_says_what_the_schema_does_not_know_and_what_purges_nothing(folder: Path) -> None:
    done = shellac(folder, "check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning: Mutation.logout: purges nothing" in done.stdout
    assert "deletePost: {purge: [{type: Post, key: id, from: args.id}]}" in done.stdout
    (folder / "shellac.yaml").write_text(
        CONFIG.replace("types: [Query]", "types: [Pots, {Query: [post, nothing]}]")
    )
    done = shellac(folder, "check", "--json")
    assert done.returncode == 4
    found = {(f["where"], f["message"]) for f in json.loads(done.stdout) if f["level"] == "error"}
    assert found == {
        ("rules[0].types", "the schema has no type Pots, did you mean Post?"),
        ("rules[0].types", "the type Query has no field nothing"),
    }


def test_check_says_that_the_schema_cannot_be_had(folder: Path) -> None:
    (folder / "shellac.yaml").write_text(CONFIG.replace("schema: schema.graphql\n", ""))
    done = shellac(folder, "check")
    assert done.returncode == 4
    assert "http://127.0.0.1:9/graphql cannot be reached" in done.stdout


def test_purge_without_a_controller_says_where_it_looked(folder: Path) -> None:
    done = shellac(folder, "purge", "type", "Post", "--id", "5", "--url", "http://127.0.0.1:9")
    assert done.returncode == 4
    assert "http://127.0.0.1:9/shop cannot be reached" in done.stderr


def test_help_lists_every_command(folder: Path) -> None:
    done = shellac(folder, "--help")
    for command in ("render", "check", "up", "serve", "purge", "explain", "token"):
        assert command in done.stdout
