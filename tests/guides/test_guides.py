"""The guides of the direct profiles work as they are written (`guide.py`)."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.guides.guide import follow, read_guide

pytestmark = [
    pytest.mark.varnish,
    pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl"),
]


def asked(port: int, document: str) -> str:
    return f"http://127.0.0.1:{port}/graphql?{urlencode({'query': document})}"


GUIDES = {
    "magento.md": asked(6081, "query Probe { storeConfig { id } }"),
    "wpgraphql.md": asked(8080, "query Probe { viewer { name } }"),
    "tagging-origins.md": asked(8080, "query Probe { books { id } }"),
}


@pytest.mark.parametrize("page", GUIDES)
def test_a_guide_works_as_it_is_written(page: str, tmp_path: Path) -> None:
    guide = read_guide(page, "Try it")
    assert len(guide.steps) > 8
    wrong = follow(guide, tmp_path, probe=GUIDES[page])
    assert wrong == [], "\n".join(f"$ {step.command}\n{step.shown}" for step in wrong)
