"""Runs a guide as it is written: its config, its commands one after the other, their outputs.

A block ``yaml`` that begins with ``# shellac.yaml`` is written to that file. Of a block ``console``
each line after ``$`` is a command, with what it prints below it; one that ends with ``&`` runs
until the end, and what is below it is waited for. Only the ports of 127.0.0.1 are others than in
the text: free ones.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from tests.support.ages import wait_until_old
from tests.support.net import free_port, wait_for
from tests.support.process import running
from tests.support.stack import SHELLAC

ROOT: Final = Path(__file__).parents[2]
_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND: Final = re.compile(
    r"^\$ (?P<command>(?:[^\n]*\\\n)*[^\n]*)\n(?P<shown>[^$]*)", re.MULTILINE
)
_LOCAL: Final = re.compile(r"127\.0\.0\.1:(\d+)")
_CHANGES: Final = re.compile(r"-X |mutation|shellac purge")
"""Commands after which something may be purged."""
_TTL: Final = re.compile(r"\bttl=(\d+)")
LISTENERS: Final = {
    "varnish": {"adminListen": 8081},
    "controller": {"gatewayListen": 8090, "adminListen": 8091, "passListen": 8092},
}
"""What `shellac up` listens on where the config says nothing."""
FILE: Final = "# shellac.yaml\n"


@dataclass(frozen=True)
class Step:
    """One command of a guide, and what the guide shows of its output."""

    command: str
    shown: str

    @property
    def stays(self) -> bool:
        return self.command.endswith(" &")


@dataclass(frozen=True)
class Guide:
    """The first config of a page and the commands of its ``console`` blocks."""

    config: str
    steps: tuple[Step, ...]


def read_guide(page: str, heading: str) -> Guide:
    """What a section of docs/`page` says, from its ``##`` heading to the next."""
    text = (ROOT / "docs" / page).read_text().partition(f"\n## {heading}\n")[2]
    assert text, f"{page} has no section {heading}"
    blocks = [(block[1], block[2]) for block in _BLOCK.finditer(text.partition("\n## ")[0])]
    (config,) = [body for kind, body in blocks if kind == "yaml" and body.startswith(FILE)]
    found = [_COMMAND.finditer(body) for kind, body in blocks if kind == "console"]
    steps = [Step(m["command"].replace("\\\n", ""), m["shown"]) for each in found for m in each]
    return Guide(config, tuple(steps))


@dataclass
class Reader:
    """Somebody who follows a guide in a directory of their own."""

    directory: Path
    ports: dict[str, int] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def port(self, named: str) -> int:
        """The free port that stands for one of the guide."""
        return self.ports.setdefault(named, free_port())

    def local(self, text: str) -> str:
        return _LOCAL.sub(lambda found: f"127.0.0.1:{self.port(found[1])}", text)

    def environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}:{SHELLAC.parent}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path}

    def write(self, config: str) -> None:
        """The guide's config, with free ports for what it leaves to defaults."""
        settings: dict[str, Any] = yaml.safe_load(self.local(config))
        for section, keys in LISTENERS.items():
            given = settings.setdefault(section, {})
            for key, number in keys.items():
                given.setdefault(key, f"127.0.0.1:{self.port(str(number))}")
        (self.directory / "shellac.yaml").write_text(yaml.safe_dump(settings))

    def run(self, step: Step) -> str:
        """What a command prints on its outputs."""
        done = subprocess.run(
            ["bash", "-c", self.local(step.command)],
            cwd=self.directory,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout.replace("\r", "")

    @contextlib.contextmanager
    def staying(self, step: Step) -> Iterator[None]:
        """A command in the background, once it has printed what the guide shows."""
        command = self.local(step.command.removesuffix(" &"))
        shown = self.local(step.shown).strip()
        with running(
            ["bash", "-c", f"cd {shlex.quote(str(self.directory))} && exec {command}"],
            log=self.directory / f"{len(list(self.directory.iterdir()))}.log",
            env=self.environment(),
            stop=signal.SIGINT,
        ) as process:

            def printed() -> bool:
                process.check_alive()
                return shown in process.output()

            wait_for(printed, what=f"{command} to print {shown!r}", timeout=60)
            yield

    def settle(self, probe: str) -> None:
        """Wait until what a guide did before is a second old, as for a reader."""
        fresh = f"{self.local(probe)}&number={next(self.numbers)}"
        with httpx.Client(timeout=60) as http:
            wait_until_old(lambda: http.get(fresh))


def _is_as_shown(printed: str, shown: str) -> bool:
    """Whether it is the same, but for some of the seconds that are left: a machine may be busy."""
    left, told = ([int(ttl) for ttl in _TTL.findall(text)] for text in (printed, shown))
    if _TTL.sub("ttl", printed.strip()) != _TTL.sub("ttl", shown.strip()):
        return False
    return all(abs(one - other) < 60 for one, other in zip(left, told, strict=True))


def follow(guide: Guide, directory: Path, *, probe: str) -> list[Step]:
    """Do all that a guide says; the steps of which the output is not what it shows.

    `probe` is a URL of the guide's Varnish whose answer is stored.
    """
    reader = Reader(directory)
    reader.write(guide.config)
    wrong: list[Step] = []
    settled = False
    with contextlib.ExitStack() as stack:
        for step in guide.steps:
            if step.stays:
                stack.enter_context(reader.staying(step))
                continue
            if _CHANGES.search(step.command) or not settled:
                reader.settle(probe)
                settled = True
            printed = reader.run(step)
            if not _is_as_shown(printed, reader.local(step.shown)):
                wrong.append(Step(step.command, printed))
    return wrong
