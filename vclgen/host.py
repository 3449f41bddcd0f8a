"""A VCL that includes ``shellac.vcl``, and where in it the include has to stand.

The host is read as far as its own file goes: what it includes itself is varnishd's to read.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from vclgen.errors import VclError
from vclgen.include import FILE_NAME

NOBODY: Final = f"""\
vcl 4.0;
backend default none;
include "{FILE_NAME}";
"""
"""A host with nothing of its own."""
_COMMENT: Final = re.compile(r'(?P<kept>\{"(?s:.*?)"\}|"[^"\n]*")|#[^\n]*|//[^\n]*|/\*(?s:.*?)\*/')
_INCLUDE: Final = re.compile(rf'\binclude\s+"(?:[^"\n]*/)?{re.escape(FILE_NAME)}"\s*;')
_OTHER_INCLUDE: Final = re.compile(r'\binclude\s+"')
_BACKEND: Final = re.compile(r"\bbackend\s+(\S+)")
_SUB: Final = re.compile(r"\bsub\s+(vcl_\w+)")
_RELATIVE: Final = re.compile(r'\binclude\s+"\./')


def host_with(include: Path, host: str, folder: Path) -> str:
    """The text of a host that stands in ``folder``, with ``include`` in the place of the file that
    it includes.

    Raises:
        VclError: it does not include ``shellac.vcl``, or not where that has to stand.
    """
    host = _COMMENT.sub(_without, host)
    found = _INCLUDE.search(host)
    if found is None:
        raise VclError(f'the host does not include it: add `include "{FILE_NAME}";` to it')
    before, after = host[: found.start()], host[found.end() :]
    _refuse_place(before, after)
    whole = f'{before}include "{include}";{after}'
    return _RELATIVE.sub(f'include "{folder}/', whole)


def _without(comment: re.Match[str]) -> str:
    """What is left of a comment: its lines, so that errors are found where they are."""
    return comment["kept"] or " " + "\n" * comment[0].count("\n")


def _refuse_place(before: str, after: str) -> None:
    hooked = _SUB.search(before)
    if hooked:
        raise VclError(
            f"the host's {hooked[1]} stands before `include` and would see GraphQL requests first: "
            f'put `include "{FILE_NAME}";` before it'
        )
    backends = [*_BACKEND.findall(before), *_BACKEND.findall(after)]
    known = _BACKEND.search(before) or _OTHER_INCLUDE.search(before) or "default" in backends
    if backends and not known:
        raise VclError(
            f"`include` stands before the host's backends, so {backends[0]} would not be its "
            f'default any more: put `include "{FILE_NAME}";` after it'
        )
