"""``shellac playground``: get GraphiQL for ``/playground``, once."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer

from controller.errors import PageUnavailable
from controller.graphiql import PACKAGE, VERSION, home, is_complete, unpack

SECONDS: Final = 180
SPEC: Final = f"{PACKAGE}@{VERSION}"
WAYS_OUT: Final = (
    "Shellac works without it. To add it later run `shellac playground` again, or "
    f"`npm pack {SPEC}` on a machine that can and `shellac playground --tarball FILE` here"
)

TarballOption = Annotated[
    Path | None,
    typer.Option("--tarball", help=f"What `npm pack {SPEC}` made, instead of asking npm."),
]


def playground_command(tarball: TarballOption = None) -> None:
    """Get GraphiQL for /playground of the admin listener, once. Needs npm, or its tarball."""
    directory = home()
    if is_complete(directory):
        typer.echo(f"GraphiQL is in {directory}")
        return
    unpack(packed() if tarball is None else _read(tarball), directory)
    typer.echo(f"GraphiQL ({SPEC}) was put into {directory}")


def packed() -> bytes:
    """The package's tarball, from the registry that npm is set up for.

    Raises:
        PageUnavailable: there is no npm, or it failed; with what to do.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise PageUnavailable(f"npm, which gets GraphiQL, is not installed. {WAYS_OUT}")
    with tempfile.TemporaryDirectory() as folder:
        # Downloading runs no script of the package, and this says so. One more try, not npm's
        # minute of them: whoever is offline is waiting for `make run`.
        options = ["--ignore-scripts", "--loglevel=error", "--fetch-retries=1"]
        options += ["--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=500"]
        try:
            done = subprocess.run(
                [npm, "pack", *options, "--pack-destination", folder, SPEC],
                cwd=folder,  # not the caller's: a package.json there is nothing to us
                env={**os.environ, "NO_UPDATE_NOTIFIER": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            message = f"npm did not get {SPEC} within {SECONDS} s. {WAYS_OUT}"
            raise PageUnavailable(message) from error
        files = list(Path(folder).glob("*.tgz"))
        if done.returncode != 0 or len(files) != 1:
            raise PageUnavailable(f"npm could not get {SPEC}: {_reason(done.stderr)}. {WAYS_OUT}")
        return files[0].read_bytes()


def _read(tarball: Path) -> bytes:
    try:
        return tarball.read_bytes()
    except OSError as error:
        message = f"{tarball} cannot be read: {error.strerror}"
        raise typer.BadParameter(message, param_hint="--tarball") from error


def _reason(said: str) -> str:
    """npm's own words, less its prefix, its stack and where its log is."""
    lines = (
        line.removeprefix("npm error").removeprefix("npm ERR!").strip() for line in said.split("\n")
    )
    told = [line for line in lines if line and not line.startswith(("at ", "A complete log"))]
    return "; ".join(told)[:500].rstrip(".") or "it gave no reason"
