"""``shellac explain`` as tests call it: the real command in a folder with a shop's config."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from controller.cli.main import main
from tests.support.jwts import SECRET
from tests.support.stack import SHELLAC

SDL = """
directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean)
  on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
enum CacheControlScope { PUBLIC PRIVATE }
interface Node { id: ID! }
type Query {
  post(id: ID!, preview: Boolean = false): Post  posts: [Post!]!  viewer: Viewer  cart: Cart
  node(id: ID!): Node  count: Int  secret: Int  shop: Shop  me: Viewer
}
type Mutation { updatePost(id: ID!): Post  deletePost(id: ID!): Boolean  logout: Boolean }
type Post implements Node { id: ID!  title: String! @cacheControl(maxAge: 300)  author: Author! }
type Author implements Node { id: ID!  name: String! }
type Viewer { name: String! }
type Cart { total: Int }
type Shop { name: String }
"""
CONFIG = f"""
name: shop
originUrl: http://127.0.0.1:9/graphql
schema: schema.graphql
scopes:
  AUTHENTICATED: header:authorization
  SESSION: cookie:session
  USER:
    definition: cookie:token|header:authorization
    jwt: {{claim: sub, algorithm: HS256, secret: "{SECRET}"}}
varyHeaders: [Store]
ignoreHeaders: [x-api-key]
bypassCacheHeaders: [{{name: x-preview}}]
fieldTypes: {{Query.count: [Post]}}
nonCacheable: [Query.secret]
rules:
  - {{types: [Post, Cart, Viewer], maxAge: 900, swr: 60, description: for everybody}}
  - {{types: {{Query: [viewer]}}, maxAge: 30, scope: AUTHENTICATED}}
  - {{types: {{Query: [cart]}}, maxAge: 40, scope: SESSION}}
  - {{types: {{Query: [me]}}, maxAge: 50, scope: USER}}
  - {{types: [Shop], maxAge: 60, scope: PUBLIC}}
"""


def shop(folder: Path) -> Path:
    """A folder with the config and its schema."""
    (folder / "schema.graphql").write_text(SDL)
    (folder / "shellac.yaml").write_text(CONFIG)
    return folder


def run(
    folder: Path,
    *arguments: str,
    stdin: bytes = b"",
    columns: int = 80,
    command: str = "explain",
) -> subprocess.CompletedProcess[str]:
    """The command's own output, exit code and errors."""
    done = subprocess.run(
        [SHELLAC, command, *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        check=False,
        env={**os.environ, "COLUMNS": str(columns)},
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def explained(
    folder: Path, document: str, *headers: str, code: int = 0, answer: Sequence[str] = ()
) -> Any:
    """What ``--json`` says of a document under request headers, and with headers of an origin's
    answer. The command's own entry point, in this process: it takes a tenth of the time.
    """
    options = [option for header in headers for option in ("--header", header)]
    options += [option for header in answer for option in ("--answer-header", header)]
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        patch.object(sys, "argv", ["shellac", "explain", document, *options, "--json"]),
    ):
        ended = 0
        try:
            main()
        except SystemExit as end:
            ended = int(end.code or 0)
    assert ended == code, out.getvalue() + err.getvalue()
    return json.loads(out.getvalue())
