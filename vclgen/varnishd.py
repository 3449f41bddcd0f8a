"""Where varnishd is: Debian keeps it where an ordinary user's PATH does not look."""

from __future__ import annotations

import os
import shutil
from typing import Final

from vclgen.errors import VclError

_SYSTEM: Final = ("/usr/local/sbin", "/usr/sbin")


def find_varnishd(name: str = "varnishd") -> str:
    """The path of varnishd.

    Raises:
        VclError: it is not installed.
    """
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SYSTEM])
    found = shutil.which(name, path=path)
    if found is None:
        raise VclError(f"{name} is not installed: run `make setup`")
    return found
