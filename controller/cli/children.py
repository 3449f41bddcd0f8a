"""Child processes that live and die together: started, watched, stopped, their last words kept."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from controller.errors import ChildDied

KEPT_LINES: Final = 30
STOP_SECONDS: Final = 10.0


@dataclass(slots=True)
class Child:
    """One running process and the last lines it printed."""

    name: str
    process: asyncio.subprocess.Process
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))

    async def ended(self, heard: Callable[[str], None]) -> int:
        """Read what it prints until it ends; its exit status."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            text = line.decode(errors="replace").rstrip()
            self.lines.append(text)
            heard(f"{self.name} | {text}")
        return await self.process.wait()


class Children:
    """Used as ``async with``: whatever was started is stopped at the end, newest first.

    ``heard`` is called with each line that a child prints, the child's name before it.
    """

    def __init__(self, heard: Callable[[str], None]) -> None:
        self._heard = heard
        self._running: list[tuple[Child, asyncio.Task[int]]] = []

    async def __aenter__(self) -> Children:
        return self

    async def __aexit__(self, *_: object) -> None:
        for child, ended in reversed(self._running):
            await _stop(child, ended)

    async def start(
        self, name: str, command: Sequence[str], environment: dict[str, str] | None = None
    ) -> Child:
        """Start a process in a session of its own, so that Ctrl-C reaches only the parent.

        Raises:
            ChildDied: the program does not exist.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
                limit=1 << 20,
            )
        except FileNotFoundError as error:
            raise ChildDied(f"{name} cannot be started: {command[0]} is not installed") from error
        child = Child(name, process)
        self._running.append((child, asyncio.create_task(child.ended(self._heard), name=name)))
        return child

    async def first_death(self) -> None:
        """Wait until any of them ends, which none should.

        Raises:
            ChildDied: always, with the name, the exit status and the last lines.
        """
        tasks = {task: child for child, task in self._running}
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        task = next(iter(done))
        child = tasks[task]
        last = "\n".join(f"  {child.name} | {line}" for line in child.lines)
        raise ChildDied(f"{child.name} ended with status {task.result()}\n{last}".rstrip())


async def _stop(child: Child, ended: asyncio.Task[int]) -> None:
    if ended.done():
        return
    child.process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(asyncio.shield(ended), STOP_SECONDS)
    except TimeoutError:
        os.killpg(child.process.pid, signal.SIGKILL)
        await ended
