"""Published packages as test data: fetched once with ``npm pack``, unpacked, none of it run."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest


def package(spec: str, cache: Path) -> Path:
    """The folder of a package (``name@version``) below ``cache``.

    Skips the test, with npm's own words, where npm is absent or does not get it.
    """
    folder = cache / spec.replace("/", "+")
    if folder.is_dir():
        return folder
    if shutil.which("npm") is None:
        pytest.skip(f"npm is absent, which fetches {spec}")
    with tempfile.TemporaryDirectory(dir=cache) as name:
        command = ["npm", "pack", spec, "--ignore-scripts", "--silent", "--pack-destination", name]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=name)
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm did not get {spec} in two minutes")
        archives = list(Path(name).glob("*.tgz"))
        if done.returncode or not archives:
            pytest.skip(f"npm does not get {spec}: {done.stderr.strip()[-200:]}")
        with tarfile.open(archives[0]) as archive:
            archive.extractall(Path(name) / "out", filter="data")
        next((Path(name) / "out").iterdir()).rename(folder)
    return folder
