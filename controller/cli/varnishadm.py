"""A running varnishd, managed by the program ``varnishadm``."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controller.errors import NodeUnreachable
from vclgen.compile import explain_error
from vclgen.errors import VclError

SECONDS: Final = 60
"""For one command: loading compiles the VCL with a C compiler."""
_LISTED: Final = re.compile(r"(?m)^(active|available)\s+\S.*?\s\d+\s+(\S+)")
"""A line of ``vcl.list``: status, temperature, how many use it, name; 6.0 has a column less."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The VCLs of a varnishd by name: the one that serves, and the others that are loaded."""

    active: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Varnishadm:
    """How a varnishd is reached: ``-n`` with its working directory, or ``-T`` with ``-S``."""

    arguments: tuple[str, ...]

    def listed(self) -> Listed:
        """What is loaded.

        Raises:
            NodeUnreachable: as every method here: varnishd cannot be asked, or refuses.
        """
        found = _LISTED.findall(self._ask(["vcl.list"]))
        active = [name for status, name in found if status == "active"]
        if not active:
            raise NodeUnreachable(f"varnishd at {self} serves by no VCL")
        return Listed(active[0], tuple(name for _, name in found if name != active[0]))

    def shown(self, name: str) -> str:
        """The text of a loaded VCL."""
        return self._ask(["vcl.show", name]).strip("\n") + "\n"

    def includes(self, name: str, text: str) -> bool:
        """Whether ``text`` stands in a loaded VCL, or in a file that it includes."""
        return text in self._ask(["vcl.show", "-v", name])

    def load(self, name: str, file: Path, text: str) -> None:
        """Compile and load a VCL under a new name, by which nothing is served yet. ``text`` is what
        stands in the file.

        Raises:
            VclError: it does not compile; the message names template and line.
        """
        done = self._run(["vcl.load", name, str(file)])
        if done.returncode != 0:
            raise VclError(explain_error(text, done.stdout + done.stderr))

    def use(self, name: str) -> None:
        """Serve by a loaded VCL from the next request on."""
        self._ask(["vcl.use", name])

    def discard(self, name: str) -> None:
        """Forget a VCL, once the last request that it serves is over."""
        self._ask(["vcl.discard", name])

    def __str__(self) -> str:
        return " ".join(self.arguments)

    def _ask(self, command: Sequence[str]) -> str:
        done = self._run(command)
        if done.returncode != 0:
            said = " ".join((done.stdout + done.stderr).split())
            raise NodeUnreachable(f"varnishd at {self} cannot be managed: {said}")
        return done.stdout

    def _run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        whole = ["varnishadm", *self.arguments, "-t", str(SECONDS), *command]
        try:
            return subprocess.run(
                whole, capture_output=True, text=True, check=False, timeout=SECONDS + 10
            )
        except FileNotFoundError as error:
            raise NodeUnreachable("varnishadm is not installed: it comes with Varnish") from error
        except subprocess.TimeoutExpired as error:
            raise NodeUnreachable(f"varnishd at {self} does not answer") from error


def reached(
    workdirs: Sequence[Path], addresses: Sequence[str], secret: Path | None
) -> Iterator[Varnishadm]:
    """Each varnishd that was named; ``secret`` is the file that opens all the addresses."""
    for workdir in workdirs:
        yield Varnishadm(("-n", str(workdir.absolute())))
    for address in addresses:
        yield Varnishadm(("-T", address, *(("-S", str(secret)) if secret else ())))
