"""The Makefile and the scripts behind it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [*sorted(ROOT.glob("scripts/*.sh")), *sorted(ROOT.glob("varnish/*.sh")), ROOT / ".ci/run"]


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    done = subprocess.run(["shellcheck", "-x", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_make_help_lists_every_target() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True)
    listed = re.findall(r"^  make (\S+) +\S", done.stdout, re.MULTILINE)
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    assert sorted(listed) == sorted(phony[1].split())


def test_setup_without_root_or_varnish_says_what_to_run(tmp_path: Path) -> None:
    for name, body in {"id": "echo 1000", "sudo": "exit 1", "varnishd": "exit 1"}.items():
        fake = tmp_path / name
        fake.write_text(f"#!/bin/sh\n{body}\n")
        fake.chmod(0o755)

    done = subprocess.run(
        [ROOT / "scripts/setup.sh"],
        capture_output=True,
        text=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )

    assert done.returncode == 1
    if shutil.which("apt-get"):
        command = "sudo apt-get install -y --no-install-recommends varnish varnish-modules"
        assert command in done.stderr
    else:
        assert "varnish varnish-modules not found" in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert done.stdout == ""
