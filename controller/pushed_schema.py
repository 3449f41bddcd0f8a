"""The schema that somebody pushed (``shellac schema push``): a file under ``stateDir``.

While it is there it is used in place of what ``schema`` of the config says, until the next push.
Remove the file to go back.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

NAME: Final = "pushed.graphql"


def pushed_file(state_dir: Path) -> Path:
    """Where the pushed schema stands, if there is one."""
    return state_dir / NAME


def keep_pushed(state_dir: Path, sdl: str) -> None:
    """Replace the pushed schema: after a crash there is the old one or the new one, whole.

    Raises:
        OSError: it cannot be written; the old one stays.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    file = pushed_file(state_dir)
    new = file.with_suffix(".new")
    with new.open("w", encoding="utf-8", newline="") as stream:
        stream.write(sdl)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(file)
