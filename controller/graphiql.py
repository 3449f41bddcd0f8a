"""GraphiQL for ``/playground``: which release, where its files are, and unpacking it.

The package is MIT-licensed and 9 MB; it is fetched once at setup and not part of this repository.
This module touches files alone; ``controller/cli/playground.py`` gets the package.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import sys
import tarfile
import tempfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Final

from controller.errors import PageUnavailable

PACKAGE: Final = "@graphql-yoga/render-graphiql"
VERSION: Final = "5.24.1"
INTEGRITY: Final = (
    "sha512-"
    "mLFvBekZujetoh7M9jokYkQtrjrmiKD5KSTfV6ivMAFNgV8KcLAJeVAH8QOOg6Wvj47+DNBvdlx0R5O2JjtN/A=="
)
"""Subresource Integrity of the package's tarball, as npm's lock files write it."""

FILES: Final = {
    "js": "graphiql.js",
    "css": "graphiql.css",
    "editorWorkerService": "editor.worker.js",
    "jsonWorker": "json.worker.js",
    "graphqlWorker": "graphql.worker.js",
}
"""What is taken, by the name of its export in the package's module."""
LICENSE: Final = "LICENSE"
_MODULE: Final = "package/esm/graphiql.js"
_EXPORT: Final = re.compile(rb'^export const (\w+) = ("(?:[^"\\]|\\.)*+");$', re.MULTILINE)


def home() -> Path:
    """Where the files of this release are, or would be: beside the installed program."""
    return Path(sys.prefix) / "share" / "shellac" / f"graphiql-{VERSION}"


def is_complete(directory: Path) -> bool:
    """Whether the files are there; they come together or not at all."""
    return directory.is_dir()


def unpack(tarball: bytes, directory: Path, integrity: str = INTEGRITY) -> None:
    """Write the files of the package, gzipped, and its licence into ``directory``.

    Raises:
        PageUnavailable: it is not the release that is pinned, or cannot be written; what was in
            ``directory`` before stays.
    """
    # Before anything of it is read: whatever serves packages is not trusted.
    found = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    if found != integrity:
        raise PageUnavailable(
            f"this is not {PACKAGE} {VERSION}: its integrity is {found}, expected {integrity}. "
            "Nothing was written"
        )
    texts = _members(tarball)
    exports = {name.decode(): value for name, value in _EXPORT.findall(texts[_MODULE])}
    contents = {file: json.loads(exports[name]).encode() for name, file in FILES.items()}
    try:
        _write(contents, texts[f"package/{LICENSE}"], directory)
    except OSError as error:
        raise PageUnavailable(f"{directory} cannot be written: {error.strerror}") from error


def _members(tarball: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=BytesIO(tarball), mode="r:gz") as archive:
        found = {name: archive.extractfile(name) for name in (_MODULE, f"package/{LICENSE}")}
        return {name: file.read() for name, file in found.items() if file is not None}


def _write(contents: dict[str, bytes], licence: bytes, directory: Path) -> None:
    """All files or none: a controller may be looking."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent) as made:
        new = Path(made) / directory.name
        new.mkdir()
        (new / LICENSE).write_bytes(licence)
        for file, content in contents.items():
            # Without a time: the same content has the same ETag everywhere.
            (new / f"{file}.gz").write_bytes(gzip.compress(content, mtime=0))
        # Another process may have been first, with the same files.
        with suppress(FileExistsError):
            _rename(new, directory)


def _rename(new: Path, directory: Path) -> None:
    try:
        new.rename(directory)
    except OSError as error:
        if directory.is_dir():
            raise FileExistsError(directory) from error
        raise
