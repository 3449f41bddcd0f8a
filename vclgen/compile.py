"""Ask varnishd whether it can compile a VCL, and say where an error came from."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vclgen.errors import VclError
from vclgen.render import ORIGIN_MARK
from vclgen.varnishd import find_varnishd

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
    with tempfile.TemporaryDirectory(prefix="shellac-check-") as folder:
        Path(folder).chmod(0o755)  # varnishd reads it as its jail user when root starts it
        file = Path(folder, "default.vcl")
        file.write_text(text)
        command = [find_varnishd(varnishd), "-C", "-n", f"{folder}/work", "-f", str(file)]
        done = subprocess.run(
            [*command, *_STORAGES], capture_output=True, text=True, check=False, timeout=60
        )
    if done.returncode != 0:
        raise VclError(explain_error(text, done.stderr or done.stdout))


_STORAGES = ("-s", "data=malloc,1m", "-s", "verdict=malloc,1m")


def explain_error(vcl: str, output: str) -> str:
    """varnishd's message followed by the templates that its locations belong to."""
    lines = [line for line in output.strip().splitlines() if line.strip()]
    for match in _LOCATION.finditer(output):
        found = origin_of(vcl, int(match["line"]))
        if found is not None:
            lines.append(f"generated line {found.line} is from {found.template}: {found.text}")
    return "\n".join(dict.fromkeys(lines))


def origin_of(vcl: str, line: int) -> Origin | None:
    """The template that line ``line`` (from 1) of a generated VCL came from."""
    lines = vcl.splitlines()
    if not 1 <= line <= len(lines):
        return None
    for text in reversed(lines[:line]):
        if text.startswith(ORIGIN_MARK):
            return Origin(text.removeprefix("# from: "), line, lines[line - 1].strip())
    return Origin("templates/main.vcl.j2", line, lines[line - 1].strip())
