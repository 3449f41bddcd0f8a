"""docs/purging-api.md: every example runs as it is written, and purges what it says and no more.

Examples stand in blocks of ``graphql`` and ``sh``, with empty lines between them. Each begins with
comments: what is ``gone`` after it or ``stale``, and which config it needs. In ``sh`` the default
address of the admin listener is replaced by that of the test's.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from graphql import build_client_schema, get_introspection_query, print_schema

from controller.admin import purging_api
from tests.purging.conftest import QUERIES, Site
from tests.support.stack import SHELLAC, assert_hit

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "purging-api.md").read_text()
DEFAULT_ADDRESS: Final = "http://127.0.0.1:8091"
VARYING: Final = {"address", "milliseconds", "matches"}


@dataclass(frozen=True)
class Example:
    """``variables`` and ``answer`` are None where the page has none."""

    language: str
    text: str
    notes: dict[str, str]
    variables: dict[str, Any] | None
    answer: dict[str, Any] | None

    @property
    def gone(self) -> list[str]:
        return _names(self.notes.get("gone", "nothing"))

    @property
    def stale(self) -> list[str]:
        return _names(self.notes.get("stale", "nothing"))


def _names(text: str) -> list[str]:
    return {"nothing": [], "everything": [*QUERIES]}.get(text, text.split(", "))


def _examples() -> Iterator[Example]:
    blocks = list(re.finditer(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        language, text = block[1], block[2]
        if language == "json" or text.startswith("type "):
            continue
        belongs = json.loads(after[2]) if after is not None and after[1] == "json" else None
        chunks = text.strip().split("\n\n")
        for number, chunk in enumerate(chunks):
            notes = dict(re.findall(r"^# (\w+): (.+)$", chunk, re.MULTILINE))
            own = belongs if number == len(chunks) - 1 else None
            is_answer = own is not None and "data" in own
            yield Example(
                language,
                chunk,
                notes,
                variables=None if is_answer else own,
                answer=own if is_answer else None,
            )


EXAMPLES: Final = list(_examples())


def _is_global(example: Example) -> bool:
    return "globalIds" in example.notes


def _id(example: Example) -> str:
    lines = [line for line in example.text.splitlines() if not line.startswith("# ")]
    return " ".join(lines)[:70]


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) > 30
    assert all("gone" in example.notes or "stale" in example.notes for example in EXAMPLES)


def test_the_table_of_cached_answers_is_that_of_the_tests() -> None:
    assert dict(re.findall(r"^\| ([a-z0-9 ]+) \| `(.*?)` \|$", PAGE, re.MULTILINE)) == QUERIES


@pytest.mark.parametrize("example", [e for e in EXAMPLES if not _is_global(e)], ids=_id)
def test_an_example_purges_what_it_says(site: Site, example: Example) -> None:
    run(site, example)


@pytest.mark.parametrize("example", [e for e in EXAMPLES if _is_global(e)], ids=_id)
def test_an_example_with_global_ids(changing_site: Site, example: Example) -> None:
    changing_site.stack.purge("mutation { _purgeAll }")
    changing_site.fill()
    run(changing_site, example)


def run(site: Site, example: Example) -> None:
    if "curl " in example.text and shutil.which("curl") is None:
        pytest.skip("there is no curl")
    if example.language == "graphql":
        answer = site.ask(example.text, example.variables)
        assert set(answer["data"].values()) == {True}
        if example.answer is not None:
            assert alike(example.answer, answer), answer
    else:
        shell(site, example.text)
    for name in example.stale:
        stale = assert_hit(site.read(QUERIES[name]))
        assert re.search(r"hit; ttl=(-|0$)", stale.headers["cache-status"]), name
    site.assert_gone(*example.gone)


def shell(site: Site, text: str) -> None:
    """Run it where the config is, with the token in the environment."""
    env = {
        **os.environ,
        "PATH": f"{SHELLAC.parent}:{os.environ['PATH']}",
        "SHELLAC_ADMIN_TOKEN": site.stack.token,
    }
    done = subprocess.run(
        ["bash", "-euc", text.replace(DEFAULT_ADDRESS, site.stack.admin_url)],
        cwd=site.stack.state_dir.parent,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "errors" not in done.stdout, done.stdout


def alike(expected: Any, got: Any) -> bool:
    """Whether they are equal but for what is different each time."""
    if isinstance(expected, dict):
        return expected.keys() == got.keys() and all(
            name in VARYING or alike(value, got[name]) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return len(expected) == len(got) and all(map(alike, expected, got))
    return bool(expected == got)


def test_the_schema_of_the_page_is_the_apis(site: Site) -> None:
    found = re.search(r"```graphql\n(type .*?)```", PAGE, re.DOTALL)
    assert found is not None
    answer = site.ask(get_introspection_query())
    lines = {line.strip() for line in print_schema(build_client_schema(answer["data"])).split("\n")}
    assert not {line.strip() for line in found[1].strip().split("\n")} - lines


def test_every_code_of_the_admin_api_is_explained() -> None:
    folder = Path(purging_api.__file__).parent
    apart = {"reload_http.py", "schema_http.py"}
    sources = [file for file in folder.glob("*.py") if file.name not in apart]
    codes = {
        code
        for file in sources
        for code in re.findall(r'"([A-Z]+(?:_[A-Z]+)+|UNAUTHENTICATED)"', file.read_text())
    } - {"SHELLAC_ADMIN_TOKEN"}
    explained = set(re.findall(r"`([A-Z_]+)`", PAGE.partition("`extensions.code`")[2]))
    assert len(codes) > 10
    assert codes <= explained
