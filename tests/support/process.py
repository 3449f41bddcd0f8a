"""A server process of a test: its output in a file, its whole group ended at the end."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.net import listens, wait_for


@dataclass(frozen=True)
class Process:
    """A running child and the file that holds its stdout and stderr."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.popen.pid

    def output(self) -> str:
        """Everything printed so far."""
        return self.log.read_text(errors="replace")

    def check_alive(self) -> None:
        """Raise with the output if the process has ended."""
        code = self.popen.poll()
        if code is not None:
            command = " ".join(str(part) for part in self.popen.args)  # type: ignore[union-attr]
            raise RuntimeError(f"{command} ended with code {code}:\n{self.output()}")

    def wait_until_listening(self, port: int) -> None:
        """Until connections to 127.0.0.1:port are accepted; raises if the process ends before."""

        def listening() -> bool:
            self.check_alive()
            return listens(port)

        wait_for(listening, what=f"{self.popen.args[0]} to listen on port {port}")  # type: ignore[index]


def child_of(parent: int, words: str) -> int:
    """The process id of the child of ``parent`` whose command line holds ``words``.

    From /proc: a fresh Debian has no ps.
    """
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            status = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if int(status[1]) == parent and words in command:
                return int(entry.name)
    raise LookupError(f"process {parent} has no child {words!r}")


@contextlib.contextmanager
def running(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    stop: signal.Signals = signal.SIGTERM,
    grace: float = 60.0,
) -> Iterator[Process]:
    """Start `command` in its own process group; send `stop` at the end, wait `grace` seconds.

    What is left of the group after that is killed. A server that did not end in time
    raises: having to kill it is a bug of its own.
    """
    with log.open("wb") as out:
        popen = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
    process = Process(popen, log)
    try:
        yield process
    finally:
        in_time = True
        if popen.poll() is None:
            popen.send_signal(stop)
            try:
                popen.wait(timeout=grace)
            except subprocess.TimeoutExpired:
                in_time = False
        with contextlib.suppress(ProcessLookupError):
            os.killpg(popen.pid, signal.SIGKILL)
        popen.wait()
    if not in_time:
        raise RuntimeError(f"{command[0]} did not stop within {grace:g} s:\n{process.output()}")
