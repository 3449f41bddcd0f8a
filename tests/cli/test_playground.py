"""``shellac playground``: npm is a script here, and the package a small one."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller import graphiql
from controller.cli import playground
from controller.cli.main import app
from controller.errors import PageUnavailable
from controller.graphiql import FILES, INTEGRITY, PACKAGE, VERSION, is_complete, unpack
from tests.support.package import TEXTS, packed

ROOT = Path(__file__).parents[2]
TARBALL, ITS_INTEGRITY = packed()


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that stands for npm; a test writes it. Nothing else is in PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder / "npm"


def script(file: Path, body: str) -> None:
    file.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{body}\n")
    file.chmod(0o755)


def contents(directory: Path) -> dict[str, str]:
    return {
        file.name: gzip.decompress(file.read_bytes()).decode() for file in directory.glob("*.gz")
    }


def test_the_files_of_the_package_are_unpacked_with_its_licence(tmp_path: Path) -> None:
    unpack(TARBALL, tmp_path / "share" / "graphiql", ITS_INTEGRITY)
    directory = tmp_path / "share" / "graphiql"
    assert is_complete(directory)
    assert contents(directory) == {f"{FILES[name]}.gz": text for name, text in TEXTS.items()}
    assert (directory / "LICENSE").read_text() == "MIT\n"
    assert [path.name for path in directory.parent.iterdir()] == ["graphiql"]


@pytest.mark.parametrize("changed", [TARBALL[:-1], TARBALL + b"\0", b"", b"<html>"])
def test_a_package_of_another_integrity_is_refused_unread(changed: bytes, tmp_path: Path) -> None:
    with pytest.raises(PageUnavailable, match="its integrity is sha512-") as refused:
        unpack(changed, tmp_path / "graphiql", ITS_INTEGRITY)
    assert ITS_INTEGRITY in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_files_that_another_process_has_put_there_meanwhile_stay(tmp_path: Path) -> None:
    directory = tmp_path / "graphiql"
    directory.mkdir()
    (directory / "mine").touch()
    unpack(TARBALL, directory, ITS_INTEGRITY)
    assert [path.name for path in directory.iterdir()] == ["mine"]
    assert [path.name for path in tmp_path.iterdir()] == ["graphiql"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    directory = tmp_path / "file" / "share" / "graphiql"
    with pytest.raises(PageUnavailable, match=r"share/graphiql cannot be written: Not a directory"):
        unpack(TARBALL, directory, ITS_INTEGRITY)


def test_npm_is_asked_for_the_pinned_release_and_for_no_script_of_it(
    npm: Path, tmp_path: Path
) -> None:
    (tmp_path / "tarball").write_bytes(TARBALL)
    asked = tmp_path / "asked"
    script(
        npm,
        f'echo "$@" > {asked}\n'
        'while [ "$1" != --pack-destination ]; do shift; done\n'
        f'cp {tmp_path}/tarball "$2/graphiql.tgz"',
    )
    assert playground.packed() == TARBALL
    words = asked.read_text().split()
    assert words[0] == "pack"
    assert words[-1] == f"{PACKAGE}@{VERSION}"
    assert "--ignore-scripts" in words


def test_without_npm_the_command_says_what_else_to_do(npm: Path) -> None:
    assert not npm.exists()
    with pytest.raises(PageUnavailable, match=r"not installed.*Shellac works.*--tarball"):
        playground.packed()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "npm ERR! code EAI_AGAIN\\nnpm ERR! getaddrinfo EAI_AGAIN packages.test\\n"
            "npm ERR!     at ClientRequest (/usr/lib/x.js:1:1)\\n"
            "npm ERR! A complete log of this run can be found in: /root/.npm/x.log",
            "could not get .*: code EAI_AGAIN; getaddrinfo EAI_AGAIN packages.test. Shellac works",
        ),
        ("npm error code E404\\nnpm error 404 Not Found", "code E404; 404 Not Found. Shellac"),
        ("", "it gave no reason. Shellac works without"),
    ],
)
def test_without_network_the_command_says_so_in_npms_words(npm: Path, said: str, told: str) -> None:
    script(npm, f"printf '{said}' >&2; exit 1")
    with pytest.raises(PageUnavailable, match=told):
        playground.packed()


def test_an_npm_that_hangs_is_given_up(npm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(npm, "exec tail -f /dev/null")
    monkeypatch.setattr(playground, "SECONDS", 0.2)
    with pytest.raises(PageUnavailable, match=r"within 0\.2 s"):
        playground.packed()


def test_a_tarball_is_taken_in_place_of_npm_and_checked(
    npm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphiql.sys, "prefix", str(tmp_path / "prefix"))
    assert not npm.exists()
    tarball = tmp_path / "other.tgz"
    tarball.write_bytes(TARBALL)
    done = CliRunner().invoke(app, ["playground", "--tarball", str(tarball)])
    assert isinstance(done.exception, PageUnavailable)
    assert INTEGRITY in str(done.exception)
    missing = CliRunner().invoke(app, ["playground", "--tarball", str(tmp_path / "none.tgz")])
    assert missing.exit_code == 2
    assert "No such file" in missing.output


def test_what_is_there_is_not_asked_for_again(
    npm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphiql.sys, "prefix", str(tmp_path))
    graphiql.home().mkdir(parents=True)
    script(npm, "exit 1")
    done = CliRunner().invoke(app, ["playground"])
    assert done.exit_code == 0
    assert f"graphiql-{VERSION}" in done.output


def test_every_page_names_the_release_that_is_pinned() -> None:
    for name in ("controller/Dockerfile", "docs/playground.md"):
        found = re.findall(rf"{re.escape(PACKAGE)}@([\w.-]+)", (ROOT / name).read_text())
        assert set(found) == {VERSION}, name
