"""Processes that can be killed, stopped and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.process import Process, running


@dataclass
class Server:
    """A command that runs, or does not. ``workdir`` is removed before each start.

    Each start has an output file of its own: ``<name>-1.log``, ``<name>-2.log``, ….
    """

    name: str
    command: Sequence[str | Path]
    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: Path | None = None
    starts: int = 0
    process: Process | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        """Start it; returns at once."""
        self.starts += 1
        if self.workdir is not None:
            shutil.rmtree(self.workdir, ignore_errors=True)
        log = self.folder / f"{self.name}-{self.starts}.log"
        self.process = self._stack.enter_context(running(self.command, log=log, env=self.env))

    def kill(self) -> None:
        """kill -9 of the process and its children."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.popen.wait()
        self.process = None
        self._stack.close()

    def stop(self) -> None:
        """End it as its user does; raises where it has to be killed."""
        self.process = None
        self._stack.close()

    def check_alive(self) -> None:
        """Raise with its output if it has ended by itself."""
        if self.process is not None:
            self.process.check_alive()

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process is not None else None

    @property
    def child(self) -> int | None:
        """The process id of its child, None while it has none."""
        if self.process is None:
            return None
        pid = self.process.pid
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            return int(children[0]) if children else None
        return None

    def output(self) -> str:
        """The end of what it printed, in all its lives."""
        logs = (self.folder / f"{self.name}-{life + 1}.log" for life in range(self.starts))
        return "".join(log.read_text(errors="replace")[-3000:] for log in logs)


def signalled(pid: int | None, number: signal.Signals) -> None:
    """Send a signal, if that process is there (still)."""
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


@contextlib.contextmanager
def stopped(pid: int | None) -> Iterator[None]:
    """SIGSTOP for the body of this, then SIGCONT."""
    signalled(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        signalled(pid, signal.SIGCONT)
