"""The commands in a direct profile."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.stack import SHELLAC

ALONE = """\
originUrl: http://127.0.0.1:9/graphql
profile: magento
direct: {controller: false}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shellac.yaml").write_text(ALONE)
    return tmp_path


def shellac(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SHELLAC, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def test_render_into_a_directory_writes_vcl_and_a_start_line_that_fits_it(folder: Path) -> None:
    done = shellac(folder, "render", "--output", "out")
    assert done.returncode == 0, done.stderr
    assert "magento profile" in (folder / "out" / "default.vcl").read_text()
    arguments = (folder / "out" / "varnishd.args").read_text().splitlines()
    assert "http_resp_hdr_len=262144" in arguments


def test_check_compiles_and_says_who_may_purge_without_asking_for_a_schema(folder: Path) -> None:
    done = shellac(folder, "check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "direct.purgers: names nobody" in done.stdout
    assert "direct.controller: is false" in done.stdout
    assert "checked" in done.stdout


def test_serve_has_nothing_to_run_where_the_vcl_works_alone(folder: Path) -> None:
    done = shellac(folder, "serve")
    assert done.returncode == 2
    assert "direct.controller: the VCL works alone" in done.stderr
