"""Ask varnishd whether it can compile a VCL, and say where an error came from."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vclgen.errors import VclError
from vclgen.host import NOBODY, host_with
from vclgen.include import FILE_NAME
from vclgen.render import ORIGIN_MARK
from vclgen.varnishd import find_varnishd

_MAIN = re.compile(rf"{ORIGIN_MARK}(.*/)?main\.vcl\.j2")
_LOCATION = re.compile(r"\('(?P<file>[^']*)' Line (?P<line>\d+) Pos (?P<position>\d+)\)")


@dataclass(frozen=True, slots=True)
class Origin:
    """A line of the generated VCL and the template it came from."""

    template: str
    line: int
    text: str


def compile_vcl(text: str, *, varnishd: str = "varnishd") -> None:
    """Compile ``text`` with ``varnishd -C``.

    Raises:
        VclError: varnishd is missing or refuses the text. The message holds varnishd's own words
            and, for each location in them, the template that line was rendered from.
    """
    with _folder() as folder:
        file = folder / "default.vcl"
        file.write_text(text)
        if refused := _refused(find_varnishd(varnishd), file, _STORAGES):
            raise VclError(explain_error(text, refused))


def compile_include(text: str, host: Path | None = None) -> None:
    """Compile ``text``, a ``shellac.vcl``, inside the host that includes it, or inside one with
    nothing of its own.

    Raises:
        VclError: as ``compile_vcl``; or the host does not include it where it has to stand.
    """
    try:
        given = NOBODY if host is None else host.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise VclError(f"{host} cannot be read: {error}") from error
    place = (host or Path("default.vcl")).absolute().parent
    with _folder() as folder:
        include, file = folder / FILE_NAME, folder / "default.vcl"
        include.write_text(text)
        file.write_text(host_with(include, given, place))
        storages = [
            argument
            for name in sorted({*re.findall(r"\bstorage\.(\w+)", given)} - {"Transient"})
            for argument in ("-s", f"{name}=malloc,1m")
        ]
        path = ("-p", f"vcl_path={place}:{_VCL_PATH}")
        if refused := _refused(find_varnishd(), file, (*storages, *path)):
            raise VclError(explain_error(text, refused, file=str(include)))


_STORAGES = ("-s", "data=malloc,1m", "-s", "verdict=malloc,1m")
_VCL_PATH = "/etc/varnish:/usr/share/varnish/vcl"
"""Where varnishd looks for what is included, unless it is told otherwise."""


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="shellac-check-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # varnishd reads it as its jail user when root starts it
        yield folder


def _refused(varnishd: str, file: Path, arguments: Sequence[str]) -> str | None:
    """What varnishd says of a VCL that it does not compile; None if it does."""
    command = [varnishd, "-C", "-n", str(file.with_name("work")), "-f", str(file), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return None if done.returncode == 0 else done.stderr or done.stdout


def explain_error(vcl: str, output: str, *, file: str | None = None) -> str:
    """varnishd's message followed by the templates that its locations belong to: those in ``file``,
    where ``vcl`` is one of several.
    """
    lines = [line for line in output.strip().splitlines() if line.strip()]
    for match in _LOCATION.finditer(output):
        found = origin_of(vcl, int(match["line"]))
        if found is not None and file in (None, match["file"]):
            lines.append(f"generated line {found.line} is from {found.template}: {found.text}")
    return "\n".join(dict.fromkeys(lines))


def origin_of(vcl: str, line: int) -> Origin | None:
    """The template that line ``line`` (from 1) of a generated VCL came from. What stands before all
    marks is the beginning of the one that names the others.
    """
    lines = vcl.splitlines()
    if not 1 <= line <= len(lines):
        return None
    marks = [text for text in lines[:line] if text.startswith(ORIGIN_MARK)]
    marks = marks or [text for text in lines if _MAIN.fullmatch(text)]
    if not marks:
        return None
    return Origin(marks[-1].removeprefix("# from: "), line, lines[line - 1].strip())
